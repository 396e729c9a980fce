//! Q4_1: 32 four-bit numbers, a half-precision scale and a minimum; `w = d · q + m`.
//!
//! ```text
//! block   d f16 │ m f16 │ q 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                    20 bytes, 32 elements
//! group   the block's bytes as they are              5 words, 1 unit
//! ```
//!
//! Source: ggml `block_q4_1`, `dequantize_row_q4_1`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 20;
pub const GROUP_UNITS: usize = 1;

/// `w = d · q + m`.
pub fn decode(block: &[u8; 20], out: &mut [f32; 32]) {
    let [d0, d1, m0, m1, quants @ ..] = block;
    let (d, m) = (super::half_to_f32([*d0, *d1]), super::half_to_f32([*m0, *m1]));
    let (low, high) = out.split_at_mut(16);
    for ((low, high), q) in low.iter_mut().zip(high).zip(quants) {
        *low = d * f32::from(q & 15) + m;
        *high = d * f32::from(q >> 4) + m;
    }
}

/// The file's bytes as they are: 20 is a multiple of 4.
pub fn repack(group: &[u8; 20], words: &mut [u32; 5]) {
    super::words_from_bytes(group, words);
}
