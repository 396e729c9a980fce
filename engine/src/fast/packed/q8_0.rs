//! Q8_0: `w = d · q`.

use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::{Packed, add_scaled, split};
use crate::fast::simd::Simd;

pub struct Q8_0;

impl Packed for Q8_0 {
    type Group = [u8; 8 * 34];
    const PIECES: Pieces = &[one(2), words(8)];
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
        let mut products = [[simd.splat(0); 2]; T];
        for (k, w) in quants.iter().enumerate() {
            let w = simd.load(w);
            for (x, products) in x.iter().zip(&mut products) {
                *products = simd.signed_dot(*products, simd.splat(x.word(k)), w);
            }
        }
        let products = products.map(|[more, less]| simd.less(more, less));
        add_scaled(simd, sums, products, d, x);
    }
}
