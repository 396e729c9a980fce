//! The activation of a feed-forward layer that every token takes: `act = silu(gate) · up`
//! (arXiv:2002.05202), and for a shared expert with a gate of its own (Qwen2-MoE) times the sigmoid
//! of that.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Pass, params};
use crate::cpu;
use crate::plan::BufferId;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[];

params! {
    pub d_ff: u32,
    pub gate_up_stride: u32,
    pub act_stride: u32,
    /// 1: multiply by the sigmoid of the token's own gate.
    pub is_gated: u32,
    pub own_stride: u32,
    pub pad_0: u32,
    pub pad_1: u32,
    pub pad_2: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Swiglu {
    pub params: Params,
    pub gate_up: BufferId,          // (tokens, 2, d_ff)
    pub own_gate: Option<BufferId>, // (tokens, 1)
    pub act: BufferId,              // (tokens, d_ff)
}

impl Kernel for Swiglu {
    fn stem(&self) -> &'static str {
        "swiglu"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        let own_gate = self.own_gate.map_or(Bind::Unread(self.gate_up), Bind::Read);
        vec![Bind::Read(self.gate_up), own_gate, Bind::Write(self.act)]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Invocations { x: self.params.d_ff, y: batch.n_tokens }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let operations = 4 * u64::from(self.params.d_ff) * u64::from(pass.batch.n_tokens);
        GroupWork { operations, ..GroupWork::default() }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let gate_up = memory.f32(self.gate_up);
        let own_gate = self.own_gate.map(|id| memory.f32(id));
        cpu::swiglu::swiglu(&self.params, batch, &gate_up, own_gate.as_deref(), &mut memory.f32_mut(self.act));
    }
}
