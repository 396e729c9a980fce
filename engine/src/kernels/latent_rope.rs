//! Prepares multi-head latent attention (MLA, arXiv:2405.04434, in its absorbed form): rotates the
//! part of each query that carries the position, and appends to the cache the one row all heads share,
//! the normed latent followed by the rotated key.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, params};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::session::KvFormat;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Kv];

params! {
    pub n_heads: u32,
    /// Elements of a latent.
    pub d_latent: u32,
    /// Elements of a query that do not rotate.
    pub d_nope: u32,
    /// Elements of a query or key that rotate, as neighbours.
    pub n_rot: u32,
    pub q_stride: u32,
    pub kv_stride: u32,
    /// Where in its row the latent begins.
    pub kv_offset: u32,
    /// Of a row of queries against latents.
    pub out_stride: u32,
    pub eps: f32,
    /// Positions the cache has room for.
    pub cache_rows: u32,
    pub pad_0: u32,
    pub pad_1: u32,
}

/// See the module.
#[derive(Debug)]
pub struct LatentRope {
    pub params: Params,
    pub kv: KvFormat,
    pub q: BufferId,       // (tokens, n_heads, d_nope + n_rot)
    pub latent: BufferId,  // (tokens, d_latent + n_rot), from kv_offset on
    pub norm: PackId,      // (d_latent)
    pub rope: BufferId,    // (tokens, n_rot / 2, 2): cos, sin
    pub out: BufferId,     // (tokens, n_heads, d_latent + n_rot): only the rotated part is written
    pub latents: BufferId, // (cache_rows, d_latent + n_rot)
}

impl Kernel for LatentRope {
    fn stem(&self) -> &'static str {
        "latent_rope"
    }

    fn links(&self) -> Links {
        Links { kv: Some(self.kv), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![
            Bind::Read(self.q),
            Bind::Read(self.latent),
            Bind::Weights(self.norm),
            Bind::Read(self.rope),
            Bind::Write(self.out),
            Bind::Write(self.latents),
        ]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Workgroups { x: self.params.n_heads + 1, y: batch.n_tokens }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let row = u64::from(self.params.d_latent + self.params.n_rot);
        GroupWork {
            weight_bytes: 4 * u64::from(self.params.d_latent),
            kv_write_bytes: self.kv.bytes_for(row) * u64::from(pass.batch.n_tokens),
            ..GroupWork::default()
        }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let inputs = cpu::latent_rope::Inputs {
            q: &memory.f32(self.q),
            latent: &memory.f32(self.latent),
            norm: memory.vector(self.norm),
            rope: &memory.f32(self.rope),
        };
        let (mut out, mut latents) = (memory.f32_mut(self.out), memory.u32_mut(self.latents));
        cpu::latent_rope::latent_rope(&self.params, self.kv, batch, &inputs, &mut out, &mut latents);
    }
}
