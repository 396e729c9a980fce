//! DeepSeek V2 and V3, Moonlight, GLM-4.7-Flash: latent attention; leading layers dense, then sparse ones
//! with shared experts, and a router by softmax or by sigmoid with a bias for the selection, groups and a
//! factor (arXiv:2405.04434, arXiv:2412.19437; keys and tensor names as llama.cpp writes them since it
//! stores `attn_k_b` and `attn_v_b` apart).

use super::decoder::Decoder;
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::attention::{Rope, RopeScaling};
use crate::blocks::latent_attention::{LatentAttention, LowRank};
use crate::blocks::moe_ffn::GatingFunction;
use crate::ids::LayerIdx;

/// Sizes of latent attention, the same in every layer.
struct Latent {
    /// Of a query before it meets the latents.
    d_query: u32,
    d_latent: u32,
    d_value: u32,
    /// Of the queries' bottleneck; 0: there is none.
    q_rank: u32,
}

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    // Files from before 2025 hold both matrices as one, which latent attention cannot absorb.
    if file.gguf.tensor("blk.0.attn_kv_b.weight").is_some() {
        return Err(ArchError::Unsupported {
            key: "blk.0.attn_kv_b.weight".into(),
            value: "keys and values in one matrix (a file from before 2025; convert the model again)".into(),
        });
    }
    let mut decoder = Decoder::read(file)?;
    let latent = latent(file, decoder.rope.n_rot)?;
    (decoder.rope, decoder.attention_scale) = rope_and_scale(file, decoder.rope, latent.d_query)?;
    let experts = decoder.experts(default_gating(&decoder), false)?;
    let leading = file.opt_size("leading_dense_block_count", 0, 0..=decoder.n_layers)?;
    decoder.assemble(|layer| {
        let attention = attention(&decoder, &latent, layer)?;
        if layer.0 < leading {
            return Ok(vec![attention, decoder.dense_ffn(layer)?]);
        }
        let mut moe = decoder.moe_ffn(layer, &experts)?;
        moe.shared = decoder.shared_expert(layer)?;
        Ok(vec![attention, Block::MoeFfn(Box::new(moe))])
    })
}

/// GLM-4.7-Flash's files do not say that they mean sigmoid; llama.cpp knows it by its sizes.
fn default_gating(decoder: &Decoder<'_>) -> GatingFunction {
    match (decoder.n_layers, decoder.vocab) {
        (47 | 48, 154_880) => GatingFunction::Sigmoid,
        _ => GatingFunction::Softmax,
    }
}

fn latent(file: &Reader<'_>, n_rot: u32) -> Result<Latent, ArchError> {
    let latent = Latent {
        d_query: file.size("attention.key_length_mla", n_rot + 1..=4096)?,
        d_latent: file.size("attention.kv_lora_rank", 4..=4096)?,
        d_value: file.size("attention.value_length_mla", 1..=4096)?,
        q_rank: file.opt_size("attention.q_lora_rank", 0, 0..=1 << 16)?,
    };
    // Each head reads its part of a row in vectors of four.
    let sizes = [
        ("attention.key_length_mla", latent.d_query),
        ("attention.kv_lora_rank", latent.d_latent),
    ];
    match sizes.into_iter().find(|(_, size)| !size.is_multiple_of(4)) {
        Some((key, size)) => Err(file.contradiction(key, size, "must be a multiple of 4")),
        None => Ok(latent),
    }
}

/// With YaRN, DeepSeek's files ask that scores and not rotations be stretched:
/// `yarn_log_multiplier` is 0.1 · `mscale_all_dim` (transformers: `yarn_apply_mscale`).
fn rope_and_scale(file: &Reader<'_>, mut rope: Rope, d_query: u32) -> Result<(Rope, f32), ArchError> {
    let scale = 1.0 / (d_query as f32).sqrt();
    let multiplier = file.opt_number("rope.scaling.yarn_log_multiplier", 0.0)?;
    let RopeScaling::Yarn {
        factor, attn_factor, ..
    } = &mut rope.scaling
    else {
        return Ok((rope, scale));
    };
    if multiplier == 0.0 {
        return Ok((rope, scale));
    }
    let stretch = *attn_factor * (1.0 + multiplier * factor.ln());
    *attn_factor /= 1.0 + 0.1 * factor.ln();
    Ok((rope, scale * stretch * stretch))
}

fn attention(decoder: &Decoder<'_>, latent: &Latent, layer: LayerIdx) -> Result<Block, ArchError> {
    let (file, d_model, n_heads) = (decoder.file, decoder.d_model, decoder.n_heads);
    let n_rot = decoder.rope.n_rot;
    let (d_nope, d_latent) = (latent.d_query - n_rot, latent.d_latent);
    let q_width = n_heads * latent.d_query;
    let name = |part: &str| format!("blk.{}.{part}.weight", layer.0);
    let (q, q_low_rank) = match latent.q_rank {
        0 => (decoder.linear(layer, "attn_q", d_model, q_width)?, None),
        rank => {
            let low = LowRank {
                inward: decoder.linear(layer, "attn_q_a", d_model, rank)?,
                norm: file.tensor(&name("attn_q_a_norm"), &[rank])?,
                rank,
            };
            (
                decoder.linear(layer, "attn_q_b", rank, q_width)?,
                Some(Box::new(low)),
            )
        }
    };
    Ok(Block::LatentAttention(Box::new(LatentAttention {
        layer,
        norm: decoder.layer_norm(layer, "attn_norm")?,
        q,
        q_low_rank,
        kv_a: decoder.linear(layer, "attn_kv_a_mqa", d_model, d_latent + n_rot)?,
        latent_norm: file.tensor(&name("attn_kv_a_norm"), &[d_latent])?,
        k_b: file.tensor(&name("attn_k_b"), &[d_nope, d_latent, n_heads])?,
        v_b: file.tensor(&name("attn_v_b"), &[d_latent, latent.d_value, n_heads])?,
        o: decoder.linear(layer, "attn_output", n_heads * latent.d_value, d_model)?,
        d_model,
        n_heads,
        d_nope,
        d_latent,
        d_value: latent.d_value,
        rope: decoder.rope,
        scale: decoder.attention_scale,
        eps: decoder.eps,
    })))
}
