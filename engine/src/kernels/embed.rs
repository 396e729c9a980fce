//! Token embedding: the row of the embedding matrix that belongs to each token, decoded to f32.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, params, weight_bytes};
use crate::cpu;
use crate::plan::{BufferId, PackId};
use crate::quant::Format;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Quant];

params! {
    /// Units of 32 elements per row.
    pub units: u32,
    /// Rows bound; a token that has none of them leaves x as it is.
    pub n_rows: u32,
    pub x_stride: u32,
    /// Factor on the embedding: Granite's multiplier, else 1.
    pub scale: f32,
    /// The token the first of them belongs to.
    pub first_row: u32,
    pub pad_0: u32,
    pub pad_1: u32,
    pub pad_2: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Embed {
    pub params: Params,
    pub cols: u32,
    pub format: Format,
    pub tokens: BufferId, // (tokens) u32
    pub weights: PackId,  // (vocab, d_model)
    pub x: BufferId,      // (tokens, d_model)
}

impl Kernel for Embed {
    fn stem(&self) -> &'static str {
        "embed"
    }

    fn links(&self) -> Links {
        Links { quant: Some(self.format), ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        vec![Bind::Read(self.tokens), Bind::Weights(self.weights), Bind::Write(self.x)]
    }

    fn grid(&self, batch: Batch, _tile: u32) -> Grid {
        Grid::Invocations { x: self.params.units, y: batch.n_tokens }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        if self.params.first_row > 0 {
            return GroupWork::default(); // counted with the first part
        }
        let row_bytes = weight_bytes(self.format, u64::from(self.cols));
        GroupWork { weight_bytes: row_bytes * u64::from(pass.batch.n_tokens), ..GroupWork::default() }
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (tokens, mut x) = (memory.u32(self.tokens), memory.f32_mut(self.x));
        cpu::embed::embed(&self.params, batch, &tokens, memory.weights(self.weights), &mut x);
    }
}
