//! Q4_0: 32 four-bit numbers and one half-precision scale; `w = d · (q − 8)`.
//!
//! ```text
//! block   d f16 │ q 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                    18 bytes, 32 elements
//! group   q₀ 4 words │ q₁ 4 words │ d₀ d₁ 1 word      9 words, 2 units
//! ```
//!
//! Source: ggml `block_q4_0`, `dequantize_row_q4_0`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 18;
pub const GROUP_UNITS: usize = 2;

/// `w = d · (q − 8)`.
pub fn decode(block: &[u8; 18], out: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    let (low, high) = out.split_at_mut(16);
    for ((low, high), q) in low.iter_mut().zip(high).zip(quants) {
        *low = d * (f32::from(q & 15) - 8.0);
        *high = d * (f32::from(q >> 4) - 8.0);
    }
}

/// Two blocks side by side, their scales last so that the nibbles start on a word.
pub fn repack(group: &[u8; 36], words: &mut [u32; 9]) {
    let (a, b) = group.split_at(18);
    super::words_from_bytes(&a[2..], &mut words[..4]);
    super::words_from_bytes(&b[2..], &mut words[4..8]);
    words[8] = super::two_halves([a[0], a[1]], [b[0], b[1]]);
}
