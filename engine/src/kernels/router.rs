//! The router of a MoE layer in one dispatch: norm, one logit per expert, softmax over all experts
//! or sigmoid of each, top-k, and the weights of the chosen (arXiv:1701.06538). A bias may be part
//! of the logits (gpt-oss) or count for the selection alone (arXiv:2408.15664), and experts may be
//! chosen from the best groups only (arXiv:2412.19437): a group counts by the sum of its best two.
//!
//! Softmax over the chosen alone is softmax over all with `norm_weights`. The distribution in the
//! trace always sums to one: sigmoids are divided by their sum there, and only there.
//!
//! Its choice and its full distribution are ordinary outputs: the expert kernels read the first,
//! the trace reads both.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, params, weight_bytes};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::quant::Format;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Quant, LinkKind::DotF32, LinkKind::Norm];

/// Most experts per layer the shader's workgroup memory is laid out for.
pub const MAX_EXPERTS: u32 = 512;
/// Most groups of experts the shader has room for.
pub const MAX_GROUPS: u32 = 32;

params! {
    pub width: u32,
    /// Units of 32 elements per row of the router matrix.
    pub units: u32,
    pub x_stride: u32,
    pub n_experts: u32,
    pub top_k: u32,
    /// Which MoE layer this is, and how many there are: where in the trace to write.
    pub moe_layer: u32,
    pub n_moe_layers: u32,
    /// 1: divide the chosen weights by their sum.
    pub norm_weights: u32,
    pub eps: f32,
    /// Factor on the chosen weights.
    pub weights_scale: f32,
    /// 0: softmax over all experts, 1: sigmoid of each, 2: SparseMixer (arXiv:2409.12136): each choice
    /// weighs by softmax over what is left and comes near its best.
    pub gating: u32,
    /// 0: no bias, 1: part of the logits, 2: for the selection only.
    pub bias_role: u32,
    /// Groups of experts (1 or less: none), and how many of them may be chosen from.
    pub n_groups: u32,
    pub top_groups: u32,
    /// 1: LayerNorm; a bias follows the norm.
    pub centred: u32,
    pub pad_0: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Router {
    pub params: Params,
    pub format: Format,
    pub x: BufferId,             // (tokens, width)
    pub norm: PackId,            // (width), or weight and bias: (2, width)
    pub weights: PackId,         // (n_experts, width)
    pub bias: Option<PackId>,    // (n_experts)
    pub h: BufferId,             // (tokens, width): the normed x, which the experts read
    pub ids: BufferId,           // (tokens, n_moe_layers, top_k) u32
    pub expert_weights: BufferId, // (tokens, n_moe_layers, top_k)
    pub probs: BufferId,         // (tokens, n_moe_layers, n_experts)
}

impl Kernel for Router {
    fn stem(&self) -> &'static str {
        "router"
    }

    fn links(&self) -> Links {
        Links { quant: Some(self.format), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![
            Bind::Read(self.x),
            Bind::Weights(self.norm),
            Bind::Weights(self.weights),
            self.bias.map_or(Bind::Unread(self.x), Bind::Weights),
            Bind::Write(self.h),
            Bind::Write(self.ids),
            Bind::Write(self.expert_weights),
            Bind::Write(self.probs),
        ]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Workgroups { x: 1, y: batch.n_tokens }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let elements = u64::from(self.params.n_experts) * u64::from(self.params.width);
        GroupWork {
            weight_bytes: weight_bytes(self.format, elements)
                + 4 * u64::from(self.params.width) * u64::from(1 + self.params.centred)
                + self.bias.map_or(0, |_| 4 * u64::from(self.params.n_experts)),
            operations: 2 * elements * u64::from(pass.batch.n_tokens),
            ..GroupWork::default()
        }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let x = memory.f32(self.x);
        let matrices = cpu::router::Matrices {
            norm: memory.vector(self.norm),
            router: memory.weights(self.weights),
            bias: self.bias.map(|bias| memory.vector(bias)),
        };
        let mut out = cpu::router::Out {
            h: &mut memory.f32_mut(self.h),
            ids: &mut memory.u32_mut(self.ids),
            weights: &mut memory.f32_mut(self.expert_weights),
            probs: &mut memory.f32_mut(self.probs),
        };
        cpu::router::router(&self.params, batch, &x, &matrices, &mut out);
    }
}
