//! Q4_0: `w = d · (q − 8)`; the 8 is taken off the sum of the activations.

use crate::fast::activations::Unit;
use crate::fast::rows::{Packed, half};
use crate::fast::simd::Simd;

pub struct Q4_0;

impl Packed for Q4_0 {
    type Block = [u8; 18];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 18],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let [d0, d1, quants @ ..] = block;
        let d = half([*d0, *d1]);
        let u = simd.nibbles(quants);
        for (x, sum) in x.iter().zip(sums) {
            let x = &x[at];
            let products = simd.products(simd.first(-8 * x.total()), simd.load(&x.q), u);
            *sum = simd.add_scaled(*sum, products, d * x.scale);
        }
    }
}
