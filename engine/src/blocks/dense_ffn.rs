//! A feed-forward layer that every token takes: `x += scale · D · (silu(G · h) · (U · h))`. Either a
//! layer of its own, or the shared expert of a sparse one, which reads the `h` its router left and may
//! have a gate of its own (Qwen2-MoE).

use super::norm::Norm;
use super::projection::{Linear, Projection};
use crate::ids::LayerIdx;
use crate::kernels::{self, stride};
use crate::plan::{PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// See the module.
#[derive(Clone, Debug)]
pub struct DenseFfn {
    pub layer: LayerIdx,
    /// `None`: `h` is there already.
    pub norm: Option<Norm>, // (d_model)
    pub gate: Linear,             // (d_ff, d_model)
    pub up: Linear,               // (d_ff, d_model)
    pub down: Linear,             // (d_model, d_ff)
    pub own_gate: Option<Linear>, // (1, d_model)
    pub d_model: u32,
    pub d_ff: u32,
    pub residual_scale: f32,
    pub eps: f32,
}

impl DenseFfn {
    /// Three to six steps: norm, gate and up, own gate, activation, down.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        let (d_model, d_ff) = (self.d_model, self.d_ff);
        let h = builder.activation("h", d_model);
        if let Some(norm) = &self.norm {
            super::plan_norm(builder, StepGroup::Experts, self.layer, norm, d_model, self.eps)?;
        }
        let gate_up = builder.activation("shared_gate_up", 2 * d_ff);
        let inward = Projection {
            group: StepGroup::Experts,
            layer: Some(self.layer),
            x: h,
            cols: d_model,
            y: gate_up,
            y_width: 2 * d_ff,
            accumulate: false,
            scale: 1.0,
        };
        inward.plan(builder, &[&self.gate, &self.up])?;
        let mut own_gate = None;
        if let Some(linear) = &self.own_gate {
            let y = builder.activation("shared_own_gate", 1);
            Projection {
                y,
                y_width: 1,
                ..inward
            }
            .plan(builder, &[linear])?;
            own_gate = Some(y);
        }
        let act = builder.activation("shared_act", d_ff);
        let kernel = kernels::swiglu::Swiglu {
            params: kernels::swiglu::Params {
                d_ff,
                gate_up_stride: stride(2 * d_ff),
                act_stride: stride(d_ff),
                is_gated: u32::from(own_gate.is_some()),
                own_stride: stride(1),
                ..Default::default()
            },
            gate_up,
            own_gate,
            act,
        };
        builder.step(StepGroup::Experts, Some(self.layer), kernel);
        let outward = Projection {
            x: act,
            cols: d_ff,
            y: builder.activation("x", d_model),
            y_width: d_model,
            accumulate: true,
            scale: self.residual_scale,
            ..inward
        };
        outward.plan(builder, &[&self.down])
    }
}
