//! Q5_K: as Q4_K, with a fifth bit of every element in 32 bytes: bit u of byte i is of element i of unit u.

use super::scales::{BlockSums, Elements, Scales};
use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::Packed;
use crate::fast::simd::Simd;

pub struct Q5K;

impl Packed for Q5K {
    type Group = [u8; 8 * 176];
    const PIECES: Pieces = &[one(2), one(2), words(3), words(40)];
    const UNITS: usize = 8;

    #[inline(always)]
    fn add<S: Simd, const T: usize>(
        simd: S,
        group: &Self::Group,
        at: usize,
        x: [&[Unit]; T],
        sums: &mut [S::Floats; T],
    ) {
        let Some((scales, quants)) = Scales::of(simd, group) else {
            return;
        };
        let (high_bits, low_bits) = quants.split_at(8);

        let x = x.map(|x| &x[8 * at..][..8]);
        let mut of_block = BlockSums::new(simd);
        of_block.add_all(simd, &scales, x, &FiveBits { low_bits, high_bits });
        of_block.add_to(simd, &scales, sums);
    }
}

/// Eight words of low bits for two units, and of high bits for all.
struct FiveBits<'a> {
    low_bits: &'a [[u8; 32]],
    high_bits: &'a [[u8; 32]],
}

impl Elements for FiveBits<'_> {
    #[inline(always)]
    fn word<S: Simd>(&self, simd: S, unit: usize, k: usize) -> S::Words {
        let (pair, n) = (unit / 2, (unit % 2) as u32);
        let low = simd.down(simd.load(&self.low_bits[pair * 8 + k]), 4 * n);
        // The shift that both units have in common, then each its own.
        let bits = simd.down(simd.load(&self.high_bits[k]), 2 * pair as u32);
        let high = simd.up(simd.and(bits, 0x0101_0101 << n), 4 - n);
        simd.or(simd.and(low, 0x0f0f_0f0f), high)
    }
}
