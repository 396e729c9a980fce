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
}

impl KvFormat {
    /// Both, sorted.
    pub const ALL: &'static [KvFormat] = &[Self::F16, Self::F32];

    /// The word used on screen and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }

    /// Text of the shader part.
    pub fn wgsl(self) -> &'static str {
        match self {
            Self::F16 => include_str!("../../../shaders/kv/f16.wgsl"),
            Self::F32 => include_str!("../../../shaders/kv/f32.wgsl"),
        }
    }

    /// Bytes of a number of elements.
    pub fn bytes_for(self, elements: u64) -> u64 {
        match self {
            Self::F16 => elements * 2,
            Self::F32 => elements * 4,
        }
    }

    /// Writes a row (of even length, at an even element offset) into packed words.
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
        }
    }
}

fn half_bits(value: f32) -> u32 {
    u32::from(f16::from_f32(value).to_bits())
}
