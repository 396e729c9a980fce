//! The vector instructions that quantized products need, under one trait.
//!
//! A vector of [`Simd::Bytes`] holds 32 bytes: one unit, the elements that share an activation scale.
//! Weights come as bytes of 0 … 127, activations as signed bytes, so that a unit's dot product is one
//! or two instructions where the processor has them. The integers are exact, and floats are added in the
//! same order everywhere: all implementations give the same bits.
//!
//! | implementation | where | a unit's dot product |
//! |---|---|---|
//! | [`wasm`] | wasm32 with simd128 | 2 × relaxed dot, or 4 extended multiplications |
//! | [`avx2`] | x86-64, found at run time | `vpmaddubsw`, `vpmaddwd` |
//! | [`plain`] | everywhere else | loops that compilers may vectorise |

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod plain;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

/// See the module. Every method is inlined into its caller, whose instructions it takes part in.
pub trait Simd: Copy {
    /// 32 bytes.
    type Bytes: Copy;
    /// Four `i32` lanes over which a unit's products are spread: lane i has those of bytes 4i … 4i + 3 of
    /// both halves.
    type Sums: Copy;
    /// Four `f32` lanes.
    type Floats: Copy;

    /// 32 bytes as they are.
    fn load(self, bytes: &[u8; 32]) -> Self::Bytes;
    /// The low halves of 16 bytes, then their high halves.
    fn nibbles(self, bytes: &[u8; 16]) -> Self::Bytes;
    /// 16 in each byte whose bit is set; bit i belongs to byte i.
    fn sixteens(self, bits: u32) -> Self::Bytes;
    /// `table[byte]`, for bytes below 16.
    fn lookup(self, table: &[u8; 16], bytes: Self::Bytes) -> Self::Bytes;
    /// Bits that are in `mask` too.
    fn and(self, bytes: Self::Bytes, mask: u8) -> Self::Bytes;
    /// Bits of either.
    fn or(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// Bits shifted up in pairs of bytes: mask first what would cross.
    fn up(self, bytes: Self::Bytes, bits: u32) -> Self::Bytes;
    /// Bits shifted down in pairs of bytes: mask afterwards what has crossed.
    fn down(self, bytes: Self::Bytes, bits: u32) -> Self::Bytes;

    /// Lanes of which the first is `value` and the others are 0.
    fn first(self, value: i32) -> Self::Sums;
    /// `start` plus the products of signed bytes `x` with bytes `u` of 0 … 127.
    fn products(self, start: Self::Sums, x: Self::Bytes, u: Self::Bytes) -> Self::Sums;
    /// The same from 0 with signed bytes `w`, of which −128 counts as −127.
    fn signed_products(self, x: Self::Bytes, w: Self::Bytes) -> Self::Sums;

    /// No sum yet.
    fn zero(self) -> Self::Floats;
    /// `sum + scale · products`
    fn add_scaled(self, sum: Self::Floats, products: Self::Sums, scale: f32) -> Self::Floats;
    /// `sum + Σ over both halves h of scales[h] · (Σ x·u + starts[h])`, halves of 16 bytes.
    fn add_halves(
        self,
        sum: Self::Floats,
        x: Self::Bytes,
        u: Self::Bytes,
        starts: [i32; 2],
        scales: [f32; 2],
    ) -> Self::Floats;
    /// `sum − lanes`
    fn subtract(self, sum: Self::Floats, lanes: [f32; 4]) -> Self::Floats;
    /// The sum of all lanes.
    fn total(self, sum: Self::Floats) -> f32;
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
                let x: [u8; 32] = std::array::from_fn(|i| (byte(i).cast_signed().max(-127)).cast_unsigned());
                let w: [u8; 32] = std::array::from_fn(|i| byte(i + 32));
                let table: [u8; 16] = std::array::from_fn(|i| byte(i + 64) & 127);
                let low: [u8; 16] = std::array::from_fn(|i| byte(i + 80));
                let (x, w) = (s.load(&x), s.load(&w));
                let looked_up = s.lookup(&table, s.nibbles(&low));
                let shifted = s.or(s.up(s.and(w, 3), 4), s.and(s.down(w, 4), 15));
                let bits = s.or(s.sixteens(seed.wrapping_mul(0x9e37_79b9)), s.nibbles(&low));
                let mut sum = s.zero();
                for u in [looked_up, shifted, bits] {
                    sum = s.add_scaled(sum, s.products(s.first(-8 * seed as i32), x, u), 0.37);
                    sum = s.add_halves(sum, x, u, [-3, seed as i32], [0.1, -0.7]);
                }
                sum = s.add_scaled(sum, s.signed_products(x, w), 1.3e-3);
                out.push(s.total(s.subtract(sum, [0.1, 0.2, 0.3, 0.4])).to_bits());
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
