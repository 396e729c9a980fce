//! What most decoder architectures share: the usual keys, the usual tensor names, blocks in the usual
//! order. An architecture file reads a [`Decoder`], changes what it does otherwise, and lists its
//! layers.

use super::reader::Reader;
use super::{ArchError, RopeFactors, Spec};
use crate::blocks::Block;
use crate::blocks::attention::{Attention, QkNorm, Rope, RopeScaling};
use crate::blocks::dense_ffn::DenseFfn;
use crate::blocks::embed::Embed;
use crate::blocks::head::Head;
use crate::blocks::moe_ffn::{Activation, BiasRole, Gating, GatingFunction, Groups, MoeFfn};
use crate::blocks::norm::Norm;
use crate::blocks::projection::Linear;
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;

/// The sizes all layers share, and the numbers in which architectures differ.
pub struct Decoder<'a> {
    pub file: &'a Reader<'a>,
    pub vocab: u32,
    pub d_model: u32,
    pub n_layers: u32,
    pub n_heads: u32,
    pub n_kv_heads: u32,
    pub head_dim: u32,
    pub rope: Rope,
    /// RoPE turns neighbouring elements (llama.cpp's "norm"), not those half a head apart ("neox").
    pub interleaved: bool,
    pub attention_scale: f32,
    pub embedding_scale: f32,
    pub residual_scale: f32,
    pub logit_scale: f32,
    pub eps: f32,
}

/// The sizes all sparse layers share.
#[derive(Clone, Copy, Debug)]
pub struct Experts {
    pub count: u32,
    pub top_k: u32,
    pub d_ff: u32,
    pub gating: Gating,
    /// What `exp_probs_b` or the router's own bias is added to.
    pub bias_role: BiasRole,
    pub activation: Activation,
}

/// Which norm queries and keys get.
#[derive(Clone, Copy, Debug)]
pub enum QkNormKind {
    None,
    PerHead,
    Whole,
}

/// What one layer's attention has beyond the usual.
#[derive(Clone, Copy, Debug)]
pub struct AttentionKind {
    pub qk_norm: QkNormKind,
    pub window: Option<u32>,
    pub has_sinks: bool,
}

impl AttentionKind {
    /// Full causal attention, no norms.
    pub const PLAIN: Self = Self {
        qk_norm: QkNormKind::None,
        window: None,
        has_sinks: false,
    };
}

impl<'a> Decoder<'a> {
    pub fn read(file: &'a Reader<'a>) -> Result<Self, ArchError> {
        let d_model = file.size("embedding_length", 1..=1 << 16)?;
        let n_heads = file.size("attention.head_count", 1..=1024)?;
        let n_kv_heads = n_kv_heads(file, n_heads)?;
        if !n_heads.is_multiple_of(n_kv_heads) {
            let why = "query heads must be a multiple of key-value heads";
            return Err(file.contradiction("attention.head_count_kv", n_kv_heads, why));
        }
        let head_dim = file.opt_size("attention.key_length", d_model / n_heads, 2..=4096)?;
        let n_rot = file.opt_size("rope.dimension_count", head_dim, 2..=head_dim)?;
        if !head_dim.is_multiple_of(2) || !n_rot.is_multiple_of(2) {
            let why = "heads and their rotated part must be of even size";
            return Err(file.contradiction("attention.key_length", head_dim, why));
        }
        Ok(Self {
            file,
            vocab: file.vocab()?,
            d_model,
            n_layers: n_layers(file)?,
            n_heads,
            n_kv_heads,
            head_dim,
            rope: Rope {
                freq_base: file.positive("rope.freq_base", Some(10_000.0))?,
                n_rot,
                scaling: rope_scaling(file)?,
                magnitude: 1.0,
            },
            interleaved: false,
            attention_scale: 1.0 / (head_dim as f32).sqrt(),
            embedding_scale: 1.0,
            residual_scale: 1.0,
            logit_scale: 1.0,
            eps: file.positive("attention.layer_norm_rms_epsilon", None)?,
        })
    }

