//! Q4_0: 32 four-bit numbers and one half-precision scale; `w = d · (q − 8)`.
//!
//! ```text
//! block   d f16 │ q 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                    18 bytes, 32 elements
//! group   q₀ … q₇ 4 words each │ d₀ … d₇ 4 words    36 words, 8 units
//! ```
//!
//! Source: ggml `block_q4_0`, `dequantize_row_q4_0`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 18;
pub const GROUP_UNITS: usize = 8;

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

/// Eight blocks side by side, their scales last so that the nibbles start on every fourth word.
pub fn repack(group: &[u8; 144], words: &mut [u32; 36]) {
    super::repack_blocks::<18, 4>(group, words, |block| &block[2..]);
    super::gather_words::<18>(group, &mut words[32..], |block| &block[..2]);
}
