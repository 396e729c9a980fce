//! Rows of quantized weights times quantized activations, eight rows at once.
//!
//! While prefilling, each decoded unit of weights serves several tokens too.

use std::marker::PhantomData;

use super::activations::Unit;
use super::lanes::Pieces;
use super::simd::{LANES, Simd, Work, with_simd};

/// How a weight format is multiplied. One file per format beside this one.
pub trait Packed {
    /// Eight blocks as lanes: an array of bytes.
    type Group: bytemuck::Pod;
    /// What a block is made of.
    const PIECES: Pieces;
    /// Units of a block.
    const UNITS: usize;

    /// Adds block number `at` of eight rows times the activations of T tokens to their sums.
    fn add<S: Simd, const T: usize>(
        simd: S,
        group: &Self::Group,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    );
}

/// The half-precision scales that lanes begin with, and the words after them.
#[inline(always)]
pub fn split(lanes: &[u8]) -> (&[u8; 16], &[[u8; 32]]) {
    let (scales, words) = lanes.split_first_chunk().unwrap_or((&[0; 16], &[]));
    (scales, words.as_chunks().0)
}

/// `sums += products · d · scale` of the activations.
#[inline(always)]
pub fn add_scaled<S: Simd, const T: usize>(
    simd: S,
    sums: &mut [S::Floats; T],
    products: [S::Words; T],
    d: S::Floats,
    x: [&Unit; T],
) {
    for ((sum, products), x) in sums.iter_mut().zip(products).zip(x) {
        let scale = simd.multiply(d, simd.splat_float(x.scale));
        *sum = simd.add(*sum, simd.multiply(simd.floats(products), scale));
    }
}

/// Multiplies rows with T tokens. `lanes`: all the groups that have some of them, of `group_bytes` each;
/// `skip`: rows of the first group that are not asked for. `out`: as many products as rows, for each token.
pub fn multiply<P: Packed, const T: usize>(
    lanes: &[u8],
    group_bytes: usize,
    skip: usize,
    x: [&[Unit]; T],
    out: [&mut [f32]; T],
) {
    with_simd(Product::<P, T> {
        lanes,
        group_bytes,
        skip,
        x,
        out,
        format: PhantomData,
    });
}

struct Product<'a, P, const T: usize> {
    lanes: &'a [u8],
    group_bytes: usize,
    skip: usize,
    x: [&'a [Unit]; T],
    out: [&'a mut [f32]; T],
    format: PhantomData<P>,
}

impl<P: Packed, const T: usize> Work for Product<'_, P, T> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            lanes,
            group_bytes,
            skip,
            x,
            mut out,
            ..
        } = self;
        for (group, lanes) in lanes.chunks_exact(group_bytes).enumerate() {
            let sums = eight_rows::<P, S, T>(simd, lanes, x);
            for (out, sum) in out.iter_mut().zip(sums) {
                put(out, group * LANES, skip, simd.store(sum));
            }
        }
    }
}

/// Writes those of eight products that are asked for; `first` is the number of the first with the skipped.
#[inline(always)]
fn put(out: &mut [f32], first: usize, skip: usize, products: [f32; LANES]) {
    if let Some(start) = first.checked_sub(skip)
        && let Some(out) = out.get_mut(start..start + LANES)
    {
        out.copy_from_slice(&products);
        return;
    }
    for (row, product) in (first..).zip(products) {
        if let Some(out) = row.checked_sub(skip).and_then(|row| out.get_mut(row)) {
            *out = product;
        }
    }
}

/// Eight rows times T tokens.
#[inline(always)]
fn eight_rows<P: Packed, S: Simd, const T: usize>(simd: S, lanes: &[u8], x: [&[Unit]; T]) -> [S::Floats; T] {
    let groups: &[P::Group] = bytemuck::cast_slice(lanes);
    let x = x.map(|x| &x[..groups.len() * P::UNITS]);
    let mut sums = [simd.splat_float(0.0); T];
    for (at, group) in groups.iter().enumerate() {
        P::add(simd, group, at, x, &mut sums);
    }
    sums
}
