//! wasm vectors of 16 bytes, two for a unit. With relaxed SIMD a product of bytes is one instruction;
//! its operands are within the range in which every processor must give the same answer.

use core::arch::wasm32::*;

use super::Simd;

/// See the module.
#[derive(Clone, Copy)]
pub struct Wasm;

fn vector(bytes: &[u8]) -> v128 {
    bytemuck::pod_read_unaligned(bytes)
}

/// `start + Σ x·u` over quarters of 16 bytes.
#[inline(always)]
fn dot(start: v128, x: v128, u: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return i32x4_relaxed_dot_i8x16_i7x16_add(x, u, start);
    #[cfg(not(target_feature = "relaxed-simd"))]
    {
        let low = i32x4_extadd_pairwise_i16x8(i16x8_extmul_low_i8x16(x, u));
        let high = i32x4_extadd_pairwise_i16x8(i16x8_extmul_high_i8x16(x, u));
        let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
        let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
        i32x4_add(start, i32x4_add(even, odd))
    }
}

impl Simd for Wasm {
    type Bytes = [v128; 2];
    type Sums = v128;
    type Floats = v128;

    #[inline(always)]
    fn load(self, bytes: &[u8; 32]) -> [v128; 2] {
        [vector(&bytes[..16]), vector(&bytes[16..])]
    }

    #[inline(always)]
    fn nibbles(self, bytes: &[u8; 16]) -> [v128; 2] {
        let both = vector(bytes);
        [v128_and(both, u8x16_splat(15)), u8x16_shr(both, 4)]
    }

    #[inline(always)]
    fn sixteens(self, bits: u32) -> [v128; 2] {
        let masks = u8x16(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        let all = u32x4_splat(bits);
        let low = i8x16_shuffle::<0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1>(all, all);
        let high = i8x16_shuffle::<2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3>(all, all);
        [low, high].map(|bytes| {
            let is_set = i8x16_eq(v128_and(bytes, masks), masks);
            v128_and(is_set, u8x16_splat(16))
        })
    }

    #[inline(always)]
    fn lookup(self, table: &[u8; 16], bytes: [v128; 2]) -> [v128; 2] {
        let table = vector(table);
        bytes.map(|bytes| i8x16_swizzle(table, bytes))
    }

    #[inline(always)]
    fn and(self, bytes: [v128; 2], mask: u8) -> [v128; 2] {
        bytes.map(|bytes| v128_and(bytes, u8x16_splat(mask)))
    }

    #[inline(always)]
    fn or(self, a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        [v128_or(a[0], b[0]), v128_or(a[1], b[1])]
    }

    #[inline(always)]
    fn up(self, bytes: [v128; 2], bits: u32) -> [v128; 2] {
        bytes.map(|bytes| u16x8_shl(bytes, bits))
    }

    #[inline(always)]
    fn down(self, bytes: [v128; 2], bits: u32) -> [v128; 2] {
        bytes.map(|bytes| u16x8_shr(bytes, bits))
    }

    #[inline(always)]
    fn first(self, value: i32) -> v128 {
        i32x4(value, 0, 0, 0)
    }

    #[inline(always)]
    fn products(self, start: v128, x: [v128; 2], u: [v128; 2]) -> v128 {
        dot(dot(start, x[0], u[0]), x[1], u[1])
    }

    #[inline(always)]
    fn signed_products(self, x: [v128; 2], w: [v128; 2]) -> v128 {
        // |w| times x with the sign of w.
        let part = |start: v128, x: v128, w: v128| {
            let w = i8x16_max(w, i8x16_splat(-127));
            let signs = i8x16_lt(w, i8x16_splat(0));
            let turned = i8x16_sub(v128_xor(x, signs), signs);
            dot(start, turned, i8x16_abs(w))
        };
        part(part(i32x4_splat(0), x[0], w[0]), x[1], w[1])
    }

    #[inline(always)]
    fn zero(self) -> v128 {
        f32x4_splat(0.0)
    }

    #[inline(always)]
    fn add_scaled(self, sum: v128, products: v128, scale: f32) -> v128 {
        f32x4_add(sum, f32x4_mul(f32x4_convert_i32x4(products), f32x4_splat(scale)))
    }

    #[inline(always)]
    fn add_halves(self, sum: v128, x: [v128; 2], u: [v128; 2], starts: [i32; 2], scales: [f32; 2]) -> v128 {
        let low = dot(self.first(starts[0]), x[0], u[0]);
        let high = dot(self.first(starts[1]), x[1], u[1]);
        self.add_scaled(self.add_scaled(sum, low, scales[0]), high, scales[1])
    }

    #[inline(always)]
    fn subtract(self, sum: v128, lanes: [f32; 4]) -> v128 {
        f32x4_sub(sum, f32x4(lanes[0], lanes[1], lanes[2], lanes[3]))
    }

    #[inline(always)]
    fn total(self, sum: v128) -> f32 {
        (f32x4_extract_lane::<0>(sum) + f32x4_extract_lane::<1>(sum))
            + (f32x4_extract_lane::<2>(sum) + f32x4_extract_lane::<3>(sum))
    }
}
