//! Token embedding: the start of the residual stream `x`.

use crate::gguf::TensorInfo;
use crate::kernels::{self, stride, units};
use crate::plan::{PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// See the module.
#[derive(Clone, Debug)]
pub struct Embed {
    pub weights: TensorInfo, // (vocab, d_model)
    pub vocab: u32,
    pub d_model: u32,
    /// Factor on the embedding, 1 for most.
    pub scale: f32,
}

impl Embed {
    /// One step, or as many as the matrix has parts.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        for rows in builder.parts(&[&self.weights], self.vocab) {
            let kernel = kernels::embed::Embed {
                params: kernels::embed::Params {
                    units: units(self.d_model),
                    n_rows: rows.end - rows.start,
                    x_stride: stride(self.d_model),
                    scale: self.scale,
                    first_row: rows.start,
                    ..Default::default()
                },
                cols: self.d_model,
                format: self.weights.format,
                tokens: builder.ports().tokens,
                weights: builder.pack(&[&*PlanBuilder::part(&self.weights, self.vocab, &rows)])?,
                x: builder.activation("x", self.d_model),
            };
            builder.step(StepGroup::Embed, None, kernel);
        }
        Ok(())
    }
}
