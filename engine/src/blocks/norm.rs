//! A normalisation of the residual stream: by its root mean square, or, with a bias, around its mean
//! (LayerNorm, arXiv:1607.06450).

use crate::gguf::TensorInfo;
use crate::plan::{PackId, PlanBuilder, PlanError};

/// See the module.
#[derive(Clone, Debug)]
pub struct Norm {
    pub gains: TensorInfo, // (width)
    /// Only a LayerNorm has one.
    pub bias: Option<TensorInfo>, // (width)
}

impl Norm {
    /// Gains, and the bias as a second row.
    pub fn pack(&self, builder: &mut PlanBuilder) -> Result<PackId, PlanError> {
        match &self.bias {
            None => builder.vector(&self.gains),
            Some(bias) => builder.rows_of_floats(&[&self.gains, bias]),
        }
    }

    /// 1 for a LayerNorm, as kernels want to know it.
    pub fn is_centred(&self) -> u32 {
        u32::from(self.bias.is_some())
    }
}
