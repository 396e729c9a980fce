//! Models of true shape and random weights, written as GGUF: what benchmarks and loading tests need.
//!
//! Quantized blocks are written directly: scales such that a matrix of rows of n elements has standard
//! deviation 1/√n, quants of random bits. Outputs are then about as large as inputs, logits finite, and
//! routing untied. Which tensor gets which format follows llama.cpp's quantizer, so that a "Q4_0" file
//! holds Q6_K and F32 too.

mod blocks;
mod vocabulary;

use crate::gguf_bytes::Builder;
use crate::rng::Rng;
pub use blocks::Format;
pub use vocabulary::vocabulary;

/// Architectures it can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    GraniteMoe,
    Qwen3Moe,
}

/// The formats of a file, named as llama.cpp names the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types, reason = "llama.cpp's own names")]
pub enum Mix {
    Q4_0,
    Q4_K_M,
    Q8_0,
}

/// The sizes of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub architecture: Architecture,
    pub d_model: u64,
    pub n_layers: u64,
    pub n_heads: u64,
    pub n_kv_heads: u64,
    pub head_dim: u64,
    pub n_experts: u64,
    pub top_k: u64,
    pub d_expert: u64,
    pub vocab: u64,
    pub context: u64,
    /// The output head is the embedding.
    pub is_tied: bool,
}

/// A tensor to be written.
pub struct Tensor {
    pub name: String,
    pub dims: Vec<u64>,
    pub format: Format,
    pub bytes: Vec<u8>,
}

impl Architecture {
    pub fn name(self) -> &'static str {
        match self {
            Self::GraniteMoe => "granitemoe",
            Self::Qwen3Moe => "qwen3moe",
        }
    }
}

impl Mix {
    pub const ALL: [Self; 3] = [Self::Q4_0, Self::Q4_K_M, Self::Q8_0];

    pub fn name(self) -> &'static str {
        match self {
            Self::Q4_0 => "Q4_0",
            Self::Q4_K_M => "Q4_K_M",
            Self::Q8_0 => "Q8_0",
        }
    }

    /// Of most matrices. Rows that are no multiple of 256 take what llama.cpp falls back on.
    fn usual(self, row: u64) -> Format {
        match self {
            Self::Q4_0 => Format::Q4_0,
            Self::Q8_0 => Format::Q8_0,
            Self::Q4_K_M if row.is_multiple_of(256) => Format::Q4_K,
            Self::Q4_K_M => Format::Q5_0,
        }
    }

    /// Of the matrices that get more bits: the output head, and in Q4_K_M some values and downs.
    fn finer(self, row: u64) -> Format {
        match self {
            Self::Q8_0 => Format::Q8_0,
            _ if row.is_multiple_of(256) => Format::Q6_K,
            _ => Format::Q8_0,
        }
    }
}

impl Shape {
    /// Metadata of the architecture, without a tokenizer.
    pub fn head(&self, name: &str) -> Builder {
        let architecture = self.architecture.name();
        let key = |part: &str| format!("{architecture}.{part}");
        let mut file = Builder::new()
            .text("general.architecture", architecture)
            .text("general.name", name);
        for (part, value) in [
            ("context_length", self.context),
            ("embedding_length", self.d_model),
            ("block_count", self.n_layers),
            ("feed_forward_length", self.d_expert),
            ("attention.head_count", self.n_heads),
            ("attention.head_count_kv", self.n_kv_heads),
            ("expert_count", self.n_experts),
            ("expert_used_count", self.top_k),
        ] {
            file = file.u32(&key(part), value as u32);
        }
        file = file
            .f32(&key("attention.layer_norm_rms_epsilon"), 1e-6)
            .f32(&key("rope.freq_base"), 10_000.0);
        match self.architecture {
            Architecture::GraniteMoe => file
                .u32(&key("rope.dimension_count"), self.head_dim as u32)
                .u32(&key("vocab_size"), self.vocab as u32)
                .f32(&key("attention.scale"), 1.0 / (self.head_dim as f32).sqrt())
                .f32(&key("embedding_scale"), 12.0)
                .f32(&key("residual_scale"), 0.22)
                .f32(&key("logit_scale"), 1.0),
            Architecture::Qwen3Moe => file
                .u32(&key("attention.key_length"), self.head_dim as u32)
                .u32(&key("attention.value_length"), self.head_dim as u32)
                .u32(&key("expert_feed_forward_length"), self.d_expert as u32),
        }
    }

