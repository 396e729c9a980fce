//! gpt-oss: GQA with biases and a learned sink per head, every second layer seeing only a window of
//! positions, YaRN; every layer sparse, biased router, softmax over the chosen alone, biased experts
//! with a clamped activation (arXiv:2508.10925; keys and tensor names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::{Activation, BiasRole, GatingFunction};

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let decoder = Decoder::read(file)?;
    let mut experts = decoder.experts(GatingFunction::Softmax, true)?;
    experts.bias_role = BiasRole::Logits;
    experts.activation = Activation::GptOss;
    let window = file.size("attention.sliding_window", 1..=1 << 24)?;
    decoder.assemble(|layer| {
        let kind = AttentionKind {
            window: layer.0.is_multiple_of(2).then_some(window),
            has_sinks: true,
            ..AttentionKind::PLAIN
        };
        let moe = decoder.moe_ffn(layer, &experts)?;
        Ok(vec![
            decoder.attention(layer, kind)?,
            Block::MoeFfn(Box::new(moe)),
        ])
    })
}
