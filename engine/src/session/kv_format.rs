//! How KV cache entries are stored. The WGSL of the same stem packs and unpacks on the GPU.

use half::f16;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KvFormat {
    /// Half floats, two per word: the default, as llama.cpp.
    #[default]
    F16,
    /// Single floats: exact, twice the memory.
    F32,
    /// Bytes with one scale for 32 of them, a little more than half the memory of half floats. As
    /// llama.cpp's format of that name, but with a single float for a scale, so that blocks are words.
    Q8_0,
}

impl KvFormat {
    /// All, sorted.
    pub const ALL: &'static [KvFormat] = &[Self::F16, Self::F32, Self::Q8_0];

    /// The word used on screen and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::Q8_0 => "q8_0",
        }
    }

    /// Text of the shader part.
    pub fn wgsl(self) -> &'static str {
        match self {
            Self::F16 => include_str!("../../../shaders/kv/f16.wgsl"),
            Self::F32 => include_str!("../../../shaders/kv/f32.wgsl"),
            Self::Q8_0 => include_str!("../../../shaders/kv/q8_0.wgsl"),
        }
    }

    /// Elements packed together: heads must hold a multiple of them.
    pub fn block(self) -> u32 {
        match self {
            Self::F16 | Self::F32 => 2,
            Self::Q8_0 => 32,
        }
    }

    /// Bytes of a number of elements: whole blocks.
    pub fn bytes_for(self, elements: u64) -> u64 {
        match self {
            Self::F16 => elements * 2,
            Self::F32 => elements * 4,
            Self::Q8_0 => elements / 32 * Q8_0_BLOCK_WORDS as u64 * 4,
        }
    }

    /// Writes a row (whole blocks, at an offset of whole blocks) into packed words.
    pub fn store(self, words: &mut [u32], offset: usize, row: &[f32]) {
        match self {
            Self::F16 => {
                let pairs = words[offset / 2..].iter_mut().zip(row.chunks_exact(2));
                pairs.for_each(|(word, pair)| *word = half_bits(pair[0]) | half_bits(pair[1]) << 16);
            }
            Self::F32 => {
                let values = words[offset..].iter_mut().zip(row);
                values.for_each(|(word, value)| *word = value.to_bits());
            }
            Self::Q8_0 => {
                let words = &mut words[offset / 32 * Q8_0_BLOCK_WORDS..];
                let blocks = words.chunks_exact_mut(Q8_0_BLOCK_WORDS).zip(row.chunks_exact(32));
                blocks.for_each(|(words, block)| store_q8_0(words, block));
            }
        }
    }

    /// Reads a row back.
    pub fn load(self, words: &[u32], offset: usize, row: &mut [f32]) {
        match self {
            Self::F16 => {
                for (pair, word) in row.chunks_exact_mut(2).zip(&words[offset / 2..]) {
                    pair[0] = f16::from_bits(*word as u16).to_f32();
                    pair[1] = f16::from_bits((*word >> 16) as u16).to_f32();
                }
            }
            Self::F32 => {
                let values = row.iter_mut().zip(&words[offset..]);
                values.for_each(|(value, word)| *value = f32::from_bits(*word));
            }
            Self::Q8_0 => {
                let words = words[offset / 32 * Q8_0_BLOCK_WORDS..].chunks_exact(Q8_0_BLOCK_WORDS);
                for (block, words) in row.chunks_exact_mut(32).zip(words) {
                    let scale = f32::from_bits(words[0]);
                    let bytes = words[1..].iter().flat_map(|word| word.to_le_bytes());
                    for (value, byte) in block.iter_mut().zip(bytes) {
                        *value = scale * f32::from(byte as i8);
                    }
                }
            }
        }
    }
}

/// A scale, then 32 bytes.
const Q8_0_BLOCK_WORDS: usize = 9;

fn store_q8_0(words: &mut [u32], block: &[f32]) {
    let largest = block
        .iter()
        .fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    words[0] = scale.to_bits();
    for (word, four) in words[1..].iter_mut().zip(block.chunks_exact(4)) {
        let byte = |i: usize| match scale > 0.0 {
            true => (four[i] / scale).round_ties_even() as i8 as u8,
            false => 0,
        };
        *word = u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]);
    }
}

fn half_bits(value: f32) -> u32 {
    u32::from(f16::from_f32(value).to_bits())
}
