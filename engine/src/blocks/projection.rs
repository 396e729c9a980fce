//! Several matrices of one input: as few dispatches as their formats allow.

use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::{matmul, stride, units};
use crate::plan::{BufferId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// A matrix and what is added to its outputs.
#[derive(Clone, Debug)]
pub struct Linear {
    pub weight: TensorInfo,       // (outputs, inputs)
    pub bias: Option<TensorInfo>, // (outputs)
}

/// Where projections read and write.
#[derive(Clone, Copy, Debug)]
pub struct Projection {
    pub group: StepGroup,
    pub layer: Option<LayerIdx>,
    pub x: BufferId, // (tokens, cols)
    pub cols: u32,
    pub y: BufferId, // (tokens, y_width)
    pub y_width: u32,
    pub accumulate: bool,
    pub scale: f32,
}

impl Projection {
    /// Fills a row of y with the outputs of all, side by side. Neighbours of one format without a
    /// bias are joined into one matrix, where one binding takes it.
    pub fn plan(&self, builder: &mut PlanBuilder, linears: &[&Linear]) -> Result<(), PlanError> {
        let mut y_offset = 0;
        let is_joined = |a: &&Linear, b: &&Linear| {
            a.weight.format == b.weight.format && a.bias.is_none() && b.bias.is_none()
        };
        for joined in linears.chunk_by(is_joined) {
            let weights: Vec<&TensorInfo> = joined.iter().map(|linear| &linear.weight).collect();
            let rows = weights.iter().map(|tensor| tensor.rows()).sum::<u64>() as u32;
            if builder.parts(&weights, rows).len() == 1 {
                let bias = joined[0].bias.as_ref();
                self.plan_rows(builder, &weights, bias, y_offset)?;
                y_offset += rows;
                continue;
            }
            for linear in joined {
                y_offset += self.plan_parts(builder, linear, y_offset)?;
            }
        }
        Ok(())
    }

    /// One matrix, as many steps as it has parts; returns its rows.
    fn plan_parts(
        &self,
        builder: &mut PlanBuilder,
        linear: &Linear,
        y_offset: u32,
    ) -> Result<u32, PlanError> {
        let rows = linear.weight.rows() as u32;
        for part in builder.parts(&[&linear.weight], rows) {
            let weight = PlanBuilder::part(&linear.weight, rows, &part);
            // A bias is one row: its parts are elements.
            let bias = linear.bias.as_ref().map(|bias| match part.len() as u32 == rows {
                true => bias.clone(),
                false => bias.elements_part(&part),
            });
            self.plan_rows(builder, &[&weight], bias.as_ref(), y_offset + part.start)?;
        }
        Ok(rows)
    }

    fn plan_rows(
        &self,
        builder: &mut PlanBuilder,
        weights: &[&TensorInfo],
        bias: Option<&TensorInfo>,
        y_offset: u32,
    ) -> Result<(), PlanError> {
        let kernel = matmul::Matmul {
            params: matmul::Params {
                rows: weights.iter().map(|tensor| tensor.rows()).sum::<u64>() as u32,
                units: units(self.cols),
                x_stride: stride(self.cols),
                y_stride: stride(self.y_width),
                y_offset,
                accumulate: u32::from(self.accumulate),
                has_bias: u32::from(bias.is_some()),
                scale: self.scale,
                ..Default::default()
            },
            cols: self.cols,
            format: weights[0].format,
            weights: builder.pack(weights)?,
            bias: bias.map(|bias| builder.vector(bias)).transpose()?,
            x: self.x,
            y: self.y,
        };
        builder.step(self.group, self.layer, kernel);
        Ok(())
    }
}
