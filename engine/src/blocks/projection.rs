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
    /// bias are joined into one matrix.
    pub fn plan(&self, builder: &mut PlanBuilder, linears: &[&Linear]) -> Result<(), PlanError> {
        let mut y_offset = 0;
        let is_joined = |a: &&Linear, b: &&Linear| {
            a.weight.format == b.weight.format && a.bias.is_none() && b.bias.is_none()
        };
        for joined in linears.chunk_by(is_joined) {
            let weights: Vec<&TensorInfo> = joined.iter().map(|linear| &linear.weight).collect();
            let rows = weights.iter().map(|tensor| tensor.rows()).sum::<u64>() as u32;
            let bias = joined[0].bias.as_ref();
            let kernel = matmul::Matmul {
                params: matmul::Params {
                    rows,
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
                weights: builder.pack(&weights)?,
                bias: bias.map(|bias| builder.vector(bias)).transpose()?,
                x: self.x,
                y: self.y,
            };
            builder.step(self.group, self.layer, kernel);
            y_offset += rows;
        }
        Ok(())
    }
}