    /// The whole model: embedding, the blocks `layer` gives for each layer, head.
    pub fn assemble(
        &self,
        layer: impl Fn(LayerIdx) -> Result<Vec<Block>, ArchError>,
    ) -> Result<Spec, ArchError> {
        let (file, d_model, vocab) = (self.file, self.d_model, self.vocab);
        let embedding = file.tensor("token_embd.weight", &[d_model, vocab])?;
        let output = file.opt_tensor("output.weight", &[d_model, vocab])?;
        // LFM2 names its last norm after the embedding.
        let norm = match file.gguf.tensor("token_embd_norm.weight") {
            Some(_) => self.norm("token_embd_norm")?,
            None => self.norm("output_norm")?,
        };
        let mut blocks = vec![Block::Embed(Embed {
            weights: embedding.clone(),
            vocab,
            d_model,
            scale: self.embedding_scale,
        })];
        for index in (0..self.n_layers).map(LayerIdx) {
            blocks.extend(layer(index)?);
        }
        blocks.push(Block::Head(Box::new(Head {
            norm,
            weights: output.unwrap_or(embedding),
            bias: file.opt_tensor("output.bias", &[vocab])?,
            d_model,
            vocab,
            scale: self.logit_scale,
            eps: self.eps,
        })));
        Ok(Spec {
            architecture: file.architecture.into(),
            name: file.name(),
            vocab,
            d_model,
            n_layers: self.n_layers,
            context_length: file.size("context_length", 1..=1 << 24)?,
            rope_factors: self.rope_factors()?,
            blocks,
        })
    }

    /// What divides the speed of each pair: one list, or one for contexts the model was first trained
    /// on and one for longer ones.
    fn rope_factors(&self) -> Result<RopeFactors, ArchError> {
        let tensor = |name: &str| self.file.opt_tensor(name, &[self.rope.n_rot / 2]);
        if let Some(all) = tensor("rope_freqs.weight")? {
            return Ok(RopeFactors::All(all));
        }
        let short = tensor("rope_factors_short.weight")?;
        match (short, tensor("rope_factors_long.weight")?) {
            (Some(short), Some(long)) => {
                let key = "rope.scaling.original_context_length";
                let original_context = self.file.size(key, 1..=1 << 24)?;
                Ok(RopeFactors::ByContext {
                    original_context,
                    short,
                    long,
                })
            }
            _ => Ok(RopeFactors::None),
        }
    }

    /// Self-attention of a layer; biases where the file has them.
    pub fn attention(&self, layer: LayerIdx, kind: AttentionKind) -> Result<Block, ArchError> {
        let (file, d_model, head_dim) = (self.file, self.d_model, self.head_dim);
        file.opt_size("attention.value_length", head_dim, head_dim..=head_dim)?;
        let name = |part: &str| format!("blk.{}.{part}.weight", layer.0);
        let (q_width, kv_width) = (self.n_heads * head_dim, self.n_kv_heads * head_dim);
        let norms = |q_len, k_len| -> Result<_, ArchError> {
            let q = file.tensor(&name("attn_q_norm"), &[q_len])?;
            Ok([q, file.tensor(&name("attn_k_norm"), &[k_len])?])
        };
        let sinks = format!("blk.{}.attn_sinks.weight", layer.0);
        Ok(Block::Attention(Box::new(Attention {
            layer,
            norm: self.layer_norm(layer, "attn_norm")?,
            qkv: self.qkv(layer, q_width, kv_width)?,
            o: self.linear(layer, "attn_output", q_width, d_model)?,
            qk_norm: match kind.qk_norm {
                QkNormKind::None => QkNorm::None,
                QkNormKind::PerHead => QkNorm::PerHead(norms(head_dim, head_dim)?),
                QkNormKind::Whole => QkNorm::Whole(norms(q_width, kv_width)?),
            },
            d_model,
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            head_dim,
            rope: self.rope,
            interleaved: self.interleaved,
            scale: self.attention_scale,
            window: kind.window,
            sinks: match kind.has_sinks {
                true => Some(file.tensor(&sinks, &[self.n_heads])?),
                false => None,
            },
            residual_scale: self.residual_scale,
            eps: self.eps,
        })))
    }

    /// Queries, keys and values, as one matrix where the file has them joined.
    fn qkv(&self, layer: LayerIdx, q_width: u32, kv_width: u32) -> Result<Vec<Linear>, ArchError> {
        let linear = |part, outputs| self.linear(layer, part, self.d_model, outputs);
        let joined = format!("blk.{}.attn_qkv.weight", layer.0);
        if self.file.gguf.tensor(&joined).is_some() {
            return Ok(vec![linear("attn_qkv", q_width + 2 * kv_width)?]);
        }
        let parts = [("attn_q", q_width), ("attn_k", kv_width), ("attn_v", kv_width)];
        parts
            .into_iter()
            .map(|(part, outputs)| linear(part, outputs))
            .collect()
    }

    /// A matrix with the bias the file may have for it.
    pub fn linear(
        &self,
        layer: LayerIdx,
        part: &str,
        inputs: u32,
        outputs: u32,
    ) -> Result<Linear, ArchError> {
        let name = |kind: &str| format!("blk.{}.{part}.{kind}", layer.0);
        Ok(Linear {
            weight: self.file.tensor(&name("weight"), &[inputs, outputs])?,
            bias: self.file.opt_tensor(&name("bias"), &[outputs])?,
        })
    }

