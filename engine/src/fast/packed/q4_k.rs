//! Q4_K: `w = (d · scale) · q − (dmin · min)`, a scale and a minimum per unit; minima meet the scaled
//! sums of the activations.

use crate::fast::activations::Unit;
use crate::fast::rows::{Packed, half};
use crate::fast::simd::Simd;

pub struct Q4K;

impl Packed for Q4K {
    type Block = [u8; 144];
    const UNITS: usize = 8;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        block: &[u8; 144],
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let scales = Scales::of(block);
        let x = x.map(|x| &x[8 * at..][..8]);
        let (quants, _) = block[16..].as_chunks::<32>();
        for (pair, quants) in quants.iter().enumerate() {
            let both = simd.load(quants);
            let units = [simd.and(both, 15), simd.and(simd.down(both, 4), 15)];
            for (half, u) in units.into_iter().enumerate() {
                let unit = 2 * pair + half;
                for (x, sum) in x.iter().zip(&mut *sums) {
                    let products = simd.products(simd.first(0), simd.load(&x[unit].q), u);
                    *sum = simd.add_scaled(*sum, products, scales.scale[unit] * x[unit].scale);
                }
            }
        }
        scales.subtract_minima(simd, x, sums);
    }
}

/// The scales and minima of a Q4_K or Q5_K block.
pub struct Scales {
    pub scale: [f32; 8],
    min: [f32; 8],
}

impl Scales {
    /// From the 16 bytes a block begins with.
    #[inline(always)]
    pub fn of(block: &[u8]) -> Self {
        let (d, d_min) = (half([block[0], block[1]]), half([block[2], block[3]]));
        let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        // Byte i of each word belongs to unit i, or 4 + i.
        let (a, b, c) = (word(4), word(8), word(12));
        let scales = [a & 0x3f3f_3f3f, c & 0x0f0f_0f0f | a >> 2 & 0x3030_3030];
        let mins = [b & 0x3f3f_3f3f, c >> 4 & 0x0f0f_0f0f | b >> 2 & 0x3030_3030];
        let floats = |words: [u32; 2], factor: f32| {
            let [low, high] = words.map(u32::to_le_bytes);
            std::array::from_fn(|i| f32::from(if i < 4 { low[i] } else { high[i - 4] }) * factor)
        };
        Self { scale: floats(scales, d), min: floats(mins, d_min) }
    }

    /// Takes `Σ min · Σ x` off the sums.
    #[inline(always)]
    pub fn subtract_minima<S: Simd, const T: usize>(
        &self,
        simd: S,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        for (x, sum) in x.iter().zip(sums) {
            let mut lanes = [0.0; 4];
            for unit in 0..8 {
                lanes[unit % 4] += self.min[unit] * x[unit].sum;
            }
            *sum = simd.subtract(*sum, lanes);
        }
    }
}
