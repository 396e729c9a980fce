//! Q5_K: 256 five-bit numbers in 8 sub-blocks of 32, each with a 6-bit scale and a 6-bit minimum of
//! its own, packed as in Q4_K; `w = (d · scale) · q − (dmin · min)`.
//!
//! ```text
//! block   d f16 │ dmin f16 │ scales 12 bytes │ qh 32 bytes │ ql 128 bytes     176 bytes, 256 elements
//! group   the block's bytes as they are                                       44 words, 8 units
//!
//! Sub-block u, element i:
//!   low 4 bits   ql[32·(u / 2) + i], low nibble for even u, else high
//!   high bit     qh[i] >> u
//! ```
//!
//! Source: ggml `block_q5_K`, `dequantize_row_q5_K`.

use super::q4_k::scale_and_min;

pub const BLOCK_ELEMENTS: usize = 256;
pub const BLOCK_BYTES: usize = 176;
pub const GROUP_UNITS: usize = 8;

/// `w = (d · scale) · q − (dmin · min)`.
pub fn decode(block: &[u8; 176], out: &mut [f32; 256]) {
    let [d0, d1, min0, min1, rest @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    let d_min = super::half_to_f32([*min0, *min1]);
    let (scales, rest) = rest.split_at(12);
    let (high_bits, low_bits) = rest.split_at(32);
    for (unit, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, min) = scale_and_min(scales, unit);
        let (scale, min) = (d * f32::from(scale), d_min * f32::from(min));
        let low_bits = &low_bits[unit / 2 * 32..];
        for (i, w) in out.iter_mut().enumerate() {
            let low = low_bits[i] >> (unit % 2 * 4) & 15;
            let high = high_bits[i] >> unit & 1;
            *w = scale * f32::from(high << 4 | low) - min;
        }
    }
}

/// The file's bytes as they are: 176 is a multiple of 4.
pub fn repack(group: &[u8; 176], words: &mut [u32; 44]) {
    super::words_from_bytes(group, words);
}
