//! The sparse mixture-of-experts feed-forward layer, in three dispatches: router, gate and up of
//! the chosen experts, down and weighted sum onto the residual stream. A shared expert adds three or
//! four.

use std::ops::Range;

use super::dense_ffn::DenseFfn;
use super::norm::Norm;
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::router::{MAX_EXPERTS, MAX_GROUPS};
use crate::kernels::{self, stride, units};
use crate::plan::{BufferId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// What turns router logits into scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatingFunction {
    /// Softmax over all experts. Softmax over the chosen alone is this with `norm_weights`.
    Softmax,
    /// Each expert for itself.
    Sigmoid,
    /// Softmax over those that come near the best of what is left, for each choice anew
    /// (SparseMixer, arXiv:2409.12136).
    SparseMixer,
}

/// What a router's bias is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasRole {
    /// The logits.
    Logits,
    /// The scores, and only for the selection.
    Selection,
}

/// The activation of the experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Swiglu,
    /// Clamped, with a steeper sigmoid and one added to up.
    GptOss,
}

/// Experts in groups of equal size, of which only the best are chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    pub count: u32,
    pub used: u32,
}

/// How router logits become weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gating {
    pub function: GatingFunction,
    /// `None`: all experts in one.
    pub groups: Option<Groups>,
    /// Divide the chosen weights by their sum.
    pub norm_weights: bool,
    /// Factor on the chosen weights.
    pub weights_scale: f32,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct MoeFfn {
    pub layer: LayerIdx,
    pub norm: Norm,                                  // (d_model)
    pub router: TensorInfo,                          // (n_experts, d_model)
    pub router_bias: Option<(BiasRole, TensorInfo)>, // (n_experts)
    pub gate: TensorInfo,                            // (n_experts, d_ff, d_model)
    pub up: TensorInfo,                              // (n_experts, d_ff, d_model)
    pub down: TensorInfo,                            // (n_experts, d_model, d_ff)
    /// Of gate, up and down: (n_experts, d_ff) twice, (n_experts, d_model).
    pub biases: Option<[TensorInfo; 3]>,
    pub activation: Activation,
    /// An expert that every token takes besides.
    pub shared: Option<DenseFfn>,
    pub d_model: u32,
    pub d_ff: u32,
    pub n_experts: u32,
    pub top_k: u32,
    pub gating: Gating,
    /// Factor on what the layer adds to the residual stream.
    pub residual_scale: f32,
    pub eps: f32,
}

impl MoeFfn {
    /// Three steps, and those of the shared expert.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        let n_groups = self.gating.groups.map_or(1, |groups| groups.count);
        if n_groups > MAX_GROUPS {
            return Err(PlanError::Beyond {
                name: self.router.name.clone(),
                what: "the number of expert groups",
                got: n_groups.into(),
                limit: MAX_GROUPS.into(),
            });
        }
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
        self.plan_experts(builder, moe_layer)?;
        self.shared.as_ref().map_or(Ok(()), |shared| shared.plan(builder))
    }

    fn plan_router(&self, builder: &mut PlanBuilder, moe_layer: u32) -> Result<(), PlanError> {
        let bias_role = match self.router_bias {
            None => 0,
            Some((BiasRole::Logits, _)) => 1,
            Some((BiasRole::Selection, _)) => 2,
        };
        let bias = self.router_bias.as_ref().map(|(_, bias)| builder.vector(bias));
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
                gating: self.gating.function as u32,
                bias_role,
                n_groups: self.gating.groups.map_or(1, |groups| groups.count),
                top_groups: self.gating.groups.map_or(1, |groups| groups.used),
                centred: self.norm.is_centred(),
                ..Default::default()
            },
            format: self.router.format,
            x: builder.activation("x", self.d_model),
            norm: self.norm.pack(builder)?,
            weights: builder.pack(&[&self.router])?,
            bias: bias.transpose()?,
            h: builder.activation("h", self.d_model),
            ids: builder.ports().ids,
            expert_weights: builder.ports().expert_weights,
            probs: builder.ports().probs,
        };
        builder.step(StepGroup::Router, Some(self.layer), kernel);
        Ok(())
    }

    fn plan_experts(&self, builder: &mut PlanBuilder, moe_layer: u32) -> Result<(), PlanError> {
        let act = builder.rows("act", builder.options().batch * self.top_k, self.d_ff);
        for experts in builder.parts(&[&self.gate, &self.up], self.n_experts) {
            self.plan_gate_up(builder, moe_layer, act, &experts)?;
        }
        for experts in builder.parts(&[&self.down], self.n_experts) {
            self.plan_down(builder, moe_layer, act, &experts)?;
        }
        Ok(())
    }

    /// Gate, up and activation, for the uses of some experts.
    fn plan_gate_up(
        &self,
        builder: &mut PlanBuilder,
        moe_layer: u32,
        act: BufferId,
        experts: &Range<u32>,
    ) -> Result<(), PlanError> {
        let part = |tensor| PlanBuilder::part(tensor, self.n_experts, experts);
        let biases = self
            .biases
            .as_ref()
            .map(|[gate, up, _]| builder.rows_of_floats(&[&*part(gate), &*part(up)]));
        let kernel = kernels::expert_gate_up::ExpertGateUp {
            params: kernels::expert_gate_up::Params {
                d_ff: self.d_ff,
                units: units(self.d_model),
                h_stride: stride(self.d_model),
                act_stride: stride(self.d_ff),
                n_experts: experts.end - experts.start,
                top_k: self.top_k,
                moe_layer,
                n_moe_layers: builder.moe().layers.len() as u32,
                activation: u32::from(self.activation == Activation::GptOss),
                has_bias: u32::from(biases.is_some()),
                bias_stride: stride(self.d_ff),
                first_expert: experts.start,
            },
            cols: self.d_model,
            format: self.gate.format,
            weights: builder.pack(&[&*part(&self.gate), &*part(&self.up)])?,
            bias: biases.transpose()?,
            h: builder.activation("h", self.d_model),
            ids: builder.ports().ids,
            act,
        };
        builder.step(StepGroup::Experts, Some(self.layer), kernel);
        Ok(())
    }

    /// Down and weighted sum, for the uses of some experts.
    fn plan_down(
        &self,
        builder: &mut PlanBuilder,
        moe_layer: u32,
        act: BufferId,
        experts: &Range<u32>,
    ) -> Result<(), PlanError> {
        let part = |tensor| PlanBuilder::part(tensor, self.n_experts, experts);
        let bias = self
            .biases
            .as_ref()
            .map(|[_, _, down]| builder.rows_of_floats(&[&*part(down)]));
        let kernel = kernels::expert_down::ExpertDown {
            params: kernels::expert_down::Params {
                d_model: self.d_model,
                units: units(self.d_ff),
                act_stride: stride(self.d_ff),
                x_stride: stride(self.d_model),
                top_k: self.top_k,
                moe_layer,
                n_moe_layers: builder.moe().layers.len() as u32,
                has_bias: u32::from(bias.is_some()),
                bias_stride: stride(self.d_model),
                scale: self.residual_scale,
                n_experts: experts.end - experts.start,
                first_expert: experts.start,
            },
            cols: self.d_ff,
            format: self.down.format,
            weights: builder.pack(&[&*part(&self.down)])?,
            bias: bias.transpose()?,
            act,
            ids: builder.ports().ids,
            expert_weights: builder.ports().expert_weights,
            x: builder.activation("x", self.d_model),
        };
        builder.step(StepGroup::Experts, Some(self.layer), kernel);
        Ok(())
    }
}
