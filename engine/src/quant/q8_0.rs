//! Q8_0: 32 signed bytes and one half-precision scale; `w = q · d`.
//!
//! ```text
//! block   d f16 │ q i8 × 32                          34 bytes, 32 elements
//! group   q₀ 8 words │ q₁ 8 words │ d₀ d₁ 1 word     17 words, 2 units
//! ```
//!
//! Source: ggml `block_q8_0`, `dequantize_row_q8_0`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 34;
pub const GROUP_UNITS: usize = 2;

/// `w = q · d`.
pub fn decode(block: &[u8; 34], out: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    for (w, q) in out.iter_mut().zip(quants) {
        *w = f32::from(q.cast_signed()) * d;
    }
}

/// Two blocks side by side, their scales last so that the quants start on a word.
pub fn repack(group: &[u8; 68], words: &mut [u32; 17]) {
    let (a, b) = group.split_at(34);
    super::words_from_bytes(&a[2..], &mut words[..8]);
    super::words_from_bytes(&b[2..], &mut words[8..16]);
    words[16] = super::two_halves([a[0], a[1]], [b[0], b[1]]);
}
