//! Prepares attention: normalises queries and keys (QK-norm: per head, or as OLMoE over all heads),
//! rotates them by their position (RoPE, arXiv:2104.09864; element i turns with i + n_rot/2, NeoX's
//! pairing, or 2i with 2i + 1, the paper's), and appends keys and values to the cache.
//!
//! Cosines and sines come from a table the host computes in f64 for the batch's positions: shader
//! `sin` is only guaranteed to 2⁻¹¹, and every RoPE scaling variant becomes data.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, params};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::session::KvFormat;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Kv];

params! {
    pub n_heads: u32,
    pub n_kv_heads: u32,
    pub head_dim: u32,
    /// Leading elements of a head that rotate; the rest pass through.
    pub n_rot: u32,
    pub qkv_stride: u32,
    pub q_stride: u32,
    /// 0: none, 1: normalise queries and keys per head first, 2: over all heads.
    pub qk_norm: u32,
    pub eps: f32,
    /// 1: neighbours turn together.
    pub interleaved: u32,
    /// Positions the cache has room for; later ones take the place of the oldest.
    pub cache_rows: u32,
    pub pad_0: u32,
    pub pad_1: u32,
}

/// See the module.
#[derive(Debug)]
pub struct QkRope {
    pub params: Params,
    pub kv: KvFormat,
    pub qkv: BufferId,    // (tokens, (n_heads + 2 n_kv_heads) · head_dim): q, then k, then v
    pub q_norm: PackId,   // (head_dim) or (n_heads, head_dim)
    pub k_norm: PackId,   // (head_dim) or (n_kv_heads, head_dim)
    pub rope: BufferId,   // (tokens, n_rot / 2, 2): cos, sin
    pub q: BufferId,      // (tokens, n_heads · head_dim)
    pub keys: BufferId,   // (cache_rows, n_kv_heads · head_dim)
    pub values: BufferId, // (cache_rows, n_kv_heads · head_dim)
}

impl Kernel for QkRope {
    fn stem(&self) -> &'static str {
        "qk_rope"
    }

    fn links(&self) -> Links {
        Links { kv: Some(self.kv), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![
            Bind::Read(self.qkv),
            Bind::Weights(self.q_norm),
            Bind::Weights(self.k_norm),
            Bind::Read(self.rope),
            Bind::Write(self.q),
            Bind::Write(self.keys),
            Bind::Write(self.values),
        ]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Invocations { x: self.params.n_heads + 2 * self.params.n_kv_heads, y: batch.n_tokens }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let p = &self.params;
        let per_token = self.kv.bytes_for(2 * u64::from(p.n_kv_heads) * u64::from(p.head_dim));
        let normed_heads = [0, 2, p.n_heads + p.n_kv_heads][p.qk_norm.min(2) as usize];
        GroupWork {
            weight_bytes: 4 * u64::from(normed_heads) * u64::from(p.head_dim),
            kv_write_bytes: per_token * u64::from(pass.batch.n_tokens),
            ..GroupWork::default()
        }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (qkv, rope) = (memory.f32(self.qkv), memory.f32(self.rope));
        let mut out = cpu::qk_rope::Out {
            q: &mut memory.f32_mut(self.q),
            keys: &mut memory.u32_mut(self.keys),
            values: &mut memory.u32_mut(self.values),
        };
        let norms = [memory.vector(self.q_norm), memory.vector(self.k_norm)];
        cpu::qk_rope::qk_rope(&self.params, self.kv, batch, &qkv, norms, &rope, &mut out);
    }
}