    /// Every tensor, in the order of the layers.
    pub fn tensors(&self, mix: Mix, seed: u64) -> Vec<Tensor> {
        let mut rng = Rng::new(seed);
        let mut tensors = Vec::new();
        let mut matrix = |name: String, dims: &[u64], format: Format, rng: &mut Rng| {
            tensors.push(Tensor {
                name: format!("{name}.weight"),
                dims: dims.to_vec(),
                format,
                bytes: format.random(dims, rng),
            });
        };
        let (d_model, vocab) = (self.d_model, self.vocab);
        let (embedding, output) = (mix.usual(d_model), mix.finer(d_model));
        let embedding = if self.is_tied { output } else { embedding };
        matrix("token_embd".into(), &[d_model, vocab], embedding, &mut rng);
        if !self.is_tied {
            matrix("output".into(), &[d_model, vocab], output, &mut rng);
        }
        matrix("output_norm".into(), &[d_model], Format::F32, &mut rng);
        for layer in 0..self.n_layers {
            for (part, dims) in self.layer() {
                let format = self.format(mix, part, layer, &dims);
                matrix(format!("blk.{layer}.{part}"), &dims, format, &mut rng);
            }
        }
        tensors
    }

    /// The whole file: metadata, tensors, and a vocabulary whose words are in [`vocabulary`].
    pub fn file(&self, name: &str, mix: Mix, seed: u64) -> Builder {
        let file = vocabulary(self.head(name), self.vocab as usize);
        self.tensors(mix, seed)
            .iter()
            .fold(file, |file, tensor| tensor.append(file))
    }

    /// Names and shapes of a layer's tensors.
    fn layer(&self) -> Vec<(&'static str, Vec<u64>)> {
        let (d_model, d_expert, n_experts) = (self.d_model, self.d_expert, self.n_experts);
        let (q, kv) = (self.n_heads * self.head_dim, self.n_kv_heads * self.head_dim);
        let mut tensors = vec![("attn_norm", vec![d_model]), ("ffn_norm", vec![d_model])];
        if self.architecture == Architecture::Qwen3Moe {
            tensors.extend(["attn_q_norm", "attn_k_norm"].map(|name| (name, vec![self.head_dim])));
        }
        tensors.extend([
            ("attn_q", vec![d_model, q]),
            ("attn_k", vec![d_model, kv]),
            ("attn_v", vec![d_model, kv]),
            ("attn_output", vec![q, d_model]),
            ("ffn_gate_inp", vec![d_model, n_experts]),
            ("ffn_gate_exps", vec![d_model, d_expert, n_experts]),
            ("ffn_up_exps", vec![d_model, d_expert, n_experts]),
            ("ffn_down_exps", vec![d_expert, d_model, n_experts]),
        ]);
        tensors
    }

    /// As llama.cpp chooses: norms and routers stay whole; a third of the layers between the first and
    /// the last eighth, and all of those, get finer values and downs in Q4_K_M.
    fn format(&self, mix: Mix, part: &str, layer: u64, dims: &[u64]) -> Format {
        let eighth = self.n_layers / 8;
        let is_finer = layer < eighth || layer >= 7 * self.n_layers / 8 || (layer - eighth) % 3 == 2;
        match part {
            _ if dims.len() == 1 => Format::F32,
            "ffn_gate_inp" => Format::F32,
            "attn_v" | "ffn_down_exps" if mix == Mix::Q4_K_M && is_finer => mix.finer(dims[0]),
            _ => mix.usual(dims[0]),
        }
    }
}

impl Tensor {
    /// Adds it to a file.
    pub fn append(&self, file: Builder) -> Builder {
        let Self {
            name,
            dims,
            format,
            bytes,
        } = self;
        file.tensor(name, dims, format.ggml_type(), bytes)
    }
}
