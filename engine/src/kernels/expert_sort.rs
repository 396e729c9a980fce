//! The uses of a layer's experts sorted by expert: what lets one read of an expert's weights serve several
//! tokens of a prefill. A *use* is one (token, rank): number `token · top_k + rank`.
//!
//! Uses come in tiles of [`PREFILL_TILE`] that share an expert; within one they stay in order of tokens, so
//! that the same pass gives the same bits on every run. Nothing is read back: the kernels that follow are
//! started for the most tiles there may be, and those that there are not end at once.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, PREFILL_TILE, Pass, params};
use crate::cpu;
use crate::plan::BufferId;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[];

params! {
    pub n_experts: u32,
    pub top_k: u32,
    pub moe_layer: u32,
    pub n_moe_layers: u32,
    /// Uses per tile: [`PREFILL_TILE`].
    pub tile: u32,
    pub pad_0: u32,
    pub pad_1: u32,
    pub pad_2: u32,
}

/// Words of a tile: its expert, then its uses.
pub const TILE_WORDS: u32 = 1 + PREFILL_TILE;

/// The expert of a tile that there is not; the use in an empty place.
pub const NONE: u32 = u32::MAX;

/// Most tiles that the uses of a batch may take: each expert's last one may have but one use.
pub fn most_tiles(n_tokens: u32, top_k: u32, n_experts: u32) -> u32 {
    let uses = n_tokens * top_k;
    uses.min((uses + n_experts * (PREFILL_TILE - 1)) / PREFILL_TILE)
}

/// See the module.
#[derive(Debug)]
pub struct ExpertSort {
    pub params: Params,
    pub ids: BufferId,   // (tokens, n_moe_layers, top_k) u32
    pub tiles: BufferId, // (most tiles, 1 + tile) u32: expert, uses
}

impl Kernel for ExpertSort {
    fn stem(&self) -> &'static str {
        "expert_sort"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.ids), Bind::Write(self.tiles)]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        batch.n_tokens * batch.by_expert
    }

    fn grid(&self, _batch: Batch, _tile: u32) -> Grid {
        Grid::Workgroups { x: 1, y: 1 }
    }

    fn work(&self, _pass: Pass<'_>) -> GroupWork {
        GroupWork::default()
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        cpu::expert_sort::expert_sort(&self.params, batch, &memory.u32(self.ids), &mut memory.u32_mut(self.tiles));
    }
}
