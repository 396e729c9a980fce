//! Q8_0: 32 signed bytes and one half-precision scale; `w = q · d`.
//!
//! ```text
//! block   d f16 │ q i8 × 32                          34 bytes, 32 elements
//! group   q₀ … q₇ 8 words each │ d₀ … d₇ 4 words    68 words, 8 units
//! ```
//!
//! Source: ggml `block_q8_0`, `dequantize_row_q8_0`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 34;
pub const GROUP_UNITS: usize = 8;

/// `w = q · d`.
pub fn decode(block: &[u8; 34], out: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    for (w, q) in out.iter_mut().zip(quants) {
        *w = f32::from(q.cast_signed()) * d;
    }
}

/// Eight blocks side by side, their scales last so that the quants start on every fourth word.
pub fn repack(group: &[u8; 272], words: &mut [u32; 68]) {
    super::repack_blocks::<34, 8>(group, words, |block| &block[2..]);
    super::gather_words::<34>(group, &mut words[64..], |block| &block[..2]);
}
