//! x86-64 vectors of eight words. `pulp` knows at run time whether the processor has them. Products are not
//! fused into sums, so that floats are the same bits as in a browser.

use core::arch::x86_64::{__m128i, __m256, __m256i};

use pulp::x86::V3;

use super::{LANES, Simd, Work};

/// See the module.
#[derive(Clone, Copy)]
pub struct Avx2(V3);

impl Avx2 {
    /// Where the processor has the instructions.
    pub fn find() -> Option<Self> {
        V3::try_new().map(Self)
    }

    /// Compiles the work for them.
    pub fn run<W: Work>(self, work: W) -> W::Out {
        struct Call<W>(Avx2, W);
        impl<W: Work> pulp::NullaryFnOnce for Call<W> {
            type Output = W::Out;
            #[inline(always)]
            fn call(self) -> W::Out {
                self.1.run(self.0)
            }
        }
        self.0.vectorize(Call(self, work))
    }

    #[inline(always)]
    fn count(self, bits: u32) -> __m128i {
        self.0.sse2._mm_cvtsi32_si128(bits.cast_signed())
    }

    #[inline(always)]
    fn both(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_and_si256(a, b)
    }
}

impl Simd for Avx2 {
    type Words = __m256i;
    type Floats = __m256;

    #[inline(always)]
    fn load(self, words: &[u8; 32]) -> __m256i {
        bytemuck::pod_read_unaligned(words)
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; LANES]) -> __m256i {
        let bytes = [u64::from_le_bytes(*bytes), 0];
        self.0.avx2._mm256_cvtepu8_epi32(bytemuck::cast(bytes))
    }

    #[inline(always)]
    fn splat(self, word: u32) -> __m256i {
        self.0.avx._mm256_set1_epi32(word.cast_signed())
    }

    #[inline(always)]
    fn and(self, words: __m256i, mask: u32) -> __m256i {
        self.both(words, self.splat(mask))
    }

    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_or_si256(a, b)
    }

    #[inline(always)]
    fn up(self, words: __m256i, bits: u32) -> __m256i {
        self.0.avx2._mm256_sll_epi32(words, self.count(bits))
    }

    #[inline(always)]
    fn down(self, words: __m256i, bits: u32) -> __m256i {
        self.0.avx2._mm256_srl_epi32(words, self.count(bits))
    }

    #[inline(always)]
    fn signed_byte(self, words: __m256i, which: u32) -> __m256i {
        self.0
            .avx2
            ._mm256_srai_epi32::<24>(self.up(words, 24 - 8 * which))
    }

    #[inline(always)]
    fn lookup(self, table: &[u8; 16], bytes: __m256i) -> __m256i {
        let table = self
            .0
            .avx2
            ._mm256_broadcastsi128_si256(bytemuck::pod_read_unaligned(table));
        self.0.avx2._mm256_shuffle_epi8(table, bytes)
    }

    #[inline(always)]
    fn times(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_mullo_epi32(a, b)
    }

    /// Two products of at most 127 · 128 fit 16 bits.
    #[inline(always)]
    fn dot(self, sum: __m256i, x: __m256i, u: __m256i) -> __m256i {
        let pairs = self.0.avx2._mm256_maddubs_epi16(u, x);
        let ones = self.0.avx._mm256_set1_epi16(1);
        self.0
            .avx2
            ._mm256_add_epi32(sum, self.0.avx2._mm256_madd_epi16(pairs, ones))
    }

    /// |w| times x with the sign of w; |−128| is a byte without sign.
    #[inline(always)]
    fn signed_dot(self, sums: [__m256i; 2], x: __m256i, w: __m256i) -> [__m256i; 2] {
        let (x, w) = (self.0.avx2._mm256_sign_epi8(x, w), self.0.avx2._mm256_abs_epi8(w));
        [self.dot(sums[0], x, w), sums[1]]
    }

    #[inline(always)]
    fn plus(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_add_epi32(a, b)
    }

    #[inline(always)]
    fn less(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_sub_epi32(a, b)
    }

    #[inline(always)]
    fn floats(self, words: __m256i) -> __m256 {
        self.0.avx._mm256_cvtepi32_ps(words)
    }

    #[inline(always)]
    fn bits(self, words: __m256i) -> __m256 {
        self.0.avx._mm256_castsi256_ps(words)
    }

    /// As [`float`](crate::fast::unpack::float).
    #[inline(always)]
    fn halves(self, halves: &[u8; 16]) -> __m256 {
        let words = self
            .0
            .avx2
            ._mm256_cvtepi16_epi32(bytemuck::pod_read_unaligned(halves));
        let bits = self.and(self.up(words, 13), 0x8fff_e000);
        let two_to_112 = self.splat_float(f32::from_bits((112 + 127) << 23));
        self.multiply(self.bits(bits), two_to_112)
    }

    #[inline(always)]
    fn splat_float(self, float: f32) -> __m256 {
        self.0.avx._mm256_set1_ps(float)
    }

    #[inline(always)]
    fn load_floats(self, floats: &[f32; LANES]) -> __m256 {
        bytemuck::cast(*floats)
    }

    #[inline(always)]
    fn multiply(self, a: __m256, b: __m256) -> __m256 {
        self.0.avx._mm256_mul_ps(a, b)
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        self.0.avx._mm256_add_ps(a, b)
    }

    #[inline(always)]
    fn subtract(self, a: __m256, b: __m256) -> __m256 {
        self.0.avx._mm256_sub_ps(a, b)
    }

    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        self.0.avx._mm256_max_ps(a, b)
    }

    #[inline(always)]
    fn store(self, floats: __m256) -> [f32; LANES] {
        bytemuck::cast(floats)
    }
}
