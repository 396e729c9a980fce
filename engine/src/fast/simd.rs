//! The vector instructions that quantized products need, under one trait.
//!
//! Eight rows of weights are multiplied at once, a row to a lane: a vector of [`Simd::Words`] holds a word
//! of each row, often four elements as bytes, and [`Simd::splat`] gives every lane the same four activations.
//! So nothing is added across lanes, and what rows have once (scales) is computed for all eight together.
//! The integers are exact, and floats are added in the same order everywhere: all implementations give the
//! same bits.
//!
//! | implementation | where | four products |
//! |---|---|---|
//! | [`wasm`] | wasm32 with simd128 | relaxed dot, or extended multiplications |
//! | [`avx2`] | x86-64, found at run time | `vpmaddubsw`, `vpmaddwd` |
//! | [`plain`] | everywhere else | loops that compilers may vectorise |

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod plain;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

/// Rows multiplied together: the lanes of a vector.
pub const LANES: usize = 8;

/// See the module. Every method is inlined into its caller, whose instructions it takes part in.
pub trait Simd: Copy {
    /// Eight lanes of 32 bits.
    type Words: Copy;
    /// Eight `f32` lanes.
    type Floats: Copy;

    /// A word of each row.
    fn load(self, words: &[u8; 32]) -> Self::Words;
    /// A byte for each row.
    fn widen(self, bytes: &[u8; LANES]) -> Self::Words;
    /// The same word in every lane.
    fn splat(self, word: u32) -> Self::Words;
    /// Bits that are in `mask` too.
    fn and(self, words: Self::Words, mask: u32) -> Self::Words;
    /// Bits of either.
    fn or(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// Bits shifted up.
    fn up(self, words: Self::Words, bits: u32) -> Self::Words;
    /// Bits shifted down.
    fn down(self, words: Self::Words, bits: u32) -> Self::Words;
    /// Byte `which` of each word, with its sign.
    fn signed_byte(self, words: Self::Words, which: u32) -> Self::Words;
    /// `table[byte]`, for bytes below 16.
    fn lookup(self, table: &[u8; 16], bytes: Self::Words) -> Self::Words;
    /// Products of integers.
    fn times(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// `sum + Σ x·u` over the four bytes of a lane: `x` of −127 … 127, `u` of 0 … 127.
    fn dot(self, sum: Self::Words, x: Self::Words, u: Self::Words) -> Self::Words;
    /// The same with `w` of −128 … 127, added to the difference between two sums.
    fn signed_dot(self, sums: [Self::Words; 2], x: Self::Words, w: Self::Words) -> [Self::Words; 2];
    /// `a + b`
    fn plus(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// `a − b`
    fn less(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// Integers as floats, rounded to the nearest.
    fn floats(self, words: Self::Words) -> Self::Floats;
    /// Words as the bits of floats.
    fn bits(self, words: Self::Words) -> Self::Floats;
    /// Half floats, all finite.
    fn halves(self, halves: &[u8; 16]) -> Self::Floats;
    /// The same float in every lane.
    fn splat_float(self, float: f32) -> Self::Floats;
    /// Lane by lane.
    fn load_floats(self, floats: &[f32; LANES]) -> Self::Floats;
    fn multiply(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn subtract(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The larger; none of them is a NaN.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn store(self, floats: Self::Floats) -> [f32; LANES];
}

/// Something to do with whatever vectors there are.
pub trait Work {
    type Out;
    fn run<S: Simd>(self, simd: S) -> Self::Out;
}

/// Does it with the widest vectors of this processor.
pub fn with_simd<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = avx2::Avx2::find() {
        return simd.run(work);
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return work.run(wasm::Wasm);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    work.run(plain::Plain)
}

/// Which vectors those are.
pub fn name() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if avx2::Avx2::find().is_some() {
        return "AVX2";
    }
    match cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
        true if cfg!(target_feature = "relaxed-simd") => "wasm relaxed SIMD",
        true => "wasm SIMD",
        false => "no SIMD",
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// Everything the trait can do, with bytes from a counter, as bits.
    struct Everything;

    impl Work for Everything {
        type Out = Vec<u32>;

        fn run<S: Simd>(self, s: S) -> Vec<u32> {
            let mut out = Vec::new();
            for seed in 0..200u32 {
                let byte = |i: usize| {
                    ((i as u32 + 1).wrapping_mul(seed.wrapping_mul(2_654_435_761) | 1) >> 13) as u8
                };
                let signed = |i: usize| byte(i).cast_signed().max(-127).cast_unsigned();
                let x = s.splat(u32::from_le_bytes([signed(0), signed(1), signed(2), signed(3)]));
                let words = s.load(&std::array::from_fn(|i| byte(i + 32)));
                let table: [u8; 16] = std::array::from_fn(|i| byte(i + 64) & 127);
                let halves: [u8; 16] = std::array::from_fn(|i| byte(i + 80) & 0xbb);
                let looked_up = s.lookup(&table, s.and(words, 0x0f0f_0f0f));
                let shifted = s.or(
                    s.up(s.and(words, 0x0303_0303), 4),
                    s.and(s.down(words, 4), 0x0f0f_0f0f),
                );
                let mut sum = s.load_floats(&std::array::from_fn(|lane| lane as f32 * 0.1));
                for u in [looked_up, shifted] {
                    let products = s.dot(s.splat(seed.wrapping_neg()), x, u);
                    let scaled = s.times(products, s.signed_byte(words, seed % 4));
                    sum = s.add(sum, s.multiply(s.floats(scaled), s.halves(&halves)));
                }
                let [more, less] = s.signed_dot([s.splat(seed), s.splat(0)], x, words);
                let bytes = s.widen(&std::array::from_fn(|i| byte(i + 96)));
                let products = s.floats(s.plus(s.less(more, less), bytes));
                sum = s.max(sum, s.bits(s.up(bytes, 23)));
                sum = s.subtract(sum, s.multiply(products, s.splat_float(1.3e-3)));
                out.extend(s.store(sum).map(f32::to_bits));
            }
            out
        }
    }

    #[test]
    fn all_vectors_give_the_same_bits() {
        let plain = Everything.run(plain::Plain);
        assert!(plain.iter().any(|bits| *bits != plain[0]));
        assert_eq!(with_simd(Everything), plain);
    }
}
