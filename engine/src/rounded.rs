//! A model whose experts are rounded to fewer bits, as a source of bytes: the same file, in which blocks
//! of 32 weights share one scale and each weight is the nearest of its steps.
//!
//! ```text
//! m = 2^(bits − 1) − 1    d = max|w| / m    w' = d · round(w / d)
//! ```
//!
//! F32, F16, BF16 and Q8_0 keep their format, so that only the rounding differs. Any other is decoded and
//! stands as Q8_0 behind the end of the file: a block of that holds every such rounding exactly. Router,
//! attention, norms and embeddings are not touched.

use std::ops::Range;

use half::{bf16, f16};

use crate::arch::Spec;
use crate::blocks::Block;
use crate::gguf::TensorInfo;
use crate::quant::Format;
use crate::source::{ByteSource, SourceError};

/// Weights that share a scale.
const BLOCK: usize = 32;

/// Why experts cannot be rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    #[error("rows of {elements} weights of an expert are no whole number of blocks of 32")]
    Row { elements: u64 },
    #[error("{bits} bits are not between 2 and 8")]
    Bits { bits: u8 },
}

/// See the module.
pub struct Rounded<'a, S> {
    source: &'a S,
    /// The model, with its experts where they stand now.
    spec: Spec,
    /// Experts that keep their format.
    kept: Vec<(Range<u64>, Format)>,
    /// Experts that are decoded, and where they stand now.
    decoded: Vec<(Range<u64>, TensorInfo)>,
    length: u64,
    /// m
    steps: f32,
}

impl<'a, S: ByteSource> Rounded<'a, S> {
    /// The same model with its experts at so many bits.
    pub fn experts(source: &'a S, spec: &Spec, bits: u8) -> Result<Self, RoundError> {
        if !(2..=8).contains(&bits) {
            return Err(RoundError::Bits { bits });
        }
        let mut rounded = Self {
            source,
            spec: spec.clone(),
            kept: Vec::new(),
            decoded: Vec::new(),
            length: source.length(),
            steps: ((1u32 << (bits - 1)) - 1) as f32,
        };
        let mut blocks = std::mem::take(&mut rounded.spec.blocks);
        for block in &mut blocks {
            if let Block::MoeFfn(moe) = block {
                for tensor in [&mut moe.gate, &mut moe.up, &mut moe.down] {
                    rounded.take(tensor)?;
                }
            }
        }
        rounded.spec.blocks = blocks;
        Ok(rounded)
    }

    /// The model to open this source as.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    fn take(&mut self, tensor: &mut TensorInfo) -> Result<(), RoundError> {
        let elements = tensor.dims.first().copied().unwrap_or_default();
        if !elements.is_multiple_of(BLOCK as u64) {
            return Err(RoundError::Row { elements });
        }
        if block_bytes(tensor.format).is_some() {
            self.kept.push((tensor.range.clone(), tensor.format));
            return Ok(());
        }
        let bytes = tensor.elements() / BLOCK as u64 * Q8_BYTES;
        let stands = self.length..self.length.saturating_add(bytes);
        self.length = stands.end;
        self.decoded.push((stands.clone(), tensor.clone()));
        tensor.format = Format::Q8_0;
        tensor.range = stands;
        Ok(())
    }

    /// Puts rounded blocks into what was read of a range.
    async fn round_kept(&self, range: &Range<u64>, bytes: &mut [u8]) -> Result<(), SourceError> {
        for (tensor, format) in &self.kept {
            let own = common(range, tensor);
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
            put(range, bytes, &own, &blocks[(own.start - from) as usize..]);
        }
        Ok(())
    }

    /// Puts what is decoded where it stands now.
    async fn round_decoded(&self, range: &Range<u64>, bytes: &mut [u8]) -> Result<(), SourceError> {
        for (stands, tensor) in &self.decoded {
            let own = common(range, stands);
            if own.start >= own.end {
                continue;
            }
            let first = (own.start - stands.start) / Q8_BYTES;
            let last = (own.end - stands.start).div_ceil(Q8_BYTES);
            let (elements, of) = (
                tensor.format.block_elements() as u64,
                tensor.format.block_bytes() as u64,
            );
            let (from, to) = (
                first * BLOCK as u64 / elements,
                (last * BLOCK as u64).div_ceil(elements),
            );
            let start = tensor.range.start;
            let blocks = self.source.read(start + from * of..start + to * of).await?;
            let mut weights = vec![0.0; ((to - from) * elements) as usize];
            tensor.format.to_f32(&blocks, &mut weights);
            let skipped = (first * BLOCK as u64 - from * elements) as usize;
            let rounded: Vec<u8> = weights[skipped..]
                .chunks_exact(BLOCK)
                .take((last - first) as usize)
                .flat_map(|block| in_q8(block, self.steps))
                .collect();
            let within = (own.start - stands.start - first * Q8_BYTES) as usize;
            put(range, bytes, &own, &rounded[within..]);
        }
        Ok(())
    }
}

fn common(a: &Range<u64>, b: &Range<u64>) -> Range<u64> {
    a.start.max(b.start)..a.end.min(b.end)
}

/// Copies the bytes of `own` to where they belong in a range.
fn put(range: &Range<u64>, bytes: &mut [u8], own: &Range<u64>, from: &[u8]) {
    let at = (own.start - range.start) as usize..(own.end - range.start) as usize;
    let n_bytes = at.len();
    bytes[at].copy_from_slice(&from[..n_bytes]);
}

impl<S: ByteSource> ByteSource for Rounded<'_, S> {
    fn length(&self) -> u64 {
        self.length
    }

    fn part_starts(&self) -> Vec<u64> {
        self.source.part_starts()
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let in_file = range.start.min(self.source.length())..range.end.min(self.source.length());
        let mut bytes = if in_file.is_empty() {
            Vec::new()
        } else {
            self.source.read(in_file).await?
        };
        bytes.resize((range.end - range.start) as usize, 0);
        self.round_kept(&range, &mut bytes).await?;
        self.round_decoded(&range, &mut bytes).await?;
        Ok(bytes)
    }
}

/// Bytes of a block of Q8_0: a scale, and a byte for each weight.
const Q8_BYTES: u64 = 2 + BLOCK as u64;

/// A block of weights as Q8_0, of which only so many steps are used.
fn in_q8(weights: &[f32], steps: f32) -> Vec<u8> {
    let most = weights.iter().map(|weight| weight.abs()).fold(0.0, f32::max);
    let scale = most / steps;
    let quant = |weight: &f32| match scale {
        0.0 => 0,
        scale => ((weight / scale).round() as i8).cast_unsigned(),
    };
    let mut block = f16::from_f32(scale).to_le_bytes().to_vec();
    block.extend(weights.iter().map(quant));
    block
}

/// Bytes of 32 weights.
fn block_bytes(format: Format) -> Option<u64> {
    match format {
        Format::F32 => Some(4 * BLOCK as u64),
        Format::F16 | Format::BF16 => Some(2 * BLOCK as u64),
        Format::Q8_0 => Some(Q8_BYTES),
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
        // No tensor of another format keeps it.
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
