//! Q6_K: 256 six-bit numbers in 16 sub-blocks of 16, each with a signed byte as scale;
//! `w = (d · scale) · (q − 32)`.
//!
//! ```text
//! block   ql 128 bytes │ qh 64 bytes │ scales i8 × 16 │ d f16     210 bytes, 256 elements
//! group   ql₀ 32 words │ qh₀ 16 │ scales₀ 4 │ ql₁ 32 │ qh₁ 16 │ scales₁ 4 │ d₀ d₁ 1 word
//!                                                                 105 words, 16 units
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
pub const GROUP_UNITS: usize = 16;

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

/// Two blocks, their scales `d` last so that both start on a word.
pub fn repack(group: &[u8; 420], words: &mut [u32; 105]) {
    let (a, b) = group.split_at(BLOCK_BYTES);
    super::words_from_bytes(&a[..QUANT_BYTES], &mut words[..52]);
    super::words_from_bytes(&b[..QUANT_BYTES], &mut words[52..104]);
    words[104] = super::two_halves([a[208], a[209]], [b[208], b[209]]);
}
