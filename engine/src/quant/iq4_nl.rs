//! IQ4_NL: 32 four-bit codes of sixteen unevenly spaced values, and one half-precision scale;
//! `w = d · value(code)`.
//!
//! ```text
//! block   d f16 │ q 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                    18 bytes, 32 elements
//! group   q₀ 4 words │ q₁ 4 words │ d₀ d₁ 1 word      9 words, 2 units
//! ```
//!
//! Source: ggml `block_iq4_nl`, `dequantize_row_iq4_nl`, `kvalues_iq4nl`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 18;
pub const GROUP_UNITS: usize = 8;

/// What the codes stand for.
pub const VALUES: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0,
];

/// `w = d · value(code)`.
pub fn decode(block: &[u8; 18], out: &mut [f32; 32]) {
    let [d0, d1, codes @ ..] = block;
    decode_codes(super::half_to_f32([*d0, *d1]), codes, out);
}

/// 16 bytes of codes times a scale.
pub fn decode_codes(d: f32, codes: &[u8], out: &mut [f32; 32]) {
    let (low, high) = out.split_at_mut(16);
    for ((low, high), code) in low.iter_mut().zip(high).zip(codes) {
        *low = d * VALUES[usize::from(code & 15)];
        *high = d * VALUES[usize::from(code >> 4)];
    }
}

/// As Q4_0: eight blocks side by side, their scales last.
pub fn repack(group: &[u8; 144], words: &mut [u32; 36]) {
    super::q4_0::repack(group, words);
}
