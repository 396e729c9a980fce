//! Lanes as arrays, for processors without vectors that we know: the meaning of each method.

use super::{LANES, Simd};
use crate::fast::unpack::float;

/// See the module.
#[derive(Clone, Copy)]
pub struct Plain;

fn each<A: Copy, B>(a: [A; LANES], f: impl Fn(A) -> B) -> [B; LANES] {
    std::array::from_fn(|lane| f(a[lane]))
}

fn both<A: Copy, B: Copy, C>(a: [A; LANES], b: [B; LANES], f: impl Fn(A, B) -> C) -> [C; LANES] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

/// `Σ x·w` of signed bytes.
fn dot(x: u32, w: u32) -> u32 {
    let (x, w) = (x.to_le_bytes(), w.to_le_bytes());
    let products = (0..4).map(|i| i32::from(x[i].cast_signed()) * i32::from(w[i].cast_signed()));
    products.sum::<i32>().cast_unsigned()
}

impl Simd for Plain {
    type Words = [u32; LANES];
    type Floats = [f32; LANES];

    #[inline(always)]
    fn load(self, words: &[u8; 32]) -> [u32; LANES] {
        let words: [[u8; 4]; LANES] = bytemuck::cast(*words);
        words.map(u32::from_le_bytes)
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; LANES]) -> [u32; LANES] {
        each(*bytes, u32::from)
    }

    #[inline(always)]
    fn splat(self, word: u32) -> [u32; LANES] {
        [word; LANES]
    }

    #[inline(always)]
    fn and(self, words: [u32; LANES], mask: u32) -> [u32; LANES] {
        each(words, |word| word & mask)
    }

    #[inline(always)]
    fn or(self, a: [u32; LANES], b: [u32; LANES]) -> [u32; LANES] {
        both(a, b, |a, b| a | b)
    }

    #[inline(always)]
    fn up(self, words: [u32; LANES], bits: u32) -> [u32; LANES] {
        each(words, |word| word << bits)
    }

    #[inline(always)]
    fn down(self, words: [u32; LANES], bits: u32) -> [u32; LANES] {
        each(words, |word| word >> bits)
    }

    #[inline(always)]
    fn signed_byte(self, words: [u32; LANES], which: u32) -> [u32; LANES] {
        each(words, |word| {
            ((word << (24 - 8 * which)).cast_signed() >> 24).cast_unsigned()
        })
    }

    #[inline(always)]
    fn lookup(self, table: &[u8; 16], bytes: [u32; LANES]) -> [u32; LANES] {
        each(bytes, |word| {
            u32::from_le_bytes(word.to_le_bytes().map(|byte| table[usize::from(byte & 15)]))
        })
    }

    #[inline(always)]
    fn times(self, a: [u32; LANES], b: [u32; LANES]) -> [u32; LANES] {
        both(a, b, u32::wrapping_mul)
    }

    #[inline(always)]
    fn dot(self, sum: [u32; LANES], x: [u32; LANES], u: [u32; LANES]) -> [u32; LANES] {
        both(sum, both(x, u, dot), u32::wrapping_add)
    }

    #[inline(always)]
    fn signed_dot(self, sums: [[u32; LANES]; 2], x: [u32; LANES], w: [u32; LANES]) -> [[u32; LANES]; 2] {
        [self.dot(sums[0], x, w), sums[1]]
    }

    #[inline(always)]
    fn plus(self, a: [u32; LANES], b: [u32; LANES]) -> [u32; LANES] {
        both(a, b, u32::wrapping_add)
    }

    #[inline(always)]
    fn less(self, a: [u32; LANES], b: [u32; LANES]) -> [u32; LANES] {
        both(a, b, u32::wrapping_sub)
    }

    #[inline(always)]
    fn floats(self, words: [u32; LANES]) -> [f32; LANES] {
        each(words, |word| word.cast_signed() as f32)
    }

    #[inline(always)]
    fn bits(self, words: [u32; LANES]) -> [f32; LANES] {
        each(words, f32::from_bits)
    }

    #[inline(always)]
    fn halves(self, halves: &[u8; 16]) -> [f32; LANES] {
        let halves: [[u8; 2]; LANES] = bytemuck::cast(*halves);
        halves.map(|half| float(u16::from_le_bytes(half)))
    }

    #[inline(always)]
    fn splat_float(self, float: f32) -> [f32; LANES] {
        [float; LANES]
    }

    #[inline(always)]
    fn load_floats(self, floats: &[f32; LANES]) -> [f32; LANES] {
        *floats
    }

    #[inline(always)]
    fn multiply(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        both(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        both(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn subtract(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        both(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn max(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        both(a, b, f32::max)
    }

    #[inline(always)]
    fn store(self, floats: [f32; LANES]) -> [f32; LANES] {
        floats
    }
}
