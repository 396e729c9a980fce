//! MXFP4: 32 four-bit floats (E2M1) and one power of two (E8M0) as scale (OCP Microscaling v1.0, the
//! native format of gpt-oss's experts); `w = 2^(e − 128) · (2 · value)`.
//!
//! ```text
//! block   e 1 byte │ q 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                          17 bytes, 32 elements
//! group   q₀ … q₁₅ 4 words each │ e₀ … e₁₅ 4 words    68 words, 16 units
//! ```
//!
//! Source: ggml `block_mxfp4`, `dequantize_row_mxfp4`, which keeps twice the values and half the
//! scale, so that all are whole numbers.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 17;
pub const GROUP_UNITS: usize = 16;

/// Twice what the codes stand for.
const VALUES: [f32; 16] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 0.0, -1.0, -2.0, -3.0, -4.0, -6.0, -8.0, -12.0,
];

/// `w = 2^(e − 128) · (2 · value)`.
pub fn decode(block: &[u8; 17], out: &mut [f32; 32]) {
    let [e, codes @ ..] = block;
    let d = half_scale(*e);
    let (low, high) = out.split_at_mut(16);
    for ((low, high), code) in low.iter_mut().zip(high).zip(codes) {
        *low = d * VALUES[usize::from(code & 15)];
        *high = d * VALUES[usize::from(code >> 4)];
    }
}

/// `2^(e − 128)`; the two smallest are subnormal.
fn half_scale(e: u8) -> f32 {
    f32::from_bits(if e < 2 { 0x0020_0000 << e } else { (u32::from(e) - 1) << 23 })
}

/// Sixteen blocks side by side, their exponents last so that the codes start on every fourth word.
pub fn repack(group: &[u8; 272], words: &mut [u32; 68]) {
    super::repack_blocks::<17, 4>(group, words, |block| &block[1..]);
    super::gather_words::<17>(group, &mut words[64..], |block| &block[..1]);
}
