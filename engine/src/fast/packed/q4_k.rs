//! Q4_K: the low four bits of one unit and the high four of the next share bytes.

use super::scales::{BlockSums, Scales};
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
        for unit in 0..8 {
            let mut products = [simd.splat(0); T];
            for k in 0..8 {
                let both = simd.load(&quants[unit / 2 * 8 + k]);
                let u = simd.and(simd.down(both, 4 * (unit % 2) as u32), 0x0f0f_0f0f);
                for (x, products) in x.iter().zip(&mut products) {
                    *products = simd.dot(*products, simd.splat(x[unit].word(k)), u);
                }
            }
            of_block.add(simd, &scales, unit, products, x);
        }
        of_block.add_to(simd, &scales, sums);
    }
}
