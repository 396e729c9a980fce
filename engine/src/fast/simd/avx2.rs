//! x86-64 vectors of 32 bytes: a unit. `pulp` knows at run time whether the processor has them.
//! Sums are folded to four lanes, and products not fused into them, so that floats are the same bits
//! as in a browser.

use core::arch::x86_64::{__m128, __m128i, __m256i};

use pulp::x86::V3;

use super::{Simd, Work};

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
    fn splat(self, byte: u8) -> __m256i {
        self.0.avx._mm256_set1_epi8(byte as i8)
    }

    /// Products of a unit in eight lanes. Two of at most 127 · 128 fit 16 bits.
    #[inline(always)]
    fn eight(self, x: __m256i, u: __m256i) -> __m256i {
        let pairs = self.0.avx2._mm256_maddubs_epi16(u, x);
        self.0
            .avx2
            ._mm256_madd_epi16(pairs, self.0.avx._mm256_set1_epi16(1))
    }

    /// Both halves the same.
    #[inline(always)]
    fn twice(self, bytes: &[u8; 16]) -> __m256i {
        let bytes: __m128i = bytemuck::pod_read_unaligned(bytes);
        self.0.avx2._mm256_broadcastsi128_si256(bytes)
    }
}

impl Simd for Avx2 {
    type Bytes = __m256i;
    type Sums = __m128i;
    type Floats = __m128;

    #[inline(always)]
    fn load(self, bytes: &[u8; 32]) -> __m256i {
        bytemuck::pod_read_unaligned(bytes)
    }

    #[inline(always)]
    fn nibbles(self, bytes: &[u8; 16]) -> __m256i {
        let both = self.twice(bytes);
        let high = self.0.avx2._mm256_srli_epi16::<4>(both);
        let halves = self.0.avx2._mm256_blend_epi32::<0b1111_0000>(both, high);
        self.and(halves, 15)
    }

    #[inline(always)]
    fn sixteens(self, bits: u32) -> __m256i {
        const SPREAD: [u8; 32] = {
            let mut spread = [0; 32];
            let mut i = 0;
            while i < 32 {
                spread[i] = (i / 8) as u8;
                i += 1;
            }
            spread
        };
        let all = self.0.avx._mm256_set1_epi32(bits.cast_signed());
        let bytes = self.0.avx2._mm256_shuffle_epi8(all, self.load(&SPREAD));
        let masks = self
            .0
            .avx
            ._mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        let set = self
            .0
            .avx2
            ._mm256_cmpeq_epi8(self.0.avx2._mm256_and_si256(bytes, masks), masks);
        self.and(set, 16)
    }

    #[inline(always)]
    fn lookup(self, table: &[u8; 16], bytes: __m256i) -> __m256i {
        self.0.avx2._mm256_shuffle_epi8(self.twice(table), bytes)
    }

    #[inline(always)]
    fn and(self, bytes: __m256i, mask: u8) -> __m256i {
        self.0.avx2._mm256_and_si256(bytes, self.splat(mask))
    }

    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_or_si256(a, b)
    }

    #[inline(always)]
    fn up(self, bytes: __m256i, bits: u32) -> __m256i {
        let bits = self.0.sse2._mm_cvtsi32_si128(bits as i32);
        self.0.avx2._mm256_sll_epi16(bytes, bits)
    }

    #[inline(always)]
    fn down(self, bytes: __m256i, bits: u32) -> __m256i {
        let bits = self.0.sse2._mm_cvtsi32_si128(bits as i32);
        self.0.avx2._mm256_srl_epi16(bytes, bits)
    }

    #[inline(always)]
    fn first(self, value: i32) -> __m128i {
        self.0.sse2._mm_cvtsi32_si128(value)
    }

    #[inline(always)]
    fn products(self, start: __m128i, x: __m256i, u: __m256i) -> __m128i {
        let eight = self.eight(x, u);
        let low = self
            .0
            .sse2
            ._mm_add_epi32(start, self.0.avx._mm256_castsi256_si128(eight));
        self.0
            .sse2
            ._mm_add_epi32(low, self.0.avx2._mm256_extracti128_si256::<1>(eight))
    }

    #[inline(always)]
    fn signed_products(self, x: __m256i, w: __m256i) -> __m128i {
        let w = self.0.avx2._mm256_max_epi8(w, self.splat(-127i8 as u8));
        let turned = self.0.avx2._mm256_sign_epi8(x, w);
        self.products(self.first(0), turned, self.0.avx2._mm256_abs_epi8(w))
    }

    #[inline(always)]
    fn zero(self) -> __m128 {
        self.0.sse._mm_setzero_ps()
    }

    #[inline(always)]
    fn add_scaled(self, sum: __m128, products: __m128i, scale: f32) -> __m128 {
        let products = self.0.sse2._mm_cvtepi32_ps(products);
        self.0.sse._mm_add_ps(
            sum,
            self.0.sse._mm_mul_ps(products, self.0.sse._mm_set1_ps(scale)),
        )
    }

    #[inline(always)]
    fn add_halves(self, sum: __m128, x: __m256i, u: __m256i, starts: [i32; 2], scales: [f32; 2]) -> __m128 {
        let eight = self.eight(x, u);
        let low = self.0.avx._mm256_castsi256_si128(eight);
        let high = self.0.avx2._mm256_extracti128_si256::<1>(eight);
        let low = self.0.sse2._mm_add_epi32(self.first(starts[0]), low);
        let high = self.0.sse2._mm_add_epi32(self.first(starts[1]), high);
        self.add_scaled(self.add_scaled(sum, low, scales[0]), high, scales[1])
    }

    #[inline(always)]
    fn subtract(self, sum: __m128, lanes: [f32; 4]) -> __m128 {
        self.0.sse._mm_sub_ps(sum, bytemuck::cast(lanes))
    }

    #[inline(always)]
    fn total(self, sum: __m128) -> f32 {
        let [a, b, c, d]: [f32; 4] = bytemuck::cast(sum);
        (a + b) + (c + d)
    }
}
