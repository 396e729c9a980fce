//! BF16: the upper half of an f32.
//!
//! ```text
//! block   bf16                    2 bytes, 1 element
//! group   32 × bf16               16 words, 1 unit; element 2i in the low half of word i
//! ```

pub const BLOCK_ELEMENTS: usize = 1;
pub const BLOCK_BYTES: usize = 2;
pub const GROUP_UNITS: usize = 1;

/// The missing lower half is zero.
pub fn decode(block: &[u8; 2], out: &mut [f32; 1]) {
    *out = [f32::from_bits(u32::from(u16::from_le_bytes(*block)) << 16)];
}

/// The file's bytes as they are.
pub fn repack(group: &[u8; 64], words: &mut [u32; 16]) {
    super::words_from_bytes(group, words);
}
