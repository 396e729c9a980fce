//! Q5_0: `w = d · (q − 16)`, with the fifth bits of a row's 32 elements in a word; the 16 is taken off the
//! sum of the activations.

use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::{Packed, add_scaled, split};
use crate::fast::simd::Simd;

pub struct Q5_0;

impl Packed for Q5_0 {
    type Group = [u8; 8 * 22];
    const PIECES: Pieces = &[one(2), words(1), words(4)];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        group: &Self::Group,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let (d, [high_bits, low_bits @ ..]) = split(group) else {
            return;
        };
        let d = simd.halves(d);
        let high_bits = simd.load(high_bits);
        let x = x.map(|x| &x[at]);
        let mut products = x.map(|x| simd.splat((-16 * x.total()).cast_unsigned()));
        for (k, both) in low_bits.iter().enumerate() {
            let both = simd.load(both);
            for (word, low) in [(k, both), (4 + k, simd.down(both, 4))] {
                let u = simd.or(simd.and(low, 0x0f0f_0f0f), sixteens(simd, high_bits, 4 * word as u32));
                for (x, products) in x.iter().zip(&mut products) {
                    *products = simd.dot(*products, simd.splat(x.word(word)), u);
                }
            }
        }
        add_scaled(simd, sums, products, d, x);
    }
}

/// 16 in each byte whose bit is set, of the four bits from bit `first` on.
#[inline(always)]
fn sixteens<S: Simd>(simd: S, bits: S::Words, first: u32) -> S::Words {
    let four = simd.and(simd.down(bits, first), 15);
    // Four copies, in each of which another bit stands at place 4 of its byte.
    simd.and(simd.times(four, simd.splat(0x0204_0810)), 0x1010_1010)
}
