//! F32: plain numbers.
//!
//! ```text
//! block   f32                     4 bytes, 1 element
//! group   32 × f32                32 words, 1 unit
//! ```

pub const BLOCK_ELEMENTS: usize = 1;
pub const BLOCK_BYTES: usize = 4;
pub const GROUP_UNITS: usize = 1;

/// The number itself.
pub fn decode(block: &[u8; 4], out: &mut [f32; 1]) {
    *out = [f32::from_le_bytes(*block)];
}

/// The file's bytes as they are.
pub fn repack(group: &[u8; 128], words: &mut [u32; 32]) {
    super::words_from_bytes(group, words);
}
