//! LFM2-MoE: most layers a gated short convolution, the others GQA with QK-norm and NeoX RoPE; leading
//! layers dense, then sparse ones with a sigmoid router, a bias for the selection alone, chosen weights
//! normalised (arXiv:2511.23404; keys and tensor names as llama.cpp writes them).

use super::decoder::{AttentionKind, Decoder, QkNormKind};
use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::moe_ffn::GatingFunction;
use crate::blocks::short_conv::ShortConv;
use crate::ids::LayerIdx;

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let decoder = Decoder::read(file)?;
    let experts = decoder.experts(GatingFunction::Sigmoid, true)?;
    let leading = file.opt_size("leading_dense_block_count", 0, 0..=decoder.n_layers)?;
    // Key-value heads of each layer; none: a convolution.
    let kv_heads = file.layer_sizes("attention.head_count_kv", decoder.n_layers, 0..=decoder.n_heads)?;
    let kind = AttentionKind {
        qk_norm: QkNormKind::PerHead,
        ..AttentionKind::PLAIN
    };
    decoder.assemble(|layer| {
        let mixer = match kv_heads[layer.0 as usize] {
            0 => short_conv(&decoder, layer)?,
            _ => decoder.attention(layer, kind)?,
        };
        if layer.0 < leading {
            return Ok(vec![mixer, decoder.dense_ffn(layer)?]);
        }
        let moe = decoder.moe_ffn(layer, &experts)?;
        Ok(vec![mixer, Block::MoeFfn(Box::new(moe))])
    })
}

fn short_conv(decoder: &Decoder<'_>, layer: LayerIdx) -> Result<Block, ArchError> {
    let (file, d_model) = (decoder.file, decoder.d_model);
    let taps = file.size("shortconv.l_cache", 2..=32)?;
    let name = |part: &str| format!("blk.{}.{part}.weight", layer.0);
    Ok(Block::ShortConv(Box::new(ShortConv {
        layer,
        norm: decoder.layer_norm(layer, "attn_norm")?,
        inward: decoder.linear(layer, "shortconv.in_proj", d_model, 3 * d_model)?,
        kernel: file.tensor(&name("shortconv.conv"), &[taps, d_model])?,
        outward: decoder.linear(layer, "shortconv.out_proj", d_model, d_model)?,
        d_model,
        taps,
        eps: decoder.eps,
    })))
}
