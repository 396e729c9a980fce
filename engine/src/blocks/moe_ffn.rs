//! The sparse mixture-of-experts feed-forward layer, in three dispatches: router, gate and up of
//! the chosen experts, down and weighted sum onto the residual stream.

use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::router::MAX_EXPERTS;
use crate::kernels::{self, stride, units};
use crate::plan::{PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// How router logits become weights. Further gating functions become fields here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gating {
    /// Divide the chosen weights by their sum.
    pub norm_weights: bool,
    /// Factor on the chosen weights.
    pub weights_scale: f32,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct MoeFfn {
    pub layer: LayerIdx,
    pub norm: TensorInfo,   // (d_model)
    pub router: TensorInfo, // (n_experts, d_model)
    pub gate: TensorInfo,   // (n_experts, d_ff, d_model)
    pub up: TensorInfo,     // (n_experts, d_ff, d_model)
    pub down: TensorInfo,   // (n_experts, d_model, d_ff)
    pub d_model: u32,
    pub d_ff: u32,
    pub n_experts: u32,
    pub top_k: u32,
    pub gating: Gating,
    pub eps: f32,
}

impl MoeFfn {
    /// Three steps.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        if self.n_experts > MAX_EXPERTS {
            return Err(PlanError::Beyond {
                name: self.router.name.clone(),
                what: "the number of experts",
                got: self.n_experts.into(),
                limit: MAX_EXPERTS.into(),
            });
        }
        let moe_layer = builder.next_moe_layer();
        self.plan_router(builder, moe_layer)?;
        self.plan_experts(builder, moe_layer)
    }

    fn plan_router(&self, builder: &mut PlanBuilder, moe_layer: u32) -> Result<(), PlanError> {
        let kernel = kernels::router::Router {
            params: kernels::router::Params {
                width: self.d_model,
                units: units(self.d_model),
                x_stride: stride(self.d_model),
                n_experts: self.n_experts,
                top_k: self.top_k,
                moe_layer,
                n_moe_layers: builder.moe().layers.len() as u32,
                norm_weights: u32::from(self.gating.norm_weights),
                eps: self.eps,
                weights_scale: self.gating.weights_scale,
                ..Default::default()
            },
            format: self.router.format,
            x: builder.activation("x", self.d_model),
            norm: builder.vector(&self.norm)?,
            weights: builder.pack(&[&self.router])?,
            h: builder.activation("h", self.d_model),
            ids: builder.ports().ids,
            expert_weights: builder.ports().expert_weights,
            probs: builder.ports().probs,
        };
        builder.step(StepGroup::Router, Some(self.layer), kernel);
        Ok(())
    }

    fn plan_experts(&self, builder: &mut PlanBuilder, moe_layer: u32) -> Result<(), PlanError> {
        let layer = Some(self.layer);
        let n_moe_layers = builder.moe().layers.len() as u32;
        let act = builder.rows("act", builder.options().batch * self.top_k, self.d_ff);
        let gate_up = kernels::expert_gate_up::ExpertGateUp {
            params: kernels::expert_gate_up::Params {
                d_ff: self.d_ff,
                units: units(self.d_model),
                h_stride: stride(self.d_model),
                act_stride: stride(self.d_ff),
                n_experts: self.n_experts,
                top_k: self.top_k,
                moe_layer,
                n_moe_layers,
            },
            cols: self.d_model,
            format: self.gate.format,
            weights: builder.pack(&[&self.gate, &self.up])?,
            h: builder.activation("h", self.d_model),
            ids: builder.ports().ids,
            act,
        };
        builder.step(StepGroup::Experts, layer, gate_up);

        let down = kernels::expert_down::ExpertDown {
            params: kernels::expert_down::Params {
                d_model: self.d_model,
                units: units(self.d_ff),
                act_stride: stride(self.d_ff),
                x_stride: stride(self.d_model),
                top_k: self.top_k,
                moe_layer,
                n_moe_layers,
                ..Default::default()
            },
            cols: self.d_ff,
            format: self.down.format,
            weights: builder.pack(&[&self.down])?,
            act,
            ids: builder.ports().ids,
            expert_weights: builder.ports().expert_weights,
            x: builder.activation("x", self.d_model),
        };
        builder.step(StepGroup::Experts, layer, down);
        Ok(())
    }
}
