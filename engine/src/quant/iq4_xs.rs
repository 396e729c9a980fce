//! IQ4_XS: 256 four-bit codes of sixteen unevenly spaced values (those of IQ4_NL) in 8 sub-blocks of
//! 32, each with a 6-bit scale; `w = (d · (scale − 32)) · value(code)`.
//!
//! ```text
//! block   d f16 │ sh 2 bytes │ sl 4 bytes │ q 128 bytes      136 bytes, 256 elements
//! group   the block's bytes as they are                      34 words, 8 units
//!
//! Sub-block u:
//!   scale   low 4 bits: nibble u of sl; high 2 bits: bits 2u, 2u + 1 of sh
//!   q       byte 16u + i holds element i (low nibble) and 16 + i (high)
//! ```
//!
//! Source: ggml `block_iq4_xs`, `dequantize_row_iq4_xs`.

pub const BLOCK_ELEMENTS: usize = 256;
pub const BLOCK_BYTES: usize = 136;
pub const GROUP_UNITS: usize = 8;

/// `w = (d · (scale − 32)) · value(code)`.
pub fn decode(block: &[u8; 136], out: &mut [f32; 256]) {
    let [d0, d1, h0, h1, l0, l1, l2, l3, codes @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    let high_bits = u16::from_le_bytes([*h0, *h1]);
    let low_bits = u32::from_le_bytes([*l0, *l1, *l2, *l3]);
    for (unit, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let low = (low_bits >> (4 * unit) & 15) as u8;
        let high = (high_bits >> (2 * unit) & 3) as u8;
        let scale = d * (f32::from(high << 4 | low) - 32.0);
        super::iq4_nl::decode_codes(scale, &codes[16 * unit..16 * unit + 16], out);
    }
}

/// The file's bytes as they are: 136 is a multiple of 4.
pub fn repack(group: &[u8; 136], words: &mut [u32; 34]) {
    super::words_from_bytes(group, words);
}
