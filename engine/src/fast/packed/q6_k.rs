//! Q6_K: `w = (d · scale) · (q − 32)`, a scale per half unit; the 32 is taken off the sums of the
//! activations.

use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::Packed;
use crate::fast::simd::Simd;

pub struct Q6K;

impl Packed for Q6K {
    type Group = [u8; 8 * 210];
    const PIECES: Pieces = &[words(32), words(16), words(4), one(2)];
    const UNITS: usize = 8;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        group: &Self::Group,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let (all, d) = group.as_chunks::<32>();
        let Some((d, _)) = d.split_first_chunk() else { return };
        let (low_bits, rest) = all.split_at(32);
        let (high_bits, scales) = rest.split_at(16);
        let x = x.map(|x| &x[8 * at..][..8]);
        let mut of_block = [simd.splat_float(0.0); T];
        for unit in 0..8 {
            // Four units share their bytes: two the low ones, two the high ones; all four the high bits.
            let (which, k) = (unit / 4, unit % 4);
            let mut products = [simd.splat(0); T];
            for half in 0..2 {
                let mut of_half = x.map(|x| simd.splat((-32 * x[unit].halves[half]).cast_unsigned()));
                for word in 4 * half..4 * half + 4 {
                    let both = simd.load(&low_bits[16 * which + 8 * (k % 2) + word]);
                    let low = simd.and(simd.down(both, 4 * (k / 2) as u32), 0x0f0f_0f0f);
                    let high = simd.load(&high_bits[8 * which + word]);
                    let high = simd.and(simd.down(high, 2 * k as u32), 0x0303_0303);
                    let u = simd.or(low, simd.up(high, 4));
                    for (x, of_half) in x.iter().zip(&mut of_half) {
                        *of_half = simd.dot(*of_half, simd.splat(x[unit].word(word)), u);
                    }
                }
                let scale = simd.load(&scales[unit / 2]);
                let scale = simd.signed_byte(scale, (unit % 2 * 2 + half) as u32);
                for (products, of_half) in products.iter_mut().zip(of_half) {
                    *products = simd.plus(*products, simd.times(of_half, scale));
                }
            }
            for ((sum, products), x) in of_block.iter_mut().zip(products).zip(x) {
                let scale = simd.splat_float(x[unit].scale);
                *sum = simd.add(*sum, simd.multiply(simd.floats(products), scale));
            }
        }
        let d = simd.halves(d);
        for (sum, of_block) in sums.iter_mut().zip(of_block) {
            *sum = simd.add(*sum, simd.multiply(d, of_block));
        }
    }
}
