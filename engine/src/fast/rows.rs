//! Rows of quantized weights times quantized activations.
//!
//! Several rows are multiplied at once, so that activations are read once for them; while prefilling,
//! each decoded unit of weights serves several tokens too.

use std::marker::PhantomData;

use super::activations::Unit;
use super::simd::{Simd, Work, with_simd};
use super::unpack::float;

/// How a weight format is multiplied. One file per format beside this one.
pub trait Packed {
    /// The format's block: an array of bytes.
    type Block: bytemuck::Pod;
    /// Units of a block.
    const UNITS: usize;

    /// Adds block number `at` of a row times the activations of T tokens to their sums.
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &Self::Block,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    );
}

/// A half-precision scale.
#[inline(always)]
pub fn half(bytes: [u8; 2]) -> f32 {
    float(u16::from_le_bytes(bytes))
}

/// Multiplies whole rows of a format with T tokens. `out`: as many products as rows, for each token.
pub fn multiply<P: Packed, const T: usize>(
    rows: &[u8],
    row_bytes: usize,
    x: [&[Unit]; T],
    out: [&mut [f32]; T],
) {
    with_simd(Product::<P, T> {
        rows,
        row_bytes,
        x,
        out,
        format: PhantomData,
    });
}

struct Product<'a, P, const T: usize> {
    rows: &'a [u8],
    row_bytes: usize,
    x: [&'a [Unit]; T],
    out: [&'a mut [f32]; T],
    format: PhantomData<P>,
}

impl<P: Packed, const T: usize> Work for Product<'_, P, T> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        // As many sums as registers hold: 4 rows of one or two tokens, or 2 rows of four.
        let done = match T {
            1 | 2 => self.groups::<S, 4>(simd, 0),
            _ => self.groups::<S, 2>(simd, 0),
        };
        self.groups::<S, 1>(simd, done);
    }
}

impl<P: Packed, const T: usize> Product<'_, P, T> {
    /// Groups of R rows from row `first` on, as long as they are whole. Returns the row after them.
    #[inline(always)]
    fn groups<S: Simd, const R: usize>(&mut self, simd: S, first: usize) -> usize {
        let groups = self.rows[first * self.row_bytes..].chunks_exact(R * self.row_bytes);
        let mut row = first;
        for group in groups {
            let products = some_rows::<P, S, R, T>(simd, group, self.row_bytes, self.x);
            for (row, products) in (row..).zip(products) {
                for (out, product) in self.out.iter_mut().zip(products) {
                    out[row] = product;
                }
            }
            row += R;
        }
        row
    }
}

/// R rows times T tokens.
#[inline(always)]
fn some_rows<P: Packed, S: Simd, const R: usize, const T: usize>(
    simd: S,
    rows: &[u8],
    row_bytes: usize,
    x: [&[Unit]; T],
) -> [[f32; T]; R] {
    let n_blocks = row_bytes / size_of::<P::Block>();
    let rows: [&[P::Block]; R] =
        std::array::from_fn(|row| &bytemuck::cast_slice(&rows[row * row_bytes..][..row_bytes])[..n_blocks]);
    let x = x.map(|x| &x[..n_blocks * P::UNITS]);
    let mut sums = [[simd.zero(); T]; R];
    for at in 0..n_blocks {
        for (row, sums) in rows.iter().zip(&mut sums) {
            P::add(simd, &row[at], at, x, sums);
        }
    }
    sums.map(|sums| sums.map(|sum| simd.total(sum)))
}
