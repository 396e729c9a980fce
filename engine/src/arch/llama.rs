//! Llama with experts, which is Mixtral: GQA, RoPE over neighbouring elements (converters permute the
//! rows of q and k to it); every layer sparse, softmax router, chosen weights normalised
//! (arXiv:2401.04088; keys and tensor names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    if file.opt_size("expert_count", 0, 0..=u32::MAX)? == 0 {
        return Err(file.unsupported("expert_count", "0 (a dense model: there are no experts to show)"));
    }
    let mut decoder = Decoder::read(file)?;
    decoder.interleaved = true;
    let experts = decoder.experts(GatingFunction::Softmax, true)?;
    decoder.assemble(|layer| {
        let moe = decoder.moe_ffn(layer, &experts)?;
        Ok(vec![
            decoder.attention(layer, AttentionKind::PLAIN)?,
            Block::MoeFfn(Box::new(moe)),
        ])
    })
}
