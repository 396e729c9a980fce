//! Granite-MoE and PowerMoE: as Mixtral, with four multipliers: on the embedding, on what each block
//! adds, on q · k in place of 1/√d, and a divisor of the logits; some have a shared expert (IBM
//! Granite 3; keys and tensor names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let mut decoder = Decoder::read(file)?;
    decoder.interleaved = true;
    // 0 or nothing means "none" for all four.
    let factor = |key: &str, none: f32| -> Result<f32, ArchError> {
        let value = file.opt_number(key, 0.0)?;
        Ok(if value == 0.0 { none } else { value })
    };
    decoder.embedding_scale = factor("embedding_scale", 1.0)?;
    decoder.residual_scale = factor("residual_scale", 1.0)?;
    decoder.attention_scale = factor("attention.scale", decoder.attention_scale)?;
    decoder.logit_scale = 1.0 / factor("logit_scale", 1.0)?;
    let experts = decoder.experts(GatingFunction::Softmax, true)?;
    decoder.assemble(|layer| {
        let mut moe = decoder.moe_ffn(layer, &experts)?;
        moe.shared = decoder.shared_expert(layer)?;
        Ok(vec![
            decoder.attention(layer, AttentionKind::PLAIN)?,
            Block::MoeFfn(Box::new(moe)),
        ])
    })
}
