//! Qwen2-MoE (Qwen1.5-MoE-A2.7B): biases on q, k and v; every layer sparse, softmax router, chosen
//! weights not normalised, and a shared expert behind a sigmoid gate of its own (arXiv:2407.10671;
//! keys and tensor names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let decoder = Decoder::read(file)?;
    let mut experts = decoder.experts(GatingFunction::Softmax, false)?;
    // Older files give only the width of a dense layer; the experts' is that over top-k.
    if file.opt_size("expert_feed_forward_length", 0, 0..=1 << 18)? == 0 {
        experts.d_ff /= experts.top_k;
    }
    decoder.assemble(|layer| {
        let mut moe = decoder.moe_ffn(layer, &experts)?;
        moe.shared = decoder.shared_expert(layer)?;
        Ok(vec![
            decoder.attention(layer, AttentionKind::PLAIN)?,
            Block::MoeFfn(Box::new(moe)),
        ])
    })
}
