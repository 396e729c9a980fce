//! Joins the parts of a token's attention where a long cache was shared out over several workgroups
//! (flash decoding): each part is a head's weighed values, its highest score, and its sum of shares.

use std::borrow::Cow;

use super::attention::Attention;
use super::{Batch, Bind, Grid, Kernel, LinkKind, Pass, params};
use crate::cpu;
use crate::plan::BufferId;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[];

params! {
    pub n_heads: u32,
    pub value_dim: u32,
    /// Floats of a head's part: see [`part_stride`].
    pub part_stride: u32,
    pub pad_0: u32,
}

/// Floats of a head's part: sums, highest score, sum of shares.
pub fn part_stride(value_dim: u32) -> u32 {
    value_dim + 2
}

/// See the module.
#[derive(Debug)]
pub struct AttentionMerge {
    pub params: Params,
    pub parts: BufferId, // (splits, n_heads, part_stride)
    pub out: BufferId,   // (n_heads, value_dim)
}

impl AttentionMerge {
    /// What joins the parts of an attention.
    pub fn of(attention: &Attention) -> Self {
        let p = attention.params;
        Self {
            params: Params {
                n_heads: p.n_heads,
                value_dim: p.value_dim,
                part_stride: p.part_stride,
                ..Params::default()
            },
            parts: attention.parts,
            out: attention.out,
        }
    }
}

impl Kernel for AttentionMerge {
    fn stem(&self) -> &'static str {
        "attention_merge"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.parts), Bind::Write(self.out)]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        u32::from(batch.n_splits > 1)
    }

    fn grid(&self, _batch: Batch, _tile: u32) -> Grid {
        Grid::Invocations { x: self.params.n_heads * self.params.value_dim, y: 1 }
    }

    fn work(&self, _pass: Pass<'_>) -> GroupWork {
        GroupWork::default()
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        cpu::attention_merge::attention_merge(&self.params, batch, &memory.f32(self.parts), &mut memory.f32_mut(self.out));
    }
}
