//! Q5_1: 32 five-bit numbers, a half-precision scale and a minimum; `w = d · q + m`.
//!
//! ```text
//! block   d f16 │ m f16 │ qh 4 bytes: bit i is the high bit of element i
//!         │ ql 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                    24 bytes, 32 elements
//! group   the block's bytes as they are              6 words, 1 unit
//! ```
//!
//! Source: ggml `block_q5_1`, `dequantize_row_q5_1`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 24;
pub const GROUP_UNITS: usize = 1;

/// `w = d · q + m`.
pub fn decode(block: &[u8; 24], out: &mut [f32; 32]) {
    let [d0, d1, m0, m1, h0, h1, h2, h3, low_bits @ ..] = block;
    let (d, m) = (super::half_to_f32([*d0, *d1]), super::half_to_f32([*m0, *m1]));
    let high_bits = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    for (i, w) in out.iter_mut().enumerate() {
        *w = d * super::five_bits(low_bits, high_bits, i) + m;
    }
}

/// The file's bytes as they are: 24 is a multiple of 4.
pub fn repack(group: &[u8; 24], words: &mut [u32; 6]) {
    super::words_from_bytes(group, words);
}
