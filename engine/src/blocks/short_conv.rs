//! A gated short convolution in the place of attention (LFM2, arXiv:2511.23404): `x += O · (c · conv(b · v))`
//! with `[b, c, v] = I · rms_norm(x)`.

use super::norm::Norm;
use super::projection::{Linear, Projection};
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::{self, stride};
use crate::plan::{PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// See the module.
#[derive(Clone, Debug)]
pub struct ShortConv {
    pub layer: LayerIdx,
    pub norm: Norm,         // (d_model)
    pub inward: Linear,     // (3 · d_model, d_model)
    pub kernel: TensorInfo, // (d_model, taps)
    pub outward: Linear,    // (d_model, d_model)
    pub d_model: u32,
    /// Positions one output is made of, its own included.
    pub taps: u32,
    pub eps: f32,
}

impl ShortConv {
    /// Four steps: norm, projection, convolution, output.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        let (group, d_model) = (StepGroup::Attention, self.d_model);
        let h = super::plan_norm(builder, group, self.layer, &self.norm, d_model, self.eps)?;
        let bcx = builder.activation("bcx", 3 * d_model);
        let inward = Projection {
            group,
            layer: Some(self.layer),
            x: h,
            cols: d_model,
            y: bcx,
            y_width: 3 * d_model,
            accumulate: false,
            scale: 1.0,
        };
        inward.plan(builder, &[&self.inward])?;
        let (state, cache_rows) = builder.conv_state(self.layer, d_model, self.taps);
        let out = builder.activation("convolved", d_model);
        let kernel = kernels::short_conv::ShortConv {
            params: kernels::short_conv::Params {
                width: d_model,
                taps: self.taps,
                bcx_stride: stride(3 * d_model),
                out_stride: stride(d_model),
                tap_stride: stride(self.taps),
                cache_rows,
                ..Default::default()
            },
            bcx,
            weights: builder.rows_of_floats(&[&self.kernel])?,
            state,
            out,
        };
        builder.step(group, Some(self.layer), kernel);
        let outward = Projection {
            x: out,
            y: builder.activation("x", d_model),
            y_width: d_model,
            accumulate: true,
            ..inward
        };
        outward.plan(builder, &[&self.outward])
    }
}
