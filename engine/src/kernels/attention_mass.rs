//! How much attention one token pays to each position of the cache, mean over heads: the softmax of
//! [`super::attention`] before values are weighed with it. Not part of an ordinary pass: a scout's plan
//! has it beside every attention ([`crate::session::Session::examine`]).

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, attention, params};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::session::KvFormat;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Kv];

params! {
    pub n_heads: u32,
    pub n_kv_heads: u32,
    pub head_dim: u32,
    pub q_stride: u32,
    pub scale: f32,
    /// Positions a token sees, its own included; 0: all.
    pub window: u32,
    pub has_sinks: u32,
    /// Positions the cache has room for.
    pub cache_rows: u32,
}

/// See the module.
#[derive(Debug)]
pub struct AttentionMass {
    pub params: Params,
    pub kv: KvFormat,
    pub q: BufferId,           // (tokens, n_heads · head_dim)
    pub keys: BufferId,        // (cache_rows, n_kv_heads · head_dim)
    pub sinks: Option<PackId>, // (n_heads)
    pub mass: BufferId,        // (context)
}

impl AttentionMass {
    /// What an attention pays attention to.
    pub fn of(attention: &attention::Attention, mass: BufferId) -> Self {
        let p = attention.params;
        Self {
            params: Params {
                n_heads: p.n_heads,
                n_kv_heads: p.n_kv_heads,
                head_dim: p.head_dim,
                q_stride: p.q_stride,
                scale: p.scale,
                window: p.window,
                has_sinks: p.has_sinks,
                cache_rows: p.cache_rows,
            },
            kv: attention.kv,
            q: attention.q,
            keys: attention.keys,
            sinks: attention.sinks,
            mass,
        }
    }
}

impl Kernel for AttentionMass {
    fn stem(&self) -> &'static str {
        "attention_mass"
    }

    fn links(&self) -> Links {
        Links {
            kv: Some(self.kv),
            ..Links::default()
        }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        let sinks = self.sinks.map_or(Bind::Unread(self.q), Bind::Weights);
        vec![Bind::Read(self.q), Bind::Read(self.keys), sinks, Bind::Write(self.mass)]
    }

    fn grid(&self, _batch: Batch, _tile: u32) -> Grid {
        Grid::Workgroups { x: 1, y: 1 }
    }

    /// None: nobody pays for it who does not ask.
    fn work(&self, _pass: Pass<'_>) -> GroupWork {
        GroupWork::default()
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (q, keys) = (memory.f32(self.q), memory.u32(self.keys));
        let sinks = self.sinks.map(|sinks| memory.vector(sinks));
        let mass = &mut memory.f32_mut(self.mass);
        cpu::attention_mass::attention_mass(&self.params, self.kv, batch, &q, &keys, sinks, mass);
    }
}
