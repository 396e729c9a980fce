//! Q3_K: 256 three-bit numbers in 16 sub-blocks of 16, each with a 6-bit scale;
//! `w = (d · (scale − 32)) · (q − 4)`.
//!
//! ```text
//! block   qh 32 bytes │ ql 64 bytes │ scales 12 bytes │ d f16      110 bytes, 256 elements
//! group   qh₀ 8 words │ ql₀ 16 │ scales₀ 3 │ qh₁ 8 │ ql₁ 16 │ scales₁ 3 │ d₀ d₁ 1 word
//!                                                                  55 words, 16 units
//!
//! Unit u = 4h + k of a block (h = half of 128 elements, k = 0…3), element i, sub-block s = 2u + i/16:
//!   low 2 bits    ql[32h + i] >> 2k
//!   high bit      qh[i] >> u
//!   scale         low 4 bits scales[s mod 8] >> 4·(s / 8), high 2 bits scales[8 + s mod 4] >> 2·(s / 4)
//! ```
//!
//! Source: ggml `block_q3_K`, `dequantize_row_q3_K`.

pub const BLOCK_ELEMENTS: usize = 256;
pub const BLOCK_BYTES: usize = 110;
pub const GROUP_UNITS: usize = 16;

/// Bytes of a block before its scale `d`: a whole number of words.
const QUANT_BYTES: usize = 108;

/// `w = (d · (scale − 32)) · (q − 4)`.
pub fn decode(block: &[u8; 110], out: &mut [f32; 256]) {
    let (high_bits, rest) = block.split_at(32);
    let (low_bits, rest) = rest.split_at(64);
    let (scales, d) = rest.split_at(12);
    let d = super::half_to_f32([d[0], d[1]]);
    for (sub_block, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let unit = sub_block / 2;
        let low = scales[sub_block % 8] >> (sub_block / 8 * 4) & 15;
        let high = scales[8 + sub_block % 4] >> (sub_block / 4 * 2) & 3;
        let scale = d * (f32::from(high << 4 | low) - 32.0);
        for (i, w) in out.iter_mut().enumerate() {
            let at = sub_block % 2 * 16 + i;
            let low = low_bits[unit / 4 * 32 + at] >> (unit % 4 * 2) & 3;
            let high = high_bits[at] >> unit & 1;
            *w = scale * (f32::from(high << 2 | low) - 4.0);
        }
    }
}

/// Two blocks, their scales `d` last so that both start on a word.
pub fn repack(group: &[u8; 220], words: &mut [u32; 55]) {
    let (a, b) = group.split_at(BLOCK_BYTES);
    super::words_from_bytes(&a[..QUANT_BYTES], &mut words[..27]);
    super::words_from_bytes(&b[..QUANT_BYTES], &mut words[27..54]);
    words[54] = super::two_halves([a[108], a[109]], [b[108], b[109]]);
}
