//! Q2_K: 256 two-bit numbers in 16 sub-blocks of 16, each with a 4-bit scale and a 4-bit minimum;
//! `w = (d · scale) · q − (dmin · min)`.
//!
//! ```text
//! block   scales 16 bytes │ q 64 bytes │ d f16 │ dmin f16      84 bytes, 256 elements
//! group   the block's bytes as they are                        21 words, 8 units
//!
//! Unit u = 4h + k of a block (h = half of 128 elements, k = 0…3), element i:
//!   q       q[32h + i] >> 2k
//!   scale   scales[2u + i / 16]: low nibble the scale, high nibble the minimum
//! ```
//!
//! Source: ggml `block_q2_K`, `dequantize_row_q2_K`.

pub const BLOCK_ELEMENTS: usize = 256;
pub const BLOCK_BYTES: usize = 84;
pub const GROUP_UNITS: usize = 8;

/// `w = (d · scale) · q − (dmin · min)`.
pub fn decode(block: &[u8; 84], out: &mut [f32; 256]) {
    let (scales, rest) = block.split_at(16);
    let (quants, rest) = rest.split_at(64);
    let d = super::half_to_f32([rest[0], rest[1]]);
    let d_min = super::half_to_f32([rest[2], rest[3]]);
    for (sub_block, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let unit = sub_block / 2;
        let scale = d * f32::from(scales[sub_block] & 15);
        let min = d_min * f32::from(scales[sub_block] >> 4);
        let quants = &quants[unit / 4 * 32 + sub_block % 2 * 16..];
        for (w, q) in out.iter_mut().zip(quants) {
            *w = scale * f32::from(q >> (unit % 4 * 2) & 3) - min;
        }
    }
}

/// The file's bytes as they are: 84 is a multiple of 4.
pub fn repack(group: &[u8; 84], words: &mut [u32; 21]) {
    super::words_from_bytes(group, words);
}
