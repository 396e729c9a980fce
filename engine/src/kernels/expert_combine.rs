//! What the chosen experts gave, summed onto the residual stream: `x += scale · Σ_s w_s · out_s`, in rank
//! order, so that it is the same on every run and the order in which one token alone is summed.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Pass, params};
use crate::cpu;
use crate::plan::BufferId;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[];

params! {
    pub d_model: u32,
    pub out_stride: u32,
    pub x_stride: u32,
    pub top_k: u32,
    pub moe_layer: u32,
    pub n_moe_layers: u32,
    /// Factor on what the layer adds: Granite's residual multiplier, else 1.
    pub scale: f32,
    pub pad_0: u32,
}

/// See the module.
#[derive(Debug)]
pub struct ExpertCombine {
    pub params: Params,
    pub out: BufferId,            // (tokens, top_k, d_model)
    pub expert_weights: BufferId, // (tokens, n_moe_layers, top_k)
    pub x: BufferId,              // (tokens, d_model)
}

impl Kernel for ExpertCombine {
    fn stem(&self) -> &'static str {
        "expert_combine"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.out), Bind::Read(self.expert_weights), Bind::Write(self.x)]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        batch.n_tokens * batch.by_expert
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Invocations { x: self.params.d_model, y: batch.n_tokens }
    }

    fn work(&self, _pass: Pass<'_>) -> GroupWork {
        GroupWork::default()
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (out, weights) = (memory.f32(self.out), memory.f32(self.expert_weights));
        cpu::expert_combine::expert_combine(&self.params, batch, &out, &weights, &mut memory.f32_mut(self.x));
    }
}
