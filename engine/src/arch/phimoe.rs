//! Phi-3.5-MoE and Phi-mini-MoE: LayerNorms with biases, GQA with biases and NeoX RoPE that has factors
//! for short and for long contexts; every layer sparse with a SparseMixer router (arXiv:2404.14219,
//! arXiv:2409.12136; keys and tensor names as llama.cpp writes them).
//!
//! llama.cpp norms by root mean square and weighs by softmax; here it is as the model was trained, and as
//! transformers has it.

use super::decoder::{AttentionKind, Decoder};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let mut decoder = Decoder::read(file)?;
    decoder.rope.magnitude = file.positive("rope.scaling.attn_factor", Some(1.0))?;
    let experts = decoder.experts(GatingFunction::SparseMixer, false)?;
    decoder.assemble(|layer| {
        let moe = decoder.moe_ffn(layer, &experts)?;
        Ok(vec![
            decoder.attention(layer, AttentionKind::PLAIN)?,
            Block::MoeFfn(Box::new(moe)),
        ])
    })
}
