//! wasm vectors of four words, two for the eight rows. With relaxed SIMD four products of bytes are one
//! instruction; its operands are within the range in which every processor must give the same answer.

use core::arch::wasm32::*;

use super::{LANES, Simd};

/// See the module.
#[derive(Clone, Copy)]
pub struct Wasm;

fn vector(bytes: &[u8]) -> v128 {
    bytemuck::pod_read_unaligned(bytes)
}

#[inline(always)]
fn both(a: [v128; 2], b: [v128; 2], f: impl Fn(v128, v128) -> v128) -> [v128; 2] {
    [f(a[0], b[0]), f(a[1], b[1])]
}

/// `sum + Σ x·u` over quarters of 16 bytes.
#[inline(always)]
fn dot(sum: v128, x: v128, u: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return i32x4_relaxed_dot_i8x16_i7x16_add(x, u, sum);
    #[cfg(not(target_feature = "relaxed-simd"))]
    {
        let low = i32x4_extadd_pairwise_i16x8(i16x8_extmul_low_i8x16(x, u));
        let high = i32x4_extadd_pairwise_i16x8(i16x8_extmul_high_i8x16(x, u));
        let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
        let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
        i32x4_add(sum, i32x4_add(even, odd))
    }
}

impl Simd for Wasm {
    type Words = [v128; 2];
    type Floats = [v128; 2];

    #[inline(always)]
    fn load(self, words: &[u8; 32]) -> [v128; 2] {
        [vector(&words[..16]), vector(&words[16..])]
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; LANES]) -> [v128; 2] {
        let bytes = u64x2_splat(u64::from_le_bytes(*bytes));
        let pairs = u16x8_extend_low_u8x16(bytes);
        [u32x4_extend_low_u16x8(pairs), u32x4_extend_high_u16x8(pairs)]
    }

    #[inline(always)]
    fn splat(self, word: u32) -> [v128; 2] {
        [u32x4_splat(word); 2]
    }

    #[inline(always)]
    fn and(self, words: [v128; 2], mask: u32) -> [v128; 2] {
        words.map(|words| v128_and(words, u32x4_splat(mask)))
    }

    #[inline(always)]
    fn or(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| v128_or(a, b))
    }

    #[inline(always)]
    fn up(self, words: [v128; 2], bits: u32) -> [v128; 2] {
        words.map(|words| u32x4_shl(words, bits))
    }

    #[inline(always)]
    fn down(self, words: [v128; 2], bits: u32) -> [v128; 2] {
        words.map(|words| u32x4_shr(words, bits))
    }

    #[inline(always)]
    fn signed_byte(self, words: [v128; 2], which: u32) -> [v128; 2] {
        words.map(|words| i32x4_shr(u32x4_shl(words, 24 - 8 * which), 24))
    }

    #[inline(always)]
    fn lookup(self, table: &[u8; 16], bytes: [v128; 2]) -> [v128; 2] {
        let table = vector(table);
        bytes.map(|bytes| i8x16_swizzle(table, bytes))
    }

    #[inline(always)]
    fn times(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| i32x4_mul(a, b))
    }

    #[inline(always)]
    fn dot(self, sum: [v128; 2], x: [v128; 2], u: [v128; 2]) -> [v128; 2] {
        [dot(sum[0], x[0], u[0]), dot(sum[1], x[1], u[1])]
    }

    /// `x` is what it has above 0 less what it has below.
    #[inline(always)]
    fn signed_dot(self, sums: [[v128; 2]; 2], x: [v128; 2], w: [v128; 2]) -> [[v128; 2]; 2] {
        let above = x.map(|x| i8x16_max(x, i8x16_splat(0)));
        let below = both(above, x, |above, x| i8x16_sub(above, x));
        [self.dot(sums[0], w, above), self.dot(sums[1], w, below)]
    }

    #[inline(always)]
    fn plus(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| i32x4_add(a, b))
    }

    #[inline(always)]
    fn less(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| i32x4_sub(a, b))
    }

    #[inline(always)]
    fn floats(self, words: [v128; 2]) -> [v128; 2] {
        words.map(|words| f32x4_convert_i32x4(words))
    }

    #[inline(always)]
    fn bits(self, words: [v128; 2]) -> [v128; 2] {
        words
    }

    /// As [`float`](crate::fast::unpack::float).
    #[inline(always)]
    fn halves(self, halves: &[u8; 16]) -> [v128; 2] {
        let halves = vector(halves);
        let two_to_112 = f32x4_splat(f32::from_bits((112 + 127) << 23));
        [i32x4_extend_low_i16x8(halves), i32x4_extend_high_i16x8(halves)].map(|words| {
            let bits = v128_and(u32x4_shl(words, 13), u32x4_splat(0x8fff_e000));
            f32x4_mul(bits, two_to_112)
        })
    }

    #[inline(always)]
    fn splat_float(self, float: f32) -> [v128; 2] {
        [f32x4_splat(float); 2]
    }

    #[inline(always)]
    fn load_floats(self, floats: &[f32; LANES]) -> [v128; 2] {
        bytemuck::cast(*floats)
    }

    #[inline(always)]
    fn multiply(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| f32x4_mul(a, b))
    }

    #[inline(always)]
    fn add(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| f32x4_add(a, b))
    }

    #[inline(always)]
    fn subtract(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| f32x4_sub(a, b))
    }

    #[inline(always)]
    fn max(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        both(a, b, |a, b| f32x4_pmax(a, b))
    }

    #[inline(always)]
    fn store(self, floats: [v128; 2]) -> [f32; LANES] {
        bytemuck::cast(floats)
    }
}
