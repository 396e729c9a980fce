//! Q5_0: 32 five-bit numbers and one half-precision scale; `w = d · (q − 16)`.
//!
//! ```text
//! block   d f16 │ qh 4 bytes: bit i is the high bit of element i
//!         │ ql 16 bytes: byte i holds element i (low nibble) and 16 + i (high)
//!                                                                   22 bytes, 32 elements
//! group   ql₀ 4 words │ ql₁ 4 words │ qh₀ │ qh₁ │ d₀ d₁ 1 word      11 words, 2 units
//! ```
//!
//! Source: ggml `block_q5_0`, `dequantize_row_q5_0`.

pub const BLOCK_ELEMENTS: usize = 32;
pub const BLOCK_BYTES: usize = 22;
pub const GROUP_UNITS: usize = 2;

/// `w = d · (q − 16)`.
pub fn decode(block: &[u8; 22], out: &mut [f32; 32]) {
    let [d0, d1, h0, h1, h2, h3, low_bits @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    let high_bits = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    for (i, w) in out.iter_mut().enumerate() {
        *w = d * (super::five_bits(low_bits, high_bits, i) - 16.0);
    }
}

/// Two blocks side by side, their scales last so that everything else starts on a word.
pub fn repack(group: &[u8; 44], words: &mut [u32; 11]) {
    let (a, b) = group.split_at(22);
    super::words_from_bytes(&a[6..], &mut words[..4]);
    super::words_from_bytes(&b[6..], &mut words[4..8]);
    super::words_from_bytes(&a[2..6], &mut words[8..9]);
    super::words_from_bytes(&b[2..6], &mut words[9..10]);
    words[10] = super::two_halves([a[0], a[1]], [b[0], b[1]]);
}