    /// The keys of sparse layers. `function` where the file does not say.
    pub fn experts(&self, function: GatingFunction, norm_weights: bool) -> Result<Experts, ArchError> {
        let file = self.file;
        let count = file.size("expert_count", 1..=1 << 12)?;
        let function = match file.opt_size("expert_gating_func", 0, 0..=u32::MAX)? {
            1 if function == GatingFunction::SparseMixer => function,
            0 => function,
            1 => GatingFunction::Softmax,
            2 => GatingFunction::Sigmoid,
            other => return Err(file.unsupported("expert_gating_func", &other.to_string())),
        };
        let d_ff = file.opt_size("feed_forward_length", 1, 1..=1 << 18)?;
        // llama.cpp takes 0 for "none".
        let scale = file.opt_number("expert_weights_scale", 1.0)?;
        Ok(Experts {
            count,
            top_k: file.size("expert_used_count", 1..=count)?,
            d_ff: file.opt_size("expert_feed_forward_length", d_ff, 1..=1 << 18)?,
            gating: Gating {
                function,
                groups: groups(file, count)?,
                norm_weights: file.opt_bool("expert_weights_norm", norm_weights)?,
                weights_scale: if scale == 0.0 { 1.0 } else { scale },
            },
            bias_role: BiasRole::Selection,
            activation: Activation::Swiglu,
        })
    }

    /// The sparse layer, without a shared expert.
    pub fn moe_ffn(&self, layer: LayerIdx, experts: &Experts) -> Result<MoeFfn, ArchError> {
        let (file, d_model) = (self.file, self.d_model);
        let name = |part: &str| format!("blk.{}.{part}", layer.0);
        let (d_ff, count) = (experts.d_ff, experts.count);
        let router_bias = match experts.bias_role {
            BiasRole::Logits => "ffn_gate_inp.bias",
            BiasRole::Selection => "exp_probs_b.bias",
        };
        let bias = file.opt_tensor(&name(router_bias), &[count])?;
        Ok(MoeFfn {
            layer,
            norm: self.ffn_norm(layer)?,
            router: file.tensor(&name("ffn_gate_inp.weight"), &[d_model, count])?,
            router_bias: bias.map(|bias| (experts.bias_role, bias)),
            gate: file.tensor(&name("ffn_gate_exps.weight"), &[d_model, d_ff, count])?,
            up: file.tensor(&name("ffn_up_exps.weight"), &[d_model, d_ff, count])?,
            down: file.tensor(&name("ffn_down_exps.weight"), &[d_ff, d_model, count])?,
            biases: self.expert_biases(layer, experts)?,
            activation: experts.activation,
            shared: None,
            d_model,
            d_ff,
            n_experts: count,
            top_k: experts.top_k,
            gating: experts.gating,
            residual_scale: self.residual_scale,
            eps: self.eps,
        })
    }

    fn expert_biases(
        &self,
        layer: LayerIdx,
        experts: &Experts,
    ) -> Result<Option<[TensorInfo; 3]>, ArchError> {
        let name = |part: &str| format!("blk.{}.{part}.bias", layer.0);
        let wide = [experts.d_ff, experts.count];
        let Some(gate) = self.file.opt_tensor(&name("ffn_gate_exps"), &wide)? else {
            return Ok(None);
        };
        let up = self.file.tensor(&name("ffn_up_exps"), &wide)?;
        let down = self
            .file
            .tensor(&name("ffn_down_exps"), &[self.d_model, experts.count])?;
        Ok(Some([gate, up, down]))
    }

    fn ffn_norm(&self, layer: LayerIdx) -> Result<Norm, ArchError> {
        // gpt-oss calls the norm before its experts after the attention it follows.
        let unusual = format!("blk.{}.post_attention_norm.weight", layer.0);
        match self.file.gguf.tensor(&unusual) {
            Some(_) => self.layer_norm(layer, "post_attention_norm"),
            None => self.layer_norm(layer, "ffn_norm"),
        }
    }

    /// A norm of a layer, as wide as the residual stream.
    pub fn layer_norm(&self, layer: LayerIdx, part: &str) -> Result<Norm, ArchError> {
        self.norm(&format!("blk.{}.{part}", layer.0))
    }

    fn norm(&self, name: &str) -> Result<Norm, ArchError> {
        Ok(Norm {
            gains: self.file.tensor(&format!("{name}.weight"), &[self.d_model])?,
            bias: self.file.opt_tensor(&format!("{name}.bias"), &[self.d_model])?,
        })
    }

