//! Q5_0: `w = d · (q − 16)`; the 16 is taken off the sum of the activations.

use crate::fast::activations::Unit;
use crate::fast::rows::{Packed, half};
use crate::fast::simd::Simd;

pub struct Q5_0;

impl Packed for Q5_0 {
    type Block = [u8; 22];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 22],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let [d0, d1, h0, h1, h2, h3, low_bits @ ..] = block;
        let d = half([*d0, *d1]);
        let high_bits = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
        let u = simd.or(simd.nibbles(low_bits), simd.sixteens(high_bits));
        for (x, sum) in x.iter().zip(sums) {
            let x = &x[at];
            let products = simd.products(simd.first(-16 * x.total()), simd.load(&x.q), u);
            *sum = simd.add_scaled(*sum, products, d * x.scale);
        }
    }
}
