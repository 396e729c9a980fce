//! Q4_K: 256 four-bit numbers in 8 sub-blocks of 32, each with a 6-bit scale and a 6-bit minimum
//! of its own; `w = (d · scale) · q − (dmin · min)`.
//!
//! ```text
//! block   d f16 │ dmin f16 │ scales 12 bytes │ q 128 bytes     144 bytes, 256 elements
//! group   the block's bytes as they are                        36 words, 8 units
//!
//! q       32 bytes per two sub-blocks: low nibbles the even one, high nibbles the odd one
//! scales  byte i      [ s₄₊ᵢ high 2 │ sᵢ 6 bits ]              i = 0…3
//!         byte 4 + i  [ m₄₊ᵢ high 2 │ mᵢ 6 bits ]
//!         byte 8 + i  [ m₄₊ᵢ low 4  │ s₄₊ᵢ low 4 ]
//! ```
//!
//! Source: ggml `block_q4_K`, `get_scale_min_k4`, `dequantize_row_q4_K`.

pub const BLOCK_ELEMENTS: usize = 256;
pub const BLOCK_BYTES: usize = 144;
pub const GROUP_UNITS: usize = 8;

/// `w = (d · scale) · q − (dmin · min)`.
pub fn decode(block: &[u8; 144], out: &mut [f32; 256]) {
    let [d0, d1, min0, min1, rest @ ..] = block;
    let d = super::half_to_f32([*d0, *d1]);
    let d_min = super::half_to_f32([*min0, *min1]);
    let (scales, quants) = rest.split_at(12);
    for (sub_block, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, min) = scale_and_min(scales, sub_block);
        let (scale, min) = (d * f32::from(scale), d_min * f32::from(min));
        let quants = &quants[sub_block / 2 * 32..];
        let shift = sub_block % 2 * 4;
        for (w, q) in out.iter_mut().zip(quants) {
            *w = scale * f32::from((q >> shift) & 15) - min;
        }
    }
}

/// The two 6-bit numbers of a sub-block.
pub fn scale_and_min(scales: &[u8], sub_block: usize) -> (u8, u8) {
    let i = sub_block % 4;
    let (a, b, c) = (scales[i], scales[4 + i], scales[8 + i]);
    if sub_block < 4 {
        (a & 63, b & 63)
    } else {
        (c & 15 | a >> 6 << 4, c >> 4 | b >> 6 << 4)
    }
}

/// The file's bytes as they are: 144 is a multiple of 4.
pub fn repack(group: &[u8; 144], words: &mut [u32; 36]) {
    super::words_from_bytes(group, words);
}
