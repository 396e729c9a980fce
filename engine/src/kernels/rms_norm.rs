//! Root-mean-square normalisation: `y = x / sqrt(mean(x²) + eps) · weight` (arXiv:1910.07467); or, where
//! it is centred, `y = (x - mean(x)) / sqrt(var(x) + eps) · weight + bias` (LayerNorm, arXiv:1607.06450).

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Pass, params};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Norm];

params! {
    pub width: u32,
    pub x_stride: u32,
    pub y_stride: u32,
    /// 1: only the rows whose logits are wanted, written from row 0 on.
    pub logits_only: u32,
    pub eps: f32,
    /// 1: subtract the mean first; a bias follows the weight.
    pub centred: u32,
    pub pad_0: u32,
    pub pad_1: u32,
}

/// See the module.
#[derive(Debug)]
pub struct RmsNorm {
    pub params: Params,
    pub x: BufferId,    // (tokens, width)
    pub weight: PackId, // (width), or weight and bias: (2, width)
    pub y: BufferId,    // (tokens or logits, width)
}

impl Kernel for RmsNorm {
    fn stem(&self) -> &'static str {
        "rms_norm"
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.x), Bind::Weights(self.weight), Bind::Write(self.y)]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        if self.params.logits_only == 1 { batch.n_logits } else { batch.n_tokens }
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Workgroups { x: 1, y: self.tokens(batch) }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        if self.tokens(pass.batch) == 0 {
            return GroupWork::default();
        }
        GroupWork { weight_bytes: u64::from(self.params.width) * 4 * u64::from(1 + self.params.centred), ..GroupWork::default() }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (x, mut y) = (memory.f32(self.x), memory.f32_mut(self.y));
        cpu::rms_norm::rms_norm(&self.params, batch, &x, memory.vector(self.weight), &mut y);
    }
}
