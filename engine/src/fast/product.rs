//! Any rows of any weights times any rows of activations: the one way into the products by format.

use std::ops::Range;

use super::activations::{Unit, quantize};
use super::lanes::LANES;
use super::packed::{Tile, tile};
use super::room;
use crate::cpu::{Weights, dot};

/// Rows of activations, as floats and, for formats that want them, as bytes.
pub struct Inputs<'a> {
    floats: &'a [f32],
    stride: usize,
    cols: usize,
    units: &'a [Unit],
}

impl<'a> Inputs<'a> {
    /// `n` rows of `cols` floats, `stride` apart; `units` is where the bytes go.
    pub fn new(
        weights: &Weights,
        floats: &'a [f32],
        n: usize,
        stride: usize,
        units: &'a mut Vec<Unit>,
    ) -> Self {
        let cols = weights.cols();
        let mut inputs = Self {
            floats,
            stride,
            cols,
            units: &[],
        };
        if weights.has_lanes() {
            let per_row = inputs.row_units();
            let units = room(units, n * per_row);
            for (row, units) in units.chunks_exact_mut(per_row).enumerate() {
                quantize(&floats[row * stride..][..cols], units);
            }
            inputs.units = units;
        }
        inputs
    }

    fn row_units(&self) -> usize {
        self.cols.div_ceil(32)
    }

    fn units(&self, row: usize) -> &'a [Unit] {
        let n = self.row_units();
        &self.units[row * n..][..n]
    }

    fn floats(&self, row: usize) -> &'a [f32] {
        &self.floats[row * self.stride..][..self.cols]
    }
}

/// `out[i]` = rows of the weights times row `chosen(i)` of the inputs. `(n, rows)`
pub fn product(
    weights: &Weights,
    rows: Range<usize>,
    inputs: &Inputs<'_>,
    chosen: &[u32],
    decoded: &mut Vec<f32>,
    out: &mut [f32],
) {
    let n_rows = rows.len();
    let Some(multiply) = tile(weights.format()).filter(|_| weights.has_lanes()) else {
        return decoded_product(weights, rows, inputs, chosen, decoded, out);
    };
    let (lanes, skip) = weights.lanes(rows);
    let group_bytes = LANES * weights.row_bytes();
    let (mut tokens, mut out) = (chosen, out);
    let x = |token: u32| inputs.units(token as usize);
    loop {
        match *tokens {
            [a, b, c, d, ref rest @ ..] => {
                let tile = Tile::Four([a, b, c, d].map(x), take(&mut out, n_rows));
                multiply(tile, lanes, group_bytes, skip);
                tokens = rest;
            }
            [a, b, ref rest @ ..] => {
                let tile = Tile::Two([a, b].map(x), take(&mut out, n_rows));
                multiply(tile, lanes, group_bytes, skip);
                tokens = rest;
            }
            [a, ref rest @ ..] => {
                let tile = Tile::One([x(a)], take(&mut out, n_rows));
                multiply(tile, lanes, group_bytes, skip);
                tokens = rest;
            }
            [] => return,
        }
    }
}

/// Cuts the next T rows off.
fn take<'a, const T: usize>(out: &mut &'a mut [f32], n_rows: usize) -> [&'a mut [f32]; T] {
    std::array::from_fn(|_| {
        let (row, rest) = std::mem::take(out).split_at_mut(n_rows);
        *out = rest;
        row
    })
}

/// Each row of weights decoded once for all inputs.
fn decoded_product(
    weights: &Weights,
    rows: Range<usize>,
    inputs: &Inputs<'_>,
    chosen: &[u32],
    decoded: &mut Vec<f32>,
    out: &mut [f32],
) {
    let n_rows = rows.len();
    let decoded = room(decoded, weights.cols());
    for (at, row) in rows.enumerate() {
        let row = weights.floats(row, decoded);
        for (chosen, out) in chosen.iter().zip(out.chunks_exact_mut(n_rows)) {
            out[at] = dot(row, inputs.floats(*chosen as usize));
        }
    }
}
