//! MXFP4: `w = 2^(e − 128) · value`; values are looked up with 12 added, which is then taken off the sum
//! of the activations.

use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::{Packed, add_scaled};
use crate::fast::simd::Simd;

pub struct Mxfp4;

/// Twice what the codes stand for, and 12.
const VALUES: [u8; 16] = [12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0];

impl Packed for Mxfp4 {
    type Group = [u8; 8 * 17];
    const PIECES: Pieces = &[one(1), words(4)];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        group: &Self::Group,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let Some((exponents, codes)) = group.split_first_chunk() else {
            return;
        };
        let d = scales(simd, exponents);
        let x = x.map(|x| &x[at]);
        let mut products = x.map(|x| simd.splat((-12 * x.total()).cast_unsigned()));
        for (k, both) in codes.as_chunks().0.iter().enumerate() {
            let both = simd.load(both);
            let low = simd.lookup(&VALUES, simd.and(both, 0x0f0f_0f0f));
            let high = simd.lookup(&VALUES, simd.and(simd.down(both, 4), 0x0f0f_0f0f));
            for (x, products) in x.iter().zip(&mut products) {
                *products = simd.dot(*products, simd.splat(x.word(k)), low);
                *products = simd.dot(*products, simd.splat(x.word(4 + k)), high);
            }
        }
        add_scaled(simd, sums, products, d, x);
    }
}

/// `2^(e − 128)`: half of the float whose exponent is e, or what e = 0 stands for.
#[inline(always)]
fn scales<S: Simd>(simd: S, exponents: &[u8; 8]) -> S::Floats {
    let floats = simd.bits(simd.up(simd.widen(exponents), 23));
    let least = f32::from_bits(1 << 21);
    simd.max(simd.multiply(floats, simd.splat_float(0.5)), simd.splat_float(least))
}
