//! The output head: final norm, one logit per vocabulary entry, only for the rows wanted, and from the last
//! of them the next token, where it is to be chosen on the device.

use super::norm::Norm;
use crate::gguf::TensorInfo;
use crate::kernels::{self, stride, units};
use crate::plan::{PackId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// See the module.
#[derive(Clone, Debug)]
pub struct Head {
    pub norm: Norm,               // (d_model)
    pub weights: TensorInfo,      // (vocab, d_model); the embedding again when tied
    pub bias: Option<TensorInfo>, // (vocab)
    pub d_model: u32,
    pub vocab: u32,
    /// Factor on the logits, 1 for most.
    pub scale: f32,
    pub eps: f32,
}

impl Head {
    /// Three steps, more where the matrix has parts.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        let normed = builder.rows("normed", builder.options().logit_rows, self.d_model);
        let norm = kernels::rms_norm::RmsNorm {
            params: kernels::rms_norm::Params {
                width: self.d_model,
                x_stride: stride(self.d_model),
                y_stride: stride(self.d_model),
                logits_only: 1,
                eps: self.eps,
                centred: self.norm.is_centred(),
                ..Default::default()
            },
            x: builder.activation("x", self.d_model),
            weight: self.norm.pack(builder)?,
            y: normed,
        };
        builder.step(StepGroup::Head, None, norm);

        for rows in builder.parts(&[&self.weights], self.vocab) {
            let logits = kernels::matmul::Matmul {
                params: kernels::matmul::Params {
                    rows: rows.end - rows.start,
                    units: units(self.d_model),
                    x_stride: stride(self.d_model),
                    y_stride: self.vocab,
                    y_offset: rows.start,
                    logits_only: 1,
                    has_bias: u32::from(self.bias.is_some()),
                    scale: self.scale,
                    ..Default::default()
                },
                cols: self.d_model,
                format: self.weights.format,
                weights: builder.pack(&[&*PlanBuilder::part(&self.weights, self.vocab, &rows)])?,
                bias: self.bias_part(builder, &rows)?,
                x: normed,
                y: builder.ports().logits,
            };
            builder.step(StepGroup::Head, None, logits);
        }
        let sample = kernels::sample::Sample {
            params: kernels::sample::Params {
                vocab: self.vocab,
                ..Default::default()
            },
            logits: builder.ports().logits,
            draw: builder.ports().draw,
            chosen: builder.ports().chosen,
        };
        builder.step(StepGroup::Head, None, sample);
        Ok(())
    }

    fn bias_part(
        &self,
        builder: &mut PlanBuilder,
        rows: &std::ops::Range<u32>,
    ) -> Result<Option<PackId>, PlanError> {
        let part = |bias: &TensorInfo| match *rows == (0..self.vocab) {
            true => builder.vector(bias),
            false => builder.vector(&bias.elements_part(rows)),
        };
        self.bias.as_ref().map(part).transpose()
    }
}
