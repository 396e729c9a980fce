//! Matrix times activations: `y[t] = scale · (W · x[t] + bias)`, or the same added onto the
//! residual stream; or, in latent attention, a matrix per head times that head's part of x.

use std::borrow::Cow;

use super::{Batch, Bind, Grid, Kernel, LinkKind, Links, Pass, params, weight_bytes};
use crate::cpu;
use crate::fast;
use crate::plan::{BufferId, PackId};
use crate::quant::Format;
use crate::trace::GroupWork;

pub const LINKS: &[LinkKind] = &[LinkKind::Quant, LinkKind::Dot, LinkKind::Tile, LinkKind::Rows];

params! {
    /// Rows of W: outputs.
    pub rows: u32,
    /// Units of 32 elements per row of W.
    pub units: u32,
    pub x_stride: u32,
    pub y_stride: u32,
    /// First output column, so that several matrices can fill one row of y.
    pub y_offset: u32,
    /// 1: add to y instead of replacing it.
    pub accumulate: u32,
    /// 1: only the rows whose logits are wanted.
    pub logits_only: u32,
    /// 1: add a bias to every output.
    pub has_bias: u32,
    /// Factor on the outputs: Granite's residual and logit multipliers, else 1.
    pub scale: f32,
    /// Rows of one head, where each head has a matrix and a part of x of its own; 0: there are none.
    pub head_rows: u32,
    /// Elements of x from one head to the next: a multiple of 4.
    pub x_head: u32,
    /// Elements of y from one head to the next.
    pub y_head: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Matmul {
    pub params: Params,
    pub cols: u32,
    pub format: Format,
    pub weights: PackId,      // (rows, cols)
    pub bias: Option<PackId>, // (rows)
    pub x: BufferId,          // (tokens, cols)
    pub y: BufferId,          // (tokens, rows)
}

impl Kernel for Matmul {
    fn stem(&self) -> &'static str {
        "matmul"
    }

    fn links(&self) -> Links {
        Links { quant: Some(self.format), one_row: self.params.head_rows > 0, ..Links::default() }
    }

    fn params(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::bytes_of(&self.params))
    }

    fn bindings(&self) -> Vec<Bind> {
        let bias = self.bias.map_or(Bind::Unread(self.x), Bind::Weights);
        vec![Bind::Weights(self.weights), Bind::Read(self.x), bias, Bind::Write(self.y)]
    }

    fn tokens(&self, batch: Batch) -> u32 {
        if self.params.logits_only == 1 { batch.n_logits } else { batch.n_tokens }
    }

    fn grid(&self, batch: Batch, tile: u32) -> Grid {
        Grid::Rows { rows: self.params.rows, y: self.tokens(batch).div_ceil(tile), z: 1 }
    }

    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let tokens = u64::from(self.tokens(pass.batch));
        if tokens == 0 {
            return GroupWork::default();
        }
        let elements = u64::from(self.params.rows) * u64::from(self.cols);
        GroupWork {
            weight_bytes: weight_bytes(self.format, elements)
                + self.bias.map_or(0, |_| 4 * u64::from(self.params.rows)),
            operations: 2 * elements * tokens,
            ..GroupWork::default()
        }
    }

    fn split(&self) -> Option<(PackId, u32)> {
        let matrix_rows = match self.params.head_rows {
            0 => self.params.rows,
            head_rows => head_rows,
        };
        Some((self.weights, matrix_rows))
    }

    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch) {
        let (x, mut y) = (memory.f32(self.x), memory.f32_mut(self.y));
        let bias = self.bias.map(|bias| memory.vector(bias));
        cpu::matmul::matmul(&self.params, batch, memory.weights(self.weights), bias, &x, &mut y);
    }

    fn run_fast(&self, memory: &cpu::Memory, batch: Batch, scratch: &mut fast::Scratch) {
        let (x, mut y) = (memory.f32(self.x), memory.f32_mut(self.y));
        let bias = self.bias.map(|bias| memory.vector(bias));
        fast::matmul::matmul(&self.params, batch, memory.weights(self.weights), bias, &x, &mut y, scratch);
    }
}
