//! MXFP4: `w = 2^(e − 128) · value`; values are looked up with 12 added, which is then taken off the sum
//! of the activations.

use crate::fast::activations::Unit;
use crate::fast::rows::Packed;
use crate::fast::simd::Simd;
use crate::quant::mxfp4_scale;

pub struct Mxfp4;

/// Twice what the codes stand for, and 12.
const VALUES: [u8; 16] = [12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0];

impl Packed for Mxfp4 {
    type Block = [u8; 17];
    const UNITS: usize = 1;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 17],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let [exponent, codes @ ..] = block;
        let d = mxfp4_scale(*exponent);
        let u = simd.lookup(&VALUES, simd.nibbles(codes));
        for (x, sum) in x.iter().zip(sums) {
            let x = &x[at];
            let products = simd.products(simd.first(-12 * x.total()), simd.load(&x.q), u);
            *sum = simd.add_scaled(*sum, products, d * x.scale);
        }
    }
}
