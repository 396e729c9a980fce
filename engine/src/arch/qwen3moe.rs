//! Qwen3-MoE: GQA with QK-norm and NeoX RoPE; every layer sparse, softmax router, chosen weights
//! normalised, SwiGLU experts, no shared expert (arXiv:2505.09388; keys and tensor names as
//! llama.cpp writes them).

use super::reader::Reader;
use super::{ArchError, Spec};
use crate::blocks::Block;
use crate::blocks::attention::{Attention, Rope};
use crate::blocks::embed::Embed;
use crate::blocks::head::Head;
use crate::blocks::moe_ffn::{Gating, MoeFfn};
use crate::ids::LayerIdx;

/// The sizes all layers share.
struct Sizes {
    d_model: u32,
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    d_ff: u32,
    n_experts: u32,
    top_k: u32,
    rope: Rope,
    eps: f32,
    gating: Gating,
}

/// Reads a model of this architecture.
pub fn read(file: &Reader<'_>) -> Result<Spec, ArchError> {
    let sizes = Sizes::read(file)?;
    let (vocab, d_model, eps) = (file.vocab()?, sizes.d_model, sizes.eps);
    let n_layers = file.size("block_count", 1..=1024)?;
    let embedding = file.tensor("token_embd.weight", &[d_model, vocab])?;
    let output = file.opt_tensor("output.weight", &[d_model, vocab])?;
    let norm = file.tensor("output_norm.weight", &[d_model])?;

    let mut blocks = vec![Block::Embed(Embed {
        weights: embedding.clone(),
        vocab,
        d_model,
    })];
    for layer in (0..n_layers).map(LayerIdx) {
        blocks.push(Block::Attention(Box::new(attention(file, &sizes, layer)?)));
        blocks.push(Block::MoeFfn(Box::new(moe_ffn(file, &sizes, layer)?)));
    }
    blocks.push(Block::Head(Head {
        norm,
        weights: output.unwrap_or(embedding),
        d_model,
        vocab,
        eps,
    }));

    Ok(Spec {
        architecture: file.architecture.into(),
        name: file.name(),
        vocab,
        d_model,
        n_layers,
        context_length: file.size("context_length", 1..=1 << 24)?,
        blocks,
    })
}

impl Sizes {
    fn read(file: &Reader<'_>) -> Result<Self, ArchError> {
        let d_model = file.size("embedding_length", 1..=1 << 16)?;
        let n_heads = file.size("attention.head_count", 1..=1024)?;
        let n_kv_heads = file.opt_size("attention.head_count_kv", n_heads, 1..=n_heads)?;
        if !n_heads.is_multiple_of(n_kv_heads) {
            let why = "query heads must be a multiple of key-value heads";
            return Err(file.contradiction("attention.head_count_kv", n_kv_heads, why));
        }
        let head_dim = file.opt_size("attention.key_length", d_model / n_heads, 2..=4096)?;
        file.opt_size("attention.value_length", head_dim, head_dim..=head_dim)?;
        let n_rot = file.opt_size("rope.dimension_count", head_dim, 2..=head_dim)?;
        if !head_dim.is_multiple_of(2) || !n_rot.is_multiple_of(2) {
            let why = "heads and their rotated part must be of even size";
            return Err(file.contradiction("attention.key_length", head_dim, why));
        }
        file.refuse_unless("rope.scaling.type", &["none"])?;
        let n_experts = file.size("expert_count", 1..=1 << 12)?;
        Ok(Self {
            d_model,
            n_heads,
            n_kv_heads,
            head_dim,
            d_ff: file.size("expert_feed_forward_length", 1..=1 << 18)?,
            n_experts,
            top_k: file.size("expert_used_count", 1..=n_experts)?,
            rope: Rope {
                freq_base: file.positive("rope.freq_base", Some(10_000.0))?,
                n_rot,
            },
            eps: file.positive("attention.layer_norm_rms_epsilon", None)?,
            gating: Gating {
                norm_weights: true,
                weights_scale: weights_scale(file)?,
            },
        })
    }
}

/// Factor on the expert weights; llama.cpp takes 0 for "none".
fn weights_scale(file: &Reader<'_>) -> Result<f32, ArchError> {
    let scale = file.opt_number("expert_weights_scale", 1.0)?;
    Ok(if scale == 0.0 { 1.0 } else { scale })
}

fn attention(file: &Reader<'_>, sizes: &Sizes, layer: LayerIdx) -> Result<Attention, ArchError> {
    let name = |part: &str| format!("blk.{}.{part}.weight", layer.0);
    let (d_model, head_dim) = (sizes.d_model, sizes.head_dim);
    let (q_width, kv_width) = (sizes.n_heads * head_dim, sizes.n_kv_heads * head_dim);
    Ok(Attention {
        layer,
        norm: file.tensor(&name("attn_norm"), &[d_model])?,
        q: file.tensor(&name("attn_q"), &[d_model, q_width])?,
        k: file.tensor(&name("attn_k"), &[d_model, kv_width])?,
        v: file.tensor(&name("attn_v"), &[d_model, kv_width])?,
        o: file.tensor(&name("attn_output"), &[q_width, d_model])?,
        qk_norm: Some([
            file.tensor(&name("attn_q_norm"), &[head_dim])?,
            file.tensor(&name("attn_k_norm"), &[head_dim])?,
        ]),
        d_model,
        n_heads: sizes.n_heads,
        n_kv_heads: sizes.n_kv_heads,
        head_dim,
        rope: sizes.rope,
        eps: sizes.eps,
    })
}

fn moe_ffn(file: &Reader<'_>, sizes: &Sizes, layer: LayerIdx) -> Result<MoeFfn, ArchError> {
    let name = |part: &str| format!("blk.{}.{part}.weight", layer.0);
    let (d_model, d_ff, n_experts) = (sizes.d_model, sizes.d_ff, sizes.n_experts);
    Ok(MoeFfn {
        layer,
        norm: file.tensor(&name("ffn_norm"), &[d_model])?,
        router: file.tensor(&name("ffn_gate_inp"), &[d_model, n_experts])?,
        gate: file.tensor(&name("ffn_gate_exps"), &[d_model, d_ff, n_experts])?,
        up: file.tensor(&name("ffn_up_exps"), &[d_model, d_ff, n_experts])?,
        down: file.tensor(&name("ffn_down_exps"), &[d_ff, d_model, n_experts])?,
        d_model,
        d_ff,
        n_experts,
        top_k: sizes.top_k,
        gating: sizes.gating,
        eps: sizes.eps,
    })
}
