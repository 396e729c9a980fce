//! First half of the chosen experts: gate, up and activation in one dispatch,
//! `act = glu(G_e · h + b_e, U_e · h + c_e)` for each chosen expert e: SwiGLU (arXiv:2002.05202), or
//! as gpt-oss, `g · sigmoid(1.702 g) · (u + 1)` with g at most 7 and u within ±7.

use std::borrow::Cow;

use super::expert_sort::most_tiles;
use super::{Batch, Bind, ExpertMatrix, Grid, Kernel, LinkKind, Links, Pass, params};
use crate::cpu;
use crate::fast;
use crate::plan::{BufferId, PackId};
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Quant, LinkKind::Dot, LinkKind::Tile, LinkKind::Rows];

params! {
    /// Hidden width of one expert.
    pub d_ff: u32,
    /// Units of 32 elements per row.
    pub units: u32,
    pub h_stride: u32,
    pub act_stride: u32,
    /// Experts whose weights are bound.
    pub n_experts: u32,
    pub top_k: u32,
    pub moe_layer: u32,
    pub n_moe_layers: u32,
    /// 0: SwiGLU, 1: gpt-oss's.
    pub activation: u32,
    pub has_bias: u32,
    /// Floats per expert in the bias.
    pub bias_stride: u32,
    /// The first of the experts bound; a use of another writes nothing.
    pub first_expert: u32,
}

/// See the module.
#[derive(Debug)]
pub struct ExpertGateUp {
    pub params: Params,
    pub matrix: ExpertMatrix,
    pub weights: PackId,      // (2, n_experts, d_ff, d_model): gate, then up
    pub bias: Option<PackId>, // (2, n_experts, d_ff)
    pub h: BufferId,          // (tokens, d_model)
    pub ids: BufferId,        // (tokens, n_moe_layers, top_k) u32
    pub tiles: BufferId,      // (most tiles, 1 + tile) u32: expert, uses; read where uses are sorted
    pub act: BufferId,        // (tokens, top_k, d_ff)
}

impl Kernel for ExpertGateUp {
    fn stem(&self) -> &'static str {
        "expert_gate_up"
    }

    fn links(&self) -> Links {
        Links { quant: Some(self.matrix.format), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        let bias = self.bias.map_or(Bind::Unread(self.h), Bind::Weights);
        vec![
            Bind::Weights(self.weights),
            Bind::Read(self.h),
            Bind::Read(self.ids),
            bias,
            Bind::Read(self.tiles),
            Bind::Write(self.act),
        ]
    }

    /// One where uses are not sorted: each is then alone.
    fn tokens(&self, batch: Batch) -> u32 {
        if batch.by_expert == 1 { batch.n_tokens } else { batch.n_tokens.min(1) }
    }

    fn grid(&self, batch: Batch, tile: u32) -> Grid {
        let m = &self.matrix;
        let y = match tile {
            1 => batch.n_tokens * m.top_k,
            _ => most_tiles(batch.n_tokens, m.top_k, m.n_experts),
        };
        Grid::Rows { rows: self.params.d_ff, y, z: 1 }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        match self.params.first_expert {
            0 => self.matrix.work(pass),
            _ => GroupWork::default(), // counted with the first part
        }
    }

    fn split(&self) -> Option<(PackId, u32)> {
        Some((self.weights, self.params.d_ff))
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (h, ids, tiles) = (memory.f32(self.h), memory.u32(self.ids), memory.u32(self.tiles));
        let matrices = cpu::expert_gate_up::Matrices {
            weights: memory.weights(self.weights),
            bias: self.bias.map(|bias| memory.weights(bias)),
        };
        let uses = cpu::expert_gate_up::Uses { ids: &ids, tiles: &tiles };
        cpu::expert_gate_up::expert_gate_up(&self.params, batch, &matrices, &h, &uses, &mut memory.f32_mut(self.act));
    }

    fn run_fast(&self, memory: &cpu::Memory, batch: Batch, scratch: &mut fast::Scratch) {
        let (h, ids) = (memory.f32(self.h), memory.u32(self.ids));
        let matrices = cpu::expert_gate_up::Matrices {
            weights: memory.weights(self.weights),
            bias: self.bias.map(|bias| memory.weights(bias)),
        };
        fast::expert_gate_up::expert_gate_up(&self.params, batch, &matrices, &h, &ids, &mut memory.f32_mut(self.act), scratch);
    }
}
