//! Second half of the chosen experts: down projection, weighted sum over the chosen, and the
//! residual, in one dispatch: `x += scale · Σ_s w_s · (D_e(s) · act_s + b_e(s))`. The sum runs in rank
//! order, so it is the same on every run.
//!
//! This is how one token is computed. Where uses are sorted by expert, `expert_out` and `expert_combine` do it.

use std::borrow::Cow;

use super::{Batch, Bind, ExpertMatrix, Grid, Kernel, LinkKind, Links, Pass, params};
use crate::cpu;
use crate::fast;
use crate::plan::{BufferId, PackId};
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Quant, LinkKind::Dot, LinkKind::OneToken, LinkKind::Rows];

params! {
    pub d_model: u32,
    /// Units of 32 elements per row (the expert's hidden width).
    pub units: u32,
    pub act_stride: u32,
    pub x_stride: u32,
    pub top_k: u32,
    pub moe_layer: u32,
    pub n_moe_layers: u32,
    pub has_bias: u32,
    /// Floats per expert in the bias.
    pub bias_stride: u32,
    /// Factor on what the layer adds: Granite's residual multiplier, else 1.
    pub scale: f32,
    /// Experts whose weights are bound, and the first of them; uses of others add nothing.
    pub n_experts: u32,
    pub first_expert: u32,
}

/// See the module.
#[derive(Debug)]
pub struct ExpertDown {
    pub params: Params,
    pub matrix: ExpertMatrix,
    pub weights: PackId,         // (n_experts, d_model, d_ff)
    pub bias: Option<PackId>,    // (n_experts, d_model)
    pub act: BufferId,           // (tokens, top_k, d_ff)
    pub ids: BufferId,           // (tokens, n_moe_layers, top_k) u32
    pub expert_weights: BufferId, // (tokens, n_moe_layers, top_k)
    pub x: BufferId,             // (tokens, d_model)
}

impl Kernel for ExpertDown {
    fn stem(&self) -> &'static str {
        "expert_down"
    }

    fn links(&self) -> Links {
        Links { quant: Some(self.matrix.format), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![
            Bind::Weights(self.weights),
            Bind::Read(self.act),
            Bind::Read(self.ids),
            Bind::Read(self.expert_weights),
            self.bias.map_or(Bind::Unread(self.act), Bind::Weights),
            Bind::Write(self.x),
        ]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        batch.n_tokens * (1 - batch.by_expert.min(1))
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Rows { rows: self.params.d_model, y: batch.n_tokens, z: 1 }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        match (pass.batch.by_expert, self.params.first_expert) {
            (0, 0) => self.matrix.work(pass),
            _ => GroupWork::default(), // another step's, or counted with the first part
        }
    }

    fn split(&self) -> Option<(PackId, u32)> {
        Some((self.weights, self.params.d_model))
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (act, ids) = (memory.f32(self.act), memory.u32(self.ids));
        let chosen = cpu::expert_down::Chosen { ids: &ids, weights: &memory.f32(self.expert_weights) };
        let matrices = cpu::expert_down::Matrices {
            weights: memory.weights(self.weights),
            bias: self.bias.map(|bias| memory.weights(bias)),
        };
        cpu::expert_down::expert_down(&self.params, batch, &matrices, &act, &chosen, &mut memory.f32_mut(self.x));
    }

    fn run_fast(&self, memory: &cpu::Memory, batch: Batch, scratch: &mut fast::Scratch) {
        let (act, ids) = (memory.f32(self.act), memory.u32(self.ids));
        let chosen = cpu::expert_down::Chosen { ids: &ids, weights: &memory.f32(self.expert_weights) };
        let matrices = cpu::expert_down::Matrices {
            weights: memory.weights(self.weights),
            bias: self.bias.map(|bias| memory.weights(bias)),
        };
        fast::expert_down::expert_down(&self.params, batch, &matrices, &act, &chosen, &mut memory.f32_mut(self.x), scratch);
    }
}
