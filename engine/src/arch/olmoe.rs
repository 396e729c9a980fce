//! OLMoE: attention whose queries and keys are normalised over all heads at once, NeoX RoPE; every
//! layer sparse, softmax router, chosen weights *not* normalised (arXiv:2409.02060; keys and tensor
//! names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder, QkNormKind};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let decoder = Decoder::read(file)?;
    let experts = decoder.experts(GatingFunction::Softmax, false)?;
    let kind = AttentionKind {
        qk_norm: QkNormKind::Whole,
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
