//! A model whose experts are rounded to fewer bits, as a source of bytes: the same file, in which blocks
//! of 32 weights share one scale and each weight is the nearest of its steps.
//!
//! ```text
//! m = 2^(bits − 1) − 1    d = max|w| / m    w' = d · round(w / d)
//! ```
//!
//! The file's format stays, so that only the rounding differs; router, attention, norms and embeddings
//! are not touched.

use std::ops::Range;

use half::{bf16, f16};

use crate::arch::Spec;
use crate::blocks::Block;
use crate::quant::Format;
use crate::source::{ByteSource, SourceError};

/// Weights that share a scale.
const BLOCK: usize = 32;

/// Why experts cannot be rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    #[error("the experts are stored as {format}; those in F32, F16, BF16 or Q8_0 can be rounded further")]
    Format { format: Format },
    #[error("{bits} bits are not between 2 and 8")]
    Bits { bits: u8 },
}

/// See the module.
pub struct Rounded<'a, S> {
    source: &'a S,
    /// Bytes of the experts.
    experts: Vec<(Range<u64>, Format)>,
    /// m
    steps: f32,
}

impl<'a, S: ByteSource> Rounded<'a, S> {
    /// The same model with its experts at so many bits.
    pub fn experts(source: &'a S, spec: &Spec, bits: u8) -> Result<Self, RoundError> {
        if !(2..=8).contains(&bits) {
            return Err(RoundError::Bits { bits });
        }
        let tensors = spec.blocks.iter().flat_map(|block| match block {
            Block::MoeFfn(moe) => vec![&moe.gate, &moe.up, &moe.down],
            _ => Vec::new(),
        });
        let experts: Vec<_> = tensors
            .map(|tensor| (tensor.range.clone(), tensor.format))
            .collect();
        match experts.iter().find(|(_, format)| block_bytes(*format).is_none()) {
            Some((_, format)) => Err(RoundError::Format { format: *format }),
            None => Ok(Self {
                source,
                experts,
                steps: ((1u32 << (bits - 1)) - 1) as f32,
            }),
        }
    }
}

impl<S: ByteSource> ByteSource for Rounded<'_, S> {
    fn length(&self) -> u64 {
        self.source.length()
    }

    fn part_starts(&self) -> Vec<u64> {
        self.source.part_starts()
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let mut bytes = self.source.read(range.clone()).await?;
        for (tensor, format) in &self.experts {
            let own = range.start.max(tensor.start)..range.end.min(tensor.end);
            let Some(block) = block_bytes(*format).filter(|_| own.start < own.end) else {
                continue;
            };
            // Whole blocks, even where the range begins or ends within one.
            let from = tensor.start + (own.start - tensor.start) / block * block;
            let to = (tensor.start + (own.end - tensor.start).div_ceil(block) * block).min(tensor.end);
            let mut blocks = self.source.read(from..to).await?;
            blocks
                .chunks_mut(block as usize)
                .for_each(|block| round(*format, block, self.steps));
            let rounded = &blocks[(own.start - from) as usize..(own.end - from) as usize];
            bytes[(own.start - range.start) as usize..(own.end - range.start) as usize]
                .copy_from_slice(rounded);
        }
        Ok(bytes)
    }
}

/// Bytes of 32 weights.
fn block_bytes(format: Format) -> Option<u64> {
    match format {
        Format::F32 => Some(4 * BLOCK as u64),
        Format::F16 | Format::BF16 => Some(2 * BLOCK as u64),
        Format::Q8_0 => Some(BLOCK as u64 + 2),
        _ => None,
    }
}

fn round(format: Format, block: &mut [u8], steps: f32) {
    match format {
        Format::F32 => round_floats::<4>(block, steps, f32::from_le_bytes, f32::to_le_bytes),
        Format::F16 => round_floats::<2>(
            block,
            steps,
            |bytes| f16::from_le_bytes(bytes).to_f32(),
            |weight| f16::from_f32(weight).to_le_bytes(),
        ),
        Format::BF16 => round_floats::<2>(
            block,
            steps,
            |bytes| bf16::from_le_bytes(bytes).to_f32(),
            |weight| bf16::from_f32(weight).to_le_bytes(),
        ),
        Format::Q8_0 => round_q8(block, steps),
        // No tensor of another format is in the list.
        _ => {}
    }
}

fn round_floats<const N: usize>(
    block: &mut [u8],
    steps: f32,
    read: fn([u8; N]) -> f32,
    write: fn(f32) -> [u8; N],
) {
    let (weights, _) = block.as_chunks_mut::<N>();
    let most = weights.iter().map(|bytes| read(*bytes).abs()).fold(0.0, f32::max);
    if most == 0.0 {
        return;
    }
    let scale = most / steps;
    for bytes in weights {
        *bytes = write((read(*bytes) / scale).round() * scale);
    }
}

/// The quants become steps and the scale their size, so that nothing is rounded twice.
fn round_q8(block: &mut [u8], steps: f32) {
    let Some((scale, quants)) = block.split_first_chunk_mut::<2>() else {
        return;
    };
    let most = quants
        .iter()
        .map(|quant| quant.cast_signed().unsigned_abs())
        .max();
    let most = f32::from(most.unwrap_or_default());
    // Blocks that use no more steps than there are stay as they are.
    if most <= steps {
        return;
    }
    let size = most / steps;
    *scale = f16::from_f32(f16::from_le_bytes(*scale).to_f32() * size).to_le_bytes();
    for quant in quants {
        let rounded = (f32::from(quant.cast_signed()) / size).round();
        *quant = (rounded as i8).cast_unsigned();
    }
}
