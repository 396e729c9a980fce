//! Q4_K: the low four bits of one unit and the high four of the next share bytes.

use super::scales::{BlockSums, Elements, Scales};
use crate::fast::activations::Unit;
use crate::fast::lanes::{Pieces, one, words};
use crate::fast::rows::Packed;
use crate::fast::simd::Simd;

pub struct Q4K;

impl Packed for Q4K {
    type Group = [u8; 8 * 144];
    const PIECES: Pieces = &[one(2), one(2), words(3), words(32)];
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

        let x = x.map(|x| &x[8 * at..][..8]);
        let mut of_block = BlockSums::new(simd);
        of_block.add_all(simd, &scales, x, &Nibbles(quants));
        of_block.add_to(simd, &scales, sums);
    }
}

/// Eight words of bytes for two units.
struct Nibbles<'a>(&'a [[u8; 32]]);

impl Elements for Nibbles<'_> {
    #[inline(always)]
    fn word<S: Simd>(&self, simd: S, unit: usize, k: usize) -> S::Words {
        let both = simd.load(&self.0[unit / 2 * 8 + k]);
        simd.and(simd.down(both, 4 * (unit % 2) as u32), 0x0f0f_0f0f)
    }
}
