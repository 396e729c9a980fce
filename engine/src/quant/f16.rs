//! F16: IEEE half precision.
//!
//! ```text
//! block   f16                     2 bytes, 1 element
//! group   32 × f16                16 words, 1 unit; element 2i in the low half of word i
//! ```

pub const BLOCK_ELEMENTS: usize = 1;
pub const BLOCK_BYTES: usize = 2;
pub const GROUP_UNITS: usize = 1;

/// The half widened.
pub fn decode(block: &[u8; 2], out: &mut [f32; 1]) {
    *out = [super::half_to_f32(*block)];
}

/// The file's bytes as they are.
pub fn repack(group: &[u8; 64], words: &mut [u32; 16]) {
    super::words_from_bytes(group, words);
}
