//! ERNIE 4.5 MoE: as Llama in attention; some leading layers dense, then sparse ones with a softmax
//! router whose bias counts for the selection alone, chosen weights normalised, and shared experts
//! joined into one (ERNIE 4.5 technical report; keys and tensor names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let mut decoder = Decoder::read(file)?;
    decoder.interleaved = true;
    let experts = decoder.experts(GatingFunction::Softmax, true)?;
    let leading = file.opt_size("leading_dense_block_count", 0, 0..=decoder.n_layers)?;
    let every = file.opt_size("interleave_moe_layer_step", 1, 1..=1024)?;
    decoder.assemble(|layer| {
        let attention = decoder.attention(layer, AttentionKind::PLAIN)?;
        if layer.0 < leading || !(layer.0 + 1).is_multiple_of(every) {
            return Ok(vec![attention, decoder.dense_ffn(layer)?]);
        }
        let mut moe = decoder.moe_ffn(layer, &experts)?;
        moe.shared = decoder.shared_expert(layer)?;
        Ok(vec![attention, Block::MoeFfn(Box::new(moe))])
    })
}