    /// The expert every token takes, if the file has one; its width is its tensor's.
    pub fn shared_expert(&self, layer: LayerIdx) -> Result<Option<DenseFfn>, ArchError> {
        let name = format!("blk.{}.ffn_up_shexp.weight", layer.0);
        let Some(up) = self.file.gguf.tensor(&name) else {
            return Ok(None);
        };
        let d_ff = u32::try_from(up.rows()).unwrap_or(u32::MAX);
        self.dense(layer, "_shexp", None, d_ff).map(Some)
    }

    /// A layer that is not sparse.
    pub fn dense_ffn(&self, layer: LayerIdx) -> Result<Block, ArchError> {
        let d_ff = self.file.size("feed_forward_length", 1..=1 << 18)?;
        let dense = self.dense(layer, "", Some(self.ffn_norm(layer)?), d_ff)?;
        Ok(Block::DenseFfn(Box::new(dense)))
    }

    fn dense(
        &self,
        layer: LayerIdx,
        suffix: &str,
        norm: Option<Norm>,
        d_ff: u32,
    ) -> Result<DenseFfn, ArchError> {
        let linear =
            |part: &str, inputs, outputs| self.linear(layer, &format!("{part}{suffix}"), inputs, outputs);
        let own_gate = format!("blk.{}.ffn_gate_inp{suffix}.weight", layer.0);
        let own_gate = match suffix.is_empty() {
            true => None,
            false => self.file.opt_tensor(&own_gate, &[self.d_model])?,
        };
        Ok(DenseFfn {
            layer,
            norm,
            gate: linear("ffn_gate", self.d_model, d_ff)?,
            up: linear("ffn_up", self.d_model, d_ff)?,
            down: linear("ffn_down", d_ff, self.d_model)?,
            own_gate: own_gate.map(|weight| Linear { weight, bias: None }),
            d_model: self.d_model,
            d_ff,
            residual_scale: self.residual_scale,
            eps: self.eps,
        })
    }
}

/// Layers a token goes through: those that only guess ahead (multi-token prediction) come after them.
fn n_layers(file: &Reader<'_>) -> Result<u32, ArchError> {
    let all = file.size("block_count", 1..=1024)?;
    Ok(all - file.opt_size("nextn_predict_layers", 0, 0..=all - 1)?)
}

/// Key-value heads of the layers that have any; they must have the same number.
fn n_kv_heads(file: &Reader<'_>, n_heads: u32) -> Result<u32, ArchError> {
    let key = "attention.head_count_kv";
    let Ok(Some(sizes)) = file
        .gguf
        .metadata
        .opt_u32s(&format!("{}.{key}", file.architecture))
    else {
        return file.opt_size(key, n_heads, 1..=n_heads);
    };
    let mut some = sizes.into_iter().filter(|size| *size > 0);
    let first = some.next().unwrap_or(n_heads);
    match some.find(|size| *size != first) {
        Some(other) => Err(file.unsupported(key, &format!("{first} and {other} in one model"))),
        None => file.in_range(key, first, 1..=n_heads),
    }
}

/// Groups of experts; one group is none.
fn groups(file: &Reader<'_>, count: u32) -> Result<Option<Groups>, ArchError> {
    let n_groups = file.opt_size("expert_group_count", 1, 0..=count)?;
    if n_groups <= 1 {
        return Ok(None);
    }
    if !count.is_multiple_of(n_groups) {
        let why = "experts must divide into groups of equal size";
        return Err(file.contradiction("expert_group_count", n_groups, why));
    }
    let used = file.size("expert_group_used_count", 1..=n_groups)?;
    Ok(Some(Groups {
        count: n_groups,
        used,
    }))
}

/// `rope.scaling.*`: none, linear and yarn.
fn rope_scaling(file: &Reader<'_>) -> Result<RopeScaling, ArchError> {
    let kind = file.opt_str("rope.scaling.type")?.unwrap_or("none");
    let factor = file.opt_number("rope.scaling.factor", 1.0)?;
    let is_stretched = factor > 0.0 && factor != 1.0;
    match kind {
        "none" => Ok(RopeScaling::None),
        "linear" | "yarn" if !is_stretched => Ok(RopeScaling::None),
        "linear" => Ok(RopeScaling::Linear { factor }),
        "yarn" => Ok(RopeScaling::Yarn {
            factor,
            original_context: file.size("rope.scaling.original_context_length", 1..=1 << 24)?,
            beta_fast: file.positive("rope.scaling.yarn_beta_fast", Some(32.0))?,
            beta_slow: file.positive("rope.scaling.yarn_beta_slow", Some(1.0))?,
            attn_factor: file.positive("rope.scaling.attn_factor", Some(1.0))?,
        }),
        other => Err(file.unsupported("rope.scaling.type", other)),
    }
}
