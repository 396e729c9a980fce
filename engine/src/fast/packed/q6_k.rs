//! Q6_K: `w = (d · scale) · (q − 32)`, a scale per half unit; the 32 is taken off the sums of the
//! activations.

use crate::fast::activations::Unit;
use crate::fast::rows::{Packed, half};
use crate::fast::simd::Simd;

pub struct Q6K;

impl Packed for Q6K {
    type Block = [u8; 210];
    const UNITS: usize = 8;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 210],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let d = half([block[208], block[209]]);
        let x = x.map(|x| &x[8 * at..][..8]);
        let (thirty_twos, _) = block.as_chunks::<32>();
        for which in 0..2 {
            let low_bits = [simd.load(&thirty_twos[2 * which]), simd.load(&thirty_twos[2 * which + 1])];
            let high_bits = simd.load(&thirty_twos[4 + which]);
            for k in 0..4 {
                let low = match k / 2 {
                    0 => low_bits[k % 2],
                    _ => simd.down(low_bits[k % 2], 4),
                };
                let high = simd.up(simd.and(simd.down(high_bits, 2 * k as u32), 3), 4);
                let u = simd.or(simd.and(low, 15), high);
                let unit = 4 * which + k;
                let scales = [0, 1].map(|half| d * f32::from(block[192 + 2 * unit + half].cast_signed()));
                for (x, sum) in x.iter().zip(&mut *sums) {
                    let x = &x[unit];
                    let (starts, scales) = (x.halves.map(|half| -32 * half), scales.map(|s| s * x.scale));
                    *sum = simd.add_halves(*sum, simd.load(&x.q), u, starts, scales);
                }
            }
        }
    }
}
