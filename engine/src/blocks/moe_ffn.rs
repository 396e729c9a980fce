//! The sparse mixture-of-experts feed-forward layer. One token takes three dispatches: router, gate and up of
//! the chosen experts, down and weighted sum onto the residual stream. Several take five: the uses of experts
//! are sorted by expert after the router, so that each expert's weights serve a tile of tokens at a time, and
//! the weighted sum has its own. A shared expert adds three or four.

use std::ops::Range;

use super::dense_ffn::DenseFfn;
use super::norm::Norm;
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::expert_sort::{TILE_WORDS, most_tiles};
use crate::kernels::router::{MAX_EXPERTS, MAX_GROUPS};
use crate::kernels::{self, ExpertMatrix, PREFILL_TILE, stride, units};
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
    /// The router, the chosen experts, and the shared one.
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
        let batch = builder.options().batch;
        let most_tiles = most_tiles(batch, self.top_k, self.n_experts);
        let experts = Experts {
            moe_layer,
            n_moe_layers: builder.moe().layers.len() as u32,
            tiles: builder.words("expert_tiles", most_tiles, TILE_WORDS),
            act: builder.rows("act", batch * self.top_k, self.d_ff),
            out: builder.rows("expert_out", batch * self.top_k, self.d_model),
        };
        self.plan_sort(builder, &experts);
        for part in builder.parts(&[&self.gate, &self.up], self.n_experts) {
            self.plan_gate_up(builder, &experts, &part)?;
        }
        for part in builder.parts(&[&self.down], self.n_experts) {
            self.plan_down(builder, &experts, &part)?;
        }
        self.plan_combine(builder, &experts);
        Ok(())
    }

    fn plan_sort(&self, builder: &mut PlanBuilder, experts: &Experts) {
        let kernel = kernels::expert_sort::ExpertSort {
            params: kernels::expert_sort::Params {
                n_experts: self.n_experts,
                top_k: self.top_k,
                moe_layer: experts.moe_layer,
                n_moe_layers: experts.n_moe_layers,
                tile: PREFILL_TILE,
                ..Default::default()
            },
            ids: builder.ports().ids,
            tiles: experts.tiles,
        };
        builder.step(StepGroup::Experts, Some(self.layer), kernel);
    }

    /// Gate, up and activation, for the uses of some experts.
    fn plan_gate_up(
        &self,
        builder: &mut PlanBuilder,
        experts: &Experts,
        part: &Range<u32>,
    ) -> Result<(), PlanError> {
        let of = |tensor| PlanBuilder::part(tensor, self.n_experts, part);
        let biases = self
            .biases
            .as_ref()
            .map(|[gate, up, _]| builder.rows_of_floats(&[&*of(gate), &*of(up)]));
        let kernel = kernels::expert_gate_up::ExpertGateUp {
            params: kernels::expert_gate_up::Params {
                d_ff: self.d_ff,
                units: units(self.d_model),
                h_stride: stride(self.d_model),
                act_stride: stride(self.d_ff),
                n_experts: part.end - part.start,
                top_k: self.top_k,
                moe_layer: experts.moe_layer,
                n_moe_layers: experts.n_moe_layers,
                activation: u32::from(self.activation == Activation::GptOss),
                has_bias: u32::from(biases.is_some()),
                bias_stride: stride(self.d_ff),
                first_expert: part.start,
            },
            matrix: self.matrix(&self.gate, 2 * self.d_ff, experts),
            weights: builder.pack(&[&*of(&self.gate), &*of(&self.up)])?,
            bias: biases.transpose()?,
            h: builder.activation("h", self.d_model),
            ids: builder.ports().ids,
            tiles: experts.tiles,
            act: experts.act,
        };
        builder.step(StepGroup::Experts, Some(self.layer), kernel);
        Ok(())
    }

    /// Down, for the uses of some experts: summed at once, or, where they are sorted, each for itself.
    fn plan_down(
        &self,
        builder: &mut PlanBuilder,
        experts: &Experts,
        part: &Range<u32>,
    ) -> Result<(), PlanError> {
        let of = |tensor| PlanBuilder::part(tensor, self.n_experts, part);
        let bias = self
            .biases
            .as_ref()
            .map(|[_, _, down]| builder.rows_of_floats(&[&*of(down)]))
            .transpose()?;
        let weights = builder.pack(&[&*of(&self.down)])?;
        let matrix = self.matrix(&self.down, self.d_model, experts);
        let (units, act_stride) = (units(self.d_ff), stride(self.d_ff));
        let (n_experts, first_expert) = (part.end - part.start, part.start);
        let (has_bias, bias_stride) = (u32::from(bias.is_some()), stride(self.d_model));
        let alone = kernels::expert_down::ExpertDown {
            params: kernels::expert_down::Params {
                d_model: self.d_model,
                units,
                act_stride,
                x_stride: stride(self.d_model),
                top_k: self.top_k,
                moe_layer: experts.moe_layer,
                n_moe_layers: experts.n_moe_layers,
                has_bias,
                bias_stride,
                scale: self.residual_scale,
                n_experts,
                first_expert,
            },
            matrix,
            weights,
            bias,
            act: experts.act,
            ids: builder.ports().ids,
            expert_weights: builder.ports().expert_weights,
            x: builder.activation("x", self.d_model),
        };
        let sorted = kernels::expert_out::ExpertOut {
            params: kernels::expert_out::Params {
                d_model: self.d_model,
                units,
                act_stride,
                out_stride: stride(self.d_model),
                has_bias,
                bias_stride,
                n_experts,
                first_expert,
            },
            matrix,
            weights,
            bias,
            act: experts.act,
            tiles: experts.tiles,
            out: experts.out,
        };
        builder.step(StepGroup::Experts, Some(self.layer), alone);
        builder.step(StepGroup::Experts, Some(self.layer), sorted);
        Ok(())
    }

    fn plan_combine(&self, builder: &mut PlanBuilder, experts: &Experts) {
        let kernel = kernels::expert_combine::ExpertCombine {
            params: kernels::expert_combine::Params {
                d_model: self.d_model,
                out_stride: stride(self.d_model),
                x_stride: stride(self.d_model),
                top_k: self.top_k,
                moe_layer: experts.moe_layer,
                n_moe_layers: experts.n_moe_layers,
                scale: self.residual_scale,
                ..Default::default()
            },
            out: experts.out,
            expert_weights: builder.ports().expert_weights,
            x: builder.activation("x", self.d_model),
        };
        builder.step(StepGroup::Experts, Some(self.layer), kernel);
    }

    /// What `rows` rows of each expert cost.
    fn matrix(&self, tensor: &TensorInfo, rows: u32, experts: &Experts) -> ExpertMatrix {
        ExpertMatrix {
            format: tensor.format,
            rows,
            cols: tensor.cols() as u32,
            n_experts: self.n_experts,
            top_k: self.top_k,
            moe_layer: experts.moe_layer,
            has_bias: self.biases.is_some(),
        }
    }
}

/// What the steps of a layer's experts share.
struct Experts {
    moe_layer: u32,
    n_moe_layers: u32,
    tiles: BufferId, // (most tiles, 1 + tile) u32: expert, uses
    act: BufferId,   // (batch, top_k, d_ff)
    out: BufferId,   // (batch, top_k, d_model)
}
