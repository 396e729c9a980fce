//! What Q4_K and Q5_K have in common: `w = (d · scale) · q − (dmin · min)`, with a scale and a minimum of six
//! bits for each of a block's eight units. Minima meet the scaled sums of the activations.

use crate::fast::activations::Unit;
use crate::fast::rows::split;
use crate::fast::simd::Simd;

/// The scales and minima of eight blocks.
pub struct Scales<S: Simd> {
    d: S::Floats,
    d_min: S::Floats,
    /// Byte i of each word belongs to unit i, or 4 + i.
    scales: [S::Words; 2],
    mins: [S::Words; 2],
}

impl<S: Simd> Scales<S> {
    /// From the bytes that lanes begin with; the words after them too.
    #[inline(always)]
    pub fn of(simd: S, lanes: &[u8]) -> Option<(Self, &[[u8; 32]])> {
        let (d, rest) = lanes.split_first_chunk()?;
        let (d_min, words) = split(rest);
        let ([a, b, c], quants) = words.split_first_chunk()?;
        let [a, b, c] = [a, b, c].map(|words| simd.load(words));
        let six = |low| simd.and(low, 0x3f3f_3f3f);
        let upper = |four, two| {
            simd.or(
                simd.and(four, 0x0f0f_0f0f),
                simd.and(simd.down(two, 2), 0x3030_3030),
            )
        };
        let scales = Self {
            d: simd.halves(d),
            d_min: simd.halves(d_min),
            scales: [six(a), upper(c, a)],
            mins: [six(b), upper(simd.down(c, 4), b)],
        };
        Some((scales, quants))
    }
}

/// Where a block's elements are.
pub trait Elements {
    /// Elements 4k … 4k + 3 of a unit.
    fn word<S: Simd>(&self, simd: S, unit: usize, k: usize) -> S::Words;
}

/// Sums of eight blocks for T tokens, before `d` and `dmin`.
pub struct BlockSums<S: Simd, const T: usize> {
    scaled: [S::Floats; T],
    mins: [S::Floats; T],
}

impl<S: Simd, const T: usize> BlockSums<S, T> {
    #[inline(always)]
    pub fn new(simd: S) -> Self {
        let zero = [simd.splat_float(0.0); T];
        Self {
            scaled: zero,
            mins: zero,
        }
    }

    /// Adds the products of all units; `x` are the block's.
    #[inline(always)]
    pub fn add_all(&mut self, simd: S, scales: &Scales<S>, x: [&[Unit]; T], elements: &impl Elements) {
        match T {
            // Two that share bytes, at once; for more tokens there are not registers enough.
            1 | 2 => {
                for pair in 0..4 {
                    self.add_units::<2>(simd, scales, 2 * pair, x, elements);
                }
            }
            _ => {
                for unit in 0..8 {
                    self.add_units::<1>(simd, scales, unit, x, elements);
                }
            }
        }
    }

    /// N units from number `first` on.
    #[inline(always)]
    fn add_units<const N: usize>(
        &mut self,
        simd: S,
        scales: &Scales<S>,
        first: usize,
        x: [&[Unit]; T],
        elements: &impl Elements,
    ) {
        let mut products = [[simd.splat(0); T]; N];
        for k in 0..8 {
            for (unit, products) in (first..).zip(&mut products) {
                let u = elements.word(simd, unit, k);
                for (x, products) in x.iter().zip(products) {
                    *products = simd.dot(*products, simd.splat(x[unit].word(k)), u);
                }
            }
        }
        for (unit, products) in (first..).zip(products) {
            self.add_scaled(simd, scales, unit, products, x);
        }
    }

    #[inline(always)]
    fn add_scaled(
        &mut self,
        simd: S,
        scales: &Scales<S>,
        unit: usize,
        products: [S::Words; T],
        x: [&[Unit]; T],
    ) {
        let byte = |of: [S::Words; 2]| simd.and(simd.down(of[unit / 4], 8 * (unit % 4) as u32), 255);
        let (scale, min) = (byte(scales.scales), simd.floats(byte(scales.mins)));
        for (t, products) in products.into_iter().enumerate() {
            let x = &x[t][unit];
            let products = simd.floats(simd.times(products, scale));
            let scaled = simd.multiply(products, simd.splat_float(x.scale));
            self.scaled[t] = simd.add(self.scaled[t], scaled);
            self.mins[t] = simd.add(self.mins[t], simd.multiply(min, simd.splat_float(x.sum)));
        }
    }

    /// Adds the whole blocks to the rows' sums.
    #[inline(always)]
    pub fn add_to(self, simd: S, scales: &Scales<S>, sums: &mut [S::Floats; T]) {
        for ((sum, scaled), mins) in sums.iter_mut().zip(self.scaled).zip(self.mins) {
            *sum = simd.add(*sum, simd.multiply(scales.d, scaled));
            *sum = simd.subtract(*sum, simd.multiply(scales.d_min, mins));
        }
    }
}
