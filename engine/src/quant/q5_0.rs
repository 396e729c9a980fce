//! Q5_0: 32 five-bit numbers and one half-precision scale; `w = d · (q − 16)`.
//!
//! ```text
//! block   d f16 │ qh 4 bytes: bit i is the high bit of element i
//!         │ ql 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                                   22 bytes, 32 elements
//! group   ql₀ … ql₇ 4 words each │ qh₀ … qh₇ 1 word each │ d₀ … d₇ 4 words
//!                                                        44 words, 8 units
//! ```
//!
//! Source: ggml `block_q5_0`, `dequantize_row_q5_0`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 22;
pub const GROUP_UNITS: usize = 8;

/// `w = d · (q − 16)`.
pub fn decode(block: &[u8; 22], out: &mut [f32; 32]) {
    let [d0, d1, h0, h1, h2, h3, low_bits @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    let high_bits = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    for (i, w) in out.iter_mut().enumerate() {
        *w = d * (super::five_bits(low_bits, high_bits, i) - 16.0);
    }
}

/// Eight blocks side by side, high bits and scales last so that the nibbles start on every fourth word.
pub fn repack(group: &[u8; 176], words: &mut [u32; 44]) {
    super::repack_blocks::<22, 4>(group, words, |block| &block[6..]);
    super::gather_words::<22>(group, &mut words[32..40], |block| &block[2..6]);
    super::gather_words::<22>(group, &mut words[40..], |block| &block[..2]);
}
