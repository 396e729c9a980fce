//! The same in plain loops, for processors without an implementation of their own.

use super::Simd;

/// See the module.
#[derive(Clone, Copy)]
pub struct Plain;

/// `start + Σ x·w`, signed, over quarters of 16 bytes.
#[inline(always)]
fn dot(start: [i32; 4], x: &[u8], w: &[u8]) -> [i32; 4] {
    let product = |i: usize| i32::from(x[i] as i8) * i32::from(w[i] as i8);
    std::array::from_fn(|lane| start[lane] + (4 * lane..4 * lane + 4).map(product).sum::<i32>())
}

fn pairs(bytes: [u8; 32], turn: impl Fn(u16) -> u16) -> [u8; 32] {
    let mut out = [0; 32];
    for (out, pair) in out
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(bytes.as_chunks::<2>().0)
    {
        *out = turn(u16::from_le_bytes(*pair)).to_le_bytes();
    }
    out
}

impl Simd for Plain {
    type Bytes = [u8; 32];
    type Sums = [i32; 4];
    type Floats = [f32; 4];

    fn load(self, bytes: &[u8; 32]) -> [u8; 32] {
        *bytes
    }

    fn nibbles(self, bytes: &[u8; 16]) -> [u8; 32] {
        std::array::from_fn(|i| bytes[i % 16] >> (i / 16 * 4) & 15)
    }

    fn sixteens(self, bits: u32) -> [u8; 32] {
        std::array::from_fn(|i| (bits >> i & 1) as u8 * 16)
    }

    fn lookup(self, table: &[u8; 16], bytes: [u8; 32]) -> [u8; 32] {
        bytes.map(|byte| table[usize::from(byte & 15)])
    }

    fn and(self, bytes: [u8; 32], mask: u8) -> [u8; 32] {
        bytes.map(|byte| byte & mask)
    }

    fn or(self, a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
        std::array::from_fn(|i| a[i] | b[i])
    }

    fn up(self, bytes: [u8; 32], bits: u32) -> [u8; 32] {
        pairs(bytes, |pair| pair << bits)
    }

    fn down(self, bytes: [u8; 32], bits: u32) -> [u8; 32] {
        pairs(bytes, |pair| pair >> bits)
    }

    fn first(self, value: i32) -> [i32; 4] {
        [value, 0, 0, 0]
    }

    fn products(self, start: [i32; 4], x: [u8; 32], u: [u8; 32]) -> [i32; 4] {
        dot(dot(start, &x[..16], &u[..16]), &x[16..], &u[16..])
    }

    fn signed_products(self, x: [u8; 32], w: [u8; 32]) -> [i32; 4] {
        self.products([0; 4], x, w.map(|w| (w as i8).max(-127) as u8))
    }

    fn zero(self) -> [f32; 4] {
        [0.0; 4]
    }

    fn add_scaled(self, sum: [f32; 4], products: [i32; 4], scale: f32) -> [f32; 4] {
        std::array::from_fn(|i| sum[i] + products[i] as f32 * scale)
    }

    fn add_halves(
        self,
        sum: [f32; 4],
        x: [u8; 32],
        u: [u8; 32],
        starts: [i32; 2],
        scales: [f32; 2],
    ) -> [f32; 4] {
        let low = dot(self.first(starts[0]), &x[..16], &u[..16]);
        let high = dot(self.first(starts[1]), &x[16..], &u[16..]);
        self.add_scaled(self.add_scaled(sum, low, scales[0]), high, scales[1])
    }

    fn subtract(self, sum: [f32; 4], lanes: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| sum[i] - lanes[i])
    }

    fn total(self, sum: [f32; 4]) -> f32 {
        (sum[0] + sum[1]) + (sum[2] + sum[3])
    }
}
