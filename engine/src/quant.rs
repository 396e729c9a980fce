//! How weights are stored: one file per format, each with the picture of its block.
//!
//! A *block* is ggml's smallest piece of a row: some elements that share a scale. Blocks of 18, 34
//! or 210 bytes cannot be indexed as the `u32` words a shader reads, so a tensor is repacked once
//! at load. The shader's address is the *unit*: 32 consecutive elements. A *group* is a few
//! units whose bytes fill whole words, and in the formats met most, whole fours of words, so that a
//! shader reads four at a time; repacking moves bytes within a group and adds none:
//!
//! | format       | block: elements, bytes | group: units, words | bits per element |
//! |--------------|------------------------|---------------------|------------------|
//! | F32          | 1, 4                   | 1, 32               | 32               |
//! | F16, BF16    | 1, 2                   | 1, 16               | 16               |
//! | Q8_0         | 32, 34                 | 8, 68               | 8.5              |
//! | Q6_K         | 256, 210               | 64, 420             | 6.5625           |
//! | Q5_1         | 32, 24                 | 1, 6                | 6                |
//! | Q5_0         | 32, 22                 | 8, 44               | 5.5              |
//! | Q5_K         | 256, 176               | 8, 44               | 5.5              |
//! | Q4_1         | 32, 20                 | 1, 5                | 5                |
//! | Q4_0, IQ4_NL | 32, 18                 | 8, 36               | 4.5              |
//! | Q4_K         | 256, 144               | 8, 36               | 4.5              |
//! | MXFP4        | 32, 17                 | 16, 68              | 4.25             |
//! | IQ4_XS       | 256, 136               | 8, 34               | 4.25             |
//! | Q3_K         | 256, 110               | 16, 55              | 3.4375           |
//! | Q2_K         | 256, 84                | 8, 21               | 2.625            |
//!
//! A new format is `quant/<stem>.rs`, `shaders/quant/<stem>.wgsl` and one line in the list below.
//! Decoders follow ggml's `dequantize_row_*` operation by operation, so the f32 values are the
//! same bits that the `gguf` Python package gives.

use std::fmt;

/// Elements the GPU decodes at a time.
pub const UNIT_ELEMENTS: usize = 32;

