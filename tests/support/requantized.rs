//! A second quantization of a file: its experts in Q4_0 where the file has them in Q8_0.
//!
//! Tensors keep their places, so that only their types and bytes change; what Q4_0 leaves over of a place
//! is padding.

use half::f16;
use moescope_engine::gguf::Gguf;
use moescope_engine::source::MemorySource;

const Q4_0: u32 = 2;
/// Weights of a block in both formats, and its bytes.
const BLOCK: usize = 32;
const Q8_BYTES: usize = 2 + BLOCK;

/// The file with its experts rounded to Q4_0.
pub fn in_q4_0(file: &[u8]) -> Vec<u8> {
    let gguf = pollster::block_on(Gguf::read(&MemorySource(file.to_vec()))).expect("a GGUF");
    let mut bytes = file.to_vec();
    let experts = gguf
        .tensors
        .iter()
        .filter(|tensor| tensor.name.contains("_exps."));
    for tensor in experts {
        retype(&mut bytes, &tensor.name, tensor.dims.len());
        let at = tensor.range.start as usize..tensor.range.end as usize;
        let blocks: Vec<u8> = file[at.clone()].chunks_exact(Q8_BYTES).flat_map(block).collect();
        bytes[at.start..at.start + blocks.len()].copy_from_slice(&blocks);
    }
    bytes
}

/// A tensor's entry is its name, the number of its dimensions, those, and its type.
fn retype(bytes: &mut [u8], name: &str, n_dims: usize) {
    let mut entry = (name.len() as u64).to_le_bytes().to_vec();
    entry.extend(name.as_bytes());
    let at = bytes
        .windows(entry.len())
        .position(|window| window == entry)
        .expect("it has an entry");
    let at = at + entry.len() + 4 + 8 * n_dims;
    bytes[at..at + 4].copy_from_slice(&Q4_0.to_le_bytes());
}

/// As ggml's reference quantizer: the largest weight becomes −8 steps.
fn block(q8: &[u8]) -> Vec<u8> {
    let scale = f16::from_le_bytes([q8[0], q8[1]]).to_f32();
    let weights: Vec<f32> = q8[2..]
        .iter()
        .map(|quant| f32::from(quant.cast_signed()) * scale)
        .collect();
    let largest = weights
        .iter()
        .copied()
        .fold(0.0, |a: f32, b| if b.abs() > a.abs() { b } else { a });
    let step = largest / -8.0;
    let quant = |weight: f32| match step {
        0.0 => 8,
        step => (weight / step + 8.5).clamp(0.0, 15.0) as u8,
    };
    let mut bytes = f16::from_f32(step).to_le_bytes().to_vec();
    bytes.extend((0..BLOCK / 2).map(|at| quant(weights[at]) | quant(weights[at + BLOCK / 2]) << 4));
    bytes
}
