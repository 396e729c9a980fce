//! Qwen3-MoE: GQA with QK-norm and NeoX RoPE; every layer sparse, softmax router, chosen weights
//! normalised, SwiGLU experts, no shared expert (arXiv:2505.09388; keys and tensor names as
//! llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder, QkNormKind};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    file.size("expert_feed_forward_length", 1..=1 << 18)?;
    let decoder = Decoder::read(file)?;
    let experts = decoder.experts(GatingFunction::Softmax, true)?;
    let kind = AttentionKind {
        qk_norm: QkNormKind::PerHead,
        ..AttentionKind::PLAIN
    };
    decoder.assemble(|layer| {
        let moe = decoder.moe_ffn(layer, &experts)?;
        Ok(vec![
            decoder.attention(layer, kind)?,
            Block::MoeFfn(Box::new(moe)),
        ])
    })
}
