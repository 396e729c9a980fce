//! Causal attention of each new token over the KV cache, with grouped query heads (GQA,
//! arXiv:2305.13245): `out = softmax(q · Kᵀ · scale) · V`, in one pass with a running maximum. A layer
//! may see only a sliding window (arXiv:2004.05150), and may have a learned sink per head, one more
//! logit of the softmax (gpt-oss). The cache may be a ring, and values may be the beginnings of the
//! keys (multi-head latent attention).

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, params};
use crate::cpu;
use crate::fast;
use crate::plan::{BufferId, PackId};
use crate::session::KvFormat;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Kv];

/// Longest query and key the shader has room for.
pub const MAX_HEAD_DIM: u32 = 640;
/// Fewest positions a workgroup takes of a cache that is shared out.
const SPLIT_POSITIONS: u32 = 128;
/// Most workgroups that share one.
const MAX_SPLITS: u32 = 32;

/// How many workgroups share a cache of so many positions, on devices that run many at a time.
pub fn splits_of(positions: u32) -> u32 {
    (positions / SPLIT_POSITIONS).clamp(1, MAX_SPLITS)
}

/// Longest value the shader's registers are laid out for.
pub const MAX_VALUE_DIM: u32 = 512;

params! {
    pub n_heads: u32,
    pub n_kv_heads: u32,
    pub head_dim: u32,
    pub q_stride: u32,
    pub out_stride: u32,
    /// Usually 1 / sqrt(head_dim).
    pub scale: f32,
    /// Positions a token sees, its own included; 0: all.
    pub window: u32,
    pub has_sinks: u32,
    pub value_dim: u32,
    /// Elements from one value to the next: `value_dim`, or `head_dim` where values lie in the keys.
    pub value_stride: u32,
    /// Positions the cache has room for; later ones take the place of the oldest.
    pub cache_rows: u32,
    /// Floats of a head's part, where the cache is shared out.
    pub part_stride: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Attention {
    pub params: Params,
    pub kv: KvFormat,
    pub q: BufferId,           // (tokens, n_heads · head_dim)
    pub keys: BufferId,        // (cache_rows, n_kv_heads · head_dim)
    pub values: BufferId,      // (cache_rows, n_kv_heads · value_stride)
    pub sinks: Option<PackId>, // (n_heads)
    pub out: BufferId,         // (tokens, n_heads · value_dim)
    /// Instead of `out`, where the cache is shared out: see [`super::attention_merge`].
    pub parts: BufferId, // (splits, n_heads, part_stride)
}

/// Sum over the batch of the positions each token attends to, itself included.
fn attended_positions(batch: Batch, window: u32) -> u64 {
    let most = if window == 0 { u64::MAX } else { u64::from(window) };
    (0..u64::from(batch.n_tokens)).map(|token| (u64::from(batch.start) + token + 1).min(most)).sum()
}

impl Kernel for Attention {
    fn stem(&self) -> &'static str {
        "attention"
    }

    fn links(&self) -> Links {
        Links { kv: Some(self.kv), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        let sinks = self.sinks.map_or(Bind::Unread(self.q), Bind::Weights);
        vec![Bind::Read(self.q), Bind::Read(self.keys), Bind::Read(self.values), sinks, Bind::Write(self.out), Bind::Write(self.parts)]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        // Four queries to a workgroup: heads of a group when decoding, else tokens.
        let Params { n_heads, n_kv_heads, .. } = self.params;
        match batch.n_tokens {
            1 => Grid::Splits { x: n_kv_heads * (n_heads / n_kv_heads).div_ceil(4), y: 1, z: batch.n_splits.max(1) },
            tokens => Grid::Splits { x: n_heads, y: tokens.div_ceil(4), z: 1 },
        }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let p = &self.params;
        let positions = attended_positions(pass.batch, p.window);
        let values = if self.values == self.keys { 0 } else { p.value_dim };
        let kv_row = u64::from(p.n_kv_heads) * u64::from(p.head_dim + values);
        GroupWork {
            weight_bytes: self.sinks.map_or(0, |_| 4 * u64::from(p.n_heads)),
            // The cache is counted once per token that reads it, which is what decode pays.
            kv_read_bytes: self.kv.bytes_for(kv_row) * positions,
            operations: 2 * u64::from(p.n_heads) * u64::from(p.head_dim + p.value_dim) * positions,
            ..GroupWork::default()
        }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (q, keys, values) = (memory.f32(self.q), memory.u32(self.keys), memory.u32(self.values));
        let cache = cpu::attention::Cache { kv: self.kv, keys: &keys, values: &values };
        let sinks = self.sinks.map(|sinks| memory.vector(sinks));
        cpu::attention::attention(&self.params, batch, &q, &cache, sinks, &mut memory.f32_mut(self.out));
    }

    fn run_fast(&self, memory: &cpu::Memory, batch: Batch, scratch: &mut fast::Scratch) {
        let (q, keys, values) = (memory.f32(self.q), memory.u32(self.keys), memory.u32(self.values));
        let cache = cpu::attention::Cache { kv: self.kv, keys: &keys, values: &values };
        let sinks = self.sinks.map(|sinks| memory.vector(sinks));
        fast::attention::attention(&self.params, batch, &q, &cache, sinks, &mut memory.f32_mut(self.out), scratch.attention());
    }
}
