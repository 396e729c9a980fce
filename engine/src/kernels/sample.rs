//! The next token, chosen where the logits are, so that the next pass need not wait for anybody to read
//! them. It is a proposal in single floats: whoever generates text makes the choice again in double
//! floats ([`crate::sampler`]) when the logits arrive, and goes back where the two differ.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Pass, params};
use crate::cpu;
use crate::plan::BufferId;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[];

/// Most candidates the shader has room for.
pub const MAX_CANDIDATES: u32 = 64;

params! {
    pub vocab: u32,
    pub pad_0: u32,
    pub pad_1: u32,
    pub pad_2: u32,
}

/// How one token is chosen. The fields have the meanings of [`crate::sampler::SamplerOptions`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Draw {
    /// 0: the likeliest.
    pub temperature: f32,
    /// 1 to [`MAX_CANDIDATES`].
    pub top_k: u32,
    pub top_p: f32,
    pub min_p: f32,
    /// From 0 to 1: where the draw falls.
    pub chance: f32,
}

/// Words a [`Draw`] takes.
pub const DRAW_WORDS: u64 = (size_of::<Draw>() / 4) as u64;

/// See the module.
#[derive(Debug)]
pub struct Sample {
    pub params: Params,
    pub logits: BufferId, // (logits, vocab), of which the last row counts
    pub draw: BufferId,   // a Draw
    pub chosen: BufferId, // (1) u32
}

impl Kernel for Sample {
    fn stem(&self) -> &'static str {
        "sample"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.logits), Bind::Read(self.draw), Bind::Write(self.chosen)]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        batch.n_draws.min(batch.n_logits)
    }

    fn grid(&self, _batch: Batch, _tile: u32) -> Grid {
        Grid::Workgroups { x: 1, y: 1 }
    }

    fn work(&self, _pass: Pass<'_>) -> GroupWork {
        GroupWork::default()
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let logits = memory.f32(self.logits);
        let draw = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&memory.u32(self.draw)[..DRAW_WORDS as usize]));
        let last = (batch.n_logits - 1) as usize * self.params.vocab as usize;
        memory.u32_mut(self.chosen)[0] = cpu::sample::sample(&draw, &logits[last..][..self.params.vocab as usize]);
    }
}
