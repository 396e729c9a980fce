//! Q6_K: 256 six-bit numbers in 16 sub-blocks of 16, each with a signed byte as scale;
//! `w = (d · scale) · (q − 32)`.
//!
//! ```text
//! block   ql 128 bytes │ qh 64 bytes │ scales i8 × 16 │ d f16     210 bytes, 256 elements
//! group   eight times: ql 32 words │ qh 16 │ scales 4; then d₀ … d₇ 4 words
//!                                                                 420 words, 64 units
//!
//! Unit u = 4h + k of a block (h = half of 128 elements, k = 0…3), element i:
//!   low 4 bits   ql[64h + 32·(k mod 2) + i], low nibble for k < 2, else high
//!   high 2 bits  qh[32h + i] >> 2k
//!   scale        scales[2u + i / 16]
//! ```
//!
//! Source: ggml `block_q6_K`, `dequantize_row_q6_K`.

pub const BLOCK_ELEMENTS: usize = 256;
pub const BLOCK_BYTES: usize = 210;
pub const GROUP_UNITS: usize = 64;

/// Bytes of a block before its scale `d`: a whole number of words.
const QUANT_BYTES: usize = 208;

/// `w = (d · scale) · (q − 32)`.
pub fn decode(block: &[u8; 210], out: &mut [f32; 256]) {
    let (low_bits, rest) = block.split_at(128);
    let (high_bits, rest) = rest.split_at(64);
    let (scales, d) = rest.split_at(16);
    let d = super::half_to_f32([d[0], d[1]]);
    for (unit, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (half, k) = (unit / 4, unit % 4);
        let low_bits = &low_bits[64 * half + 32 * (k % 2)..];
        let high_bits = &high_bits[32 * half..];
        for (i, w) in out.iter_mut().enumerate() {
            let low = low_bits[i] >> (k / 2 * 4) & 15;
            let high = high_bits[i] >> (2 * k) & 3;
            let scale = f32::from(scales[2 * unit + i / 16].cast_signed());
            *w = d * scale * (f32::from(high << 4 | low) - 32.0);
        }
    }
}

/// Eight blocks, their scales `d` last so that all start on every fourth word.
pub fn repack(group: &[u8; 1680], words: &mut [u32; 420]) {
    super::repack_blocks::<210, 52>(group, words, |block| &block[..QUANT_BYTES]);
    super::gather_words::<210>(group, &mut words[416..], |block| &block[QUANT_BYTES..]);
}
