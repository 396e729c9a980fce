//! A gated short convolution over time, each channel for itself (LFM2): of the projections b, c and x
//! of a token, `out = c · Σ_k w[k] · (b · x)[position - (taps - 1) + k]`. The products of earlier passes
//! are kept in a ring, those of this pass are computed again where they are needed.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Pass, params};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[];

params! {
    /// Channels.
    pub width: u32,
    /// Positions one output is made of, its own included.
    pub taps: u32,
    pub bcx_stride: u32,
    pub out_stride: u32,
    /// Floats from one channel's taps to the next.
    pub tap_stride: u32,
    /// Positions the ring has room for.
    pub cache_rows: u32,
    pub pad_0: u32,
    pub pad_1: u32,
}

/// See the module.
#[derive(Debug)]
pub struct ShortConv {
    pub params: Params,
    pub bcx: BufferId,   // (tokens, 3, width): b, c, x
    pub weights: PackId, // (width, taps)
    pub state: BufferId, // (cache_rows, width): b · x
    pub out: BufferId,   // (tokens, width)
}

impl Kernel for ShortConv {
    fn stem(&self) -> &'static str {
        "short_conv"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.bcx), Bind::Weights(self.weights), Bind::Write(self.state), Bind::Write(self.out)]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Invocations { x: self.params.width, y: batch.n_tokens }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let (width, taps) = (u64::from(self.params.width), u64::from(self.params.taps));
        let tokens = u64::from(pass.batch.n_tokens);
        // What came before the batch, once for each token that reaches back to it.
        let reached = |token: u64| (taps - 1).saturating_sub(token).min(u64::from(pass.batch.start));
        GroupWork {
            weight_bytes: 4 * width * taps,
            kv_read_bytes: 4 * width * (0..tokens).map(reached).sum::<u64>(),
            kv_write_bytes: 4 * width * tokens,
            operations: 2 * width * (taps + 1) * tokens,
        }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (bcx, weights) = (memory.f32(self.bcx), memory.weights(self.weights));
        let (mut state, mut out) = (memory.f32_mut(self.state), memory.f32_mut(self.out));
        cpu::short_conv::short_conv(&self.params, batch, &bcx, weights, &mut state, &mut out);
    }
}
