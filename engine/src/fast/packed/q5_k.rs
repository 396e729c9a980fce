//! Q5_K: as Q4_K, with a fifth bit of every element in 32 bytes: bit u of byte i is of element i of unit u.

use super::q4_k::Scales;
use crate::fast::activations::Unit;
use crate::fast::rows::Packed;
use crate::fast::simd::Simd;

pub struct Q5K;

impl Packed for Q5K {
    type Block = [u8; 176];
    const UNITS: usize = 8;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 176],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let scales = Scales::of(block);
        let x = x.map(|x| &x[8 * at..][..8]);
        let ([high_bits, low_bits @ ..], _) = block[16..].as_chunks::<32>() else { return };
        let high_bits = simd.load(high_bits);
        for (pair, low_bits) in low_bits.iter().enumerate() {
            let both = simd.load(low_bits);
            let low = [simd.and(both, 15), simd.and(simd.down(both, 4), 15)];
            for (half, low) in low.into_iter().enumerate() {
                let unit = 2 * pair + half;
                let bit = simd.and(simd.down(high_bits, unit as u32), 1);
                let u = simd.or(low, simd.up(bit, 4));
                for (x, sum) in x.iter().zip(&mut *sums) {
                    let products = simd.products(simd.first(0), simd.load(&x[unit].q), u);
                    *sum = simd.add_scaled(*sum, products, scales.scale[unit] * x[unit].scale);
                }
            }
        }
        scales.subtract_minima(simd, x, sums);
    }
}
