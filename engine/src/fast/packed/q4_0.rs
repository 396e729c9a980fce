//! Q4_0: `w = d · (q − 8)`; the 8 is taken off the sum of the activations.

use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::{Packed, add_scaled, split};
use crate::fast::simd::Simd;

pub struct Q4_0;

impl Packed for Q4_0 {
    type Group = [u8; 8 * 18];
    const PIECES: Pieces = &[one(2), words(4)];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        group: &Self::Group,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let (d, quants) = split(group);
        let d = simd.halves(d);
        let x = x.map(|x| &x[at]);
        let mut products = x.map(|x| simd.splat((-8 * x.total()).cast_unsigned()));
        for (k, both) in quants.iter().enumerate() {
            let both = simd.load(both);
            let low = simd.and(both, 0x0f0f_0f0f);
            let high = simd.and(simd.down(both, 4), 0x0f0f_0f0f);
            for (x, products) in x.iter().zip(&mut products) {
                *products = simd.dot(*products, simd.splat(x.word(k)), low);
                *products = simd.dot(*products, simd.splat(x.word(4 + k)), high);
            }
        }
        add_scaled(simd, sums, products, d, x);
    }
}
