//! Ling and Ring 2.0: GQA with QK-norm, queries, keys and values in one matrix, NeoX RoPE on half of each
//! head; leading layers dense, then sparse ones with a shared expert and a sigmoid router with groups, a
//! bias for the selection alone and a factor (arXiv:2510.22115; keys and tensor names as llama.cpp
//! writes them).

use super::decoder::{AttentionKind, Decoder, QkNormKind};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let decoder = Decoder::read(file)?;
    let experts = decoder.experts(GatingFunction::Sigmoid, false)?;
    let leading = file.opt_size("leading_dense_block_count", 0, 0..=decoder.n_layers)?;
    let kind = AttentionKind {
        qk_norm: QkNormKind::PerHead,
        ..AttentionKind::PLAIN
    };
    decoder.assemble(|layer| {
        let attention = decoder.attention(layer, kind)?;
        if layer.0 < leading {
            return Ok(vec![attention, decoder.dense_ffn(layer)?]);
        }
        let mut moe = decoder.moe_ffn(layer, &experts)?;
        moe.shared = decoder.shared_expert(layer)?;
        Ok(vec![attention, Block::MoeFfn(Box::new(moe))])
    })
}
