//! Second half of the chosen experts where their uses are sorted: the down projection of every use,
//! `out = D_e · act + b_e`, by tiles of uses that share an expert. `expert_combine` then sums each token's.

use std::borrow::Cow;

use super::expert_sort::most_tiles;
use super::{Batch, Bind, ExpertMatrix, Grid, Kernel, LinkKind, Links, Pass, params};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Quant, LinkKind::Dot, LinkKind::FourTokens, LinkKind::Rows];

params! {
    pub d_model: u32,
    /// Units of 32 elements per row (the expert's hidden width).
    pub units: u32,
    pub act_stride: u32,
    pub out_stride: u32,
    pub has_bias: u32,
    /// Floats per expert in the bias.
    pub bias_stride: u32,
    /// Experts whose weights are bound, and the first of them; uses of others write nothing.
    pub n_experts: u32,
    pub first_expert: u32,
}

/// See the module.
#[derive(Debug)]
pub struct ExpertOut {
    pub params: Params,
    pub matrix: ExpertMatrix,
    pub weights: PackId,      // (n_experts, d_model, d_ff)
    pub bias: Option<PackId>, // (n_experts, d_model)
    pub act: BufferId,        // (tokens, top_k, d_ff)
    pub tiles: BufferId,      // (most tiles, 1 + tile) u32: expert, uses
    pub out: BufferId,        // (tokens, top_k, d_model)
}

impl Kernel for ExpertOut {
    fn stem(&self) -> &'static str {
        "expert_out"
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
            Bind::Read(self.tiles),
            self.bias.map_or(Bind::Unread(self.act), Bind::Weights),
            Bind::Write(self.out),
        ]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        batch.n_tokens * batch.by_expert
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        let m = &self.matrix;
        Grid::Rows { rows: self.params.d_model, y: most_tiles(batch.n_tokens, m.top_k, m.n_experts), z: 1 }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        match (pass.batch.by_expert, self.params.first_expert) {
            (1, 0) => self.matrix.work(pass),
            _ => GroupWork::default(), // another step's, or counted with the first part
        }
    }

    fn split(&self) -> Option<(PackId, u32)> {
        Some((self.weights, self.params.d_model))
    }

    fn run_cpu(&self, memory: &cpu::Memory, _batch: Batch) {
        let (act, tiles) = (memory.f32(self.act), memory.u32(self.tiles));
        let matrices = cpu::expert_down::Matrices {
            weights: memory.weights(self.weights),
            bias: self.bias.map(|bias| memory.weights(bias)),
        };
        cpu::expert_out::expert_out(&self.params, &matrices, &act, &tiles, &mut memory.f32_mut(self.out));
    }
}
