//! Q8_0: `w = d · q`.

use crate::fast::activations::Unit;
use crate::fast::rows::{Packed, half};
use crate::fast::simd::Simd;

pub struct Q8_0;

impl Packed for Q8_0 {
    type Block = [u8; 34];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 34],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let [d0, d1, quants @ ..] = block;
        let d = half([*d0, *d1]);
        let w = simd.load(quants);
        for (x, sum) in x.iter().zip(sums) {
            let x = &x[at];
            let products = simd.signed_products(simd.load(&x.q), w);
            *sum = simd.add_scaled(*sum, products, d * x.scale);
        }
    }
}