/// Writes the closed enum and everything that differs by format from one sorted list.
macro_rules! formats {
    ($($variant:ident = $stem:ident, $ggml_id:literal;)*) => {
        $(mod $stem;)*

        /// A weight format this engine can read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(non_camel_case_types, reason = "ggml's own names")]
        pub enum Format { $($variant,)* }

        impl Format {
            /// Every format, sorted by name.
            pub const ALL: &'static [Format] = &[$(Self::$variant,)*];

            /// The format behind a `ggml_type` number, if it is one of ours.
            pub fn from_ggml(id: u32) -> Option<Self> {
                match id {
                    $($ggml_id => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// ggml's name of the format.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }

            /// File stem of the decoder, in Rust and in WGSL.
            pub fn stem(self) -> &'static str {
                match self { $(Self::$variant => stringify!($stem),)* }
            }

            /// Text of the shader part that decodes a unit.
            pub fn wgsl(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../shaders/quant/", stringify!($stem), ".wgsl")),)*
                }
            }

            /// Elements of one block.
            pub const fn block_elements(self) -> usize {
                match self { $(Self::$variant => $stem::BLOCK_ELEMENTS,)* }
            }

            /// Bytes of one block in the file.
            pub const fn block_bytes(self) -> usize {
                match self { $(Self::$variant => $stem::BLOCK_BYTES,)* }
            }

            /// Units that are repacked together.
            pub const fn group_units(self) -> usize {
                match self { $(Self::$variant => $stem::GROUP_UNITS,)* }
            }

            /// Decodes whole blocks. Decodes as many as both sides have room for.
            pub fn to_f32(self, blocks: &[u8], out: &mut [f32]) {
                match self { $(Self::$variant => decode_all(blocks, out, $stem::decode),)* }
            }

            /// Appends `blocks`, rearranged into the words a shader reads. Several calls make one
            /// tensor if all but the last bring whole groups; a last incomplete group is filled
            /// up with zeros.
            pub fn repack(self, blocks: &[u8], words: &mut Vec<u32>) {
                match self { $(Self::$variant => repack_all(blocks, words, $stem::repack),)* }
            }
        }
    };
}

// Sorted by name: variant = stem, ggml_type number.
formats! {
    BF16 = bf16, 30;
    F16 = f16, 1;
    F32 = f32, 0;
    IQ4_NL = iq4_nl, 20;
    IQ4_XS = iq4_xs, 23;
    MXFP4 = mxfp4, 39;
    Q2_K = q2_k, 10;
    Q3_K = q3_k, 11;
    Q4_0 = q4_0, 2;
    Q4_1 = q4_1, 3;
    Q4_K = q4_k, 12;
    Q5_0 = q5_0, 6;
    Q5_1 = q5_1, 7;
    Q5_K = q5_k, 13;
    Q6_K = q6_k, 14;
    Q8_0 = q8_0, 8;
}

impl Format {
    /// Whether its shader part gives a unit as bytes too, for dot products in integers.
    pub fn has_bytes(self) -> bool {
        self.wgsl().contains("fn weights_bytes(")
    }

    /// Elements of one repacking group.
    pub const fn group_elements(self) -> usize {
        self.group_units() * UNIT_ELEMENTS
    }

    /// Bytes of one repacking group, the same in the file and on the GPU.
    pub const fn group_bytes(self) -> usize {
        self.group_elements() / self.block_elements() * self.block_bytes()
    }

    /// `u32` words of one repacking group.
    pub const fn group_words(self) -> usize {
        self.group_bytes() / 4
    }

    /// Bytes in the file of `elements` elements; `None` if they are no whole number of blocks or
    /// more bytes than a number can hold.
    pub fn bytes_for(self, elements: u64) -> Option<u64> {
        let per_block = self.block_elements() as u64;
        let blocks = elements
            .is_multiple_of(per_block)
            .then_some(elements / per_block)?;
        blocks.checked_mul(self.block_bytes() as u64)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs one format's block decoder over a run of blocks.
fn decode_all<const BYTES: usize, const ELEMENTS: usize>(
    blocks: &[u8],
    out: &mut [f32],
    decode: impl Fn(&[u8; BYTES], &mut [f32; ELEMENTS]),
) {
    let (blocks, _) = blocks.as_chunks::<BYTES>();
    let (out, _) = out.as_chunks_mut::<ELEMENTS>();
    for (block, out) in blocks.iter().zip(out) {
        decode(block, out);
    }
}

/// Runs one format's group repacker over a run of blocks.
fn repack_all<const BYTES: usize, const WORDS: usize>(
    blocks: &[u8],
    words: &mut Vec<u32>,
    repack: impl Fn(&[u8; BYTES], &mut [u32; WORDS]),
) {
    let (groups, rest) = blocks.as_chunks::<BYTES>();
    words.reserve((groups.len() + 1) * WORDS);
    let mut push = |group: &[u8; BYTES]| {
        let mut packed = [0; WORDS];
        repack(group, &mut packed);
        words.extend_from_slice(&packed);
    };
    groups.iter().for_each(&mut push);
    if !rest.is_empty() {
        let mut padded = [0; BYTES];
        for (to, from) in padded.iter_mut().zip(rest) {
            *to = *from;
        }
        push(&padded);
    }
}

/// A half-precision number, little-endian, as f32.
fn half_to_f32(bytes: [u8; 2]) -> f32 {
    half::f16::from_le_bytes(bytes).to_f32()
}

/// Copies bytes into words, little-endian.
fn words_from_bytes(bytes: &[u8], words: &mut [u32]) {
    let (bytes, _) = bytes.as_chunks::<4>();
    for (word, bytes) in words.iter_mut().zip(bytes) {
        *word = u32::from_le_bytes(*bytes);
    }
}

/// A part of each block of a group, one after the other, each a whole number of words.
fn repack_blocks<const BLOCK: usize, const WORDS: usize>(
    group: &[u8],
    words: &mut [u32],
    part: impl Fn(&[u8; BLOCK]) -> &[u8],
) {
    let (blocks, _) = group.as_chunks::<BLOCK>();
    for (block, words) in blocks.iter().zip(words.chunks_exact_mut(WORDS)) {
        words_from_bytes(part(block), words);
    }
}

/// A part of each block of a group, one after the other without gaps.
fn gather_words<const BLOCK: usize>(group: &[u8], words: &mut [u32], part: impl Fn(&[u8; BLOCK]) -> &[u8]) {
    let (blocks, _) = group.as_chunks::<BLOCK>();
    let bytes: Vec<u8> = blocks
        .iter()
        .flat_map(|block| part(block).iter().copied())
        .collect();
    words_from_bytes(&bytes, words);
}

/// The five-bit number of element `i`: nibbles hold elements i and 16 + i, bit i is the high bit.
fn five_bits(low_bits: &[u8], high_bits: u32, i: usize) -> f32 {
    let low = low_bits[i % 16] >> (i / 16 * 4) & 15;
    let high = (high_bits >> i & 1) as u8;
    f32::from(high << 4 | low)
}

/// Two half-precision scales in one word, the first in the low bits.
fn two_halves(first: [u8; 2], second: [u8; 2]) -> u32 {
    u32::from(u16::from_le_bytes(first)) | u32::from(u16::from_le_bytes(second)) << 16
}
