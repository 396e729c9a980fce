//! The header of a run: who computed what, in words and sizes; the columns are beside it.

use serde::{Deserialize, Serialize};

/// What is said once per run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// What to call it; empty where nobody named it.
    pub title: String,
    /// When it was recorded, as RFC 3339; empty where the source does not say.
    pub date: String,
    /// The program that recorded it.
    pub recorder: String,
    pub model: Model,
    pub device: Option<Device>,
    /// Parts of a forward pass that time and bytes are attributed to. `(groups)`
    pub groups: Vec<String>,
    pub generations: Vec<Generation>,
    /// Steps of the decode of a token that was looked at closely, in the order they ran. `(steps)`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What those steps run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<Kernel>,
    /// Transformer blocks whose attention was recorded. `(attention_layers)`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attention_layers: Vec<u32>,
}

/// One step of a decode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// One of the names of the groups of a pass.
    pub group: String,
    /// Transformer block.
    pub layer: Option<u32>,
    /// Which of the kernels.
    pub kernel: u32,
}

/// A kernel, by the files of moescope that it is linked of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kernel {
    pub stem: String,
    /// What is joined to its shader, the shader itself the last.
    pub files: Vec<String>,
    /// The same in plain Rust.
    pub twin: String,
}

/// Facts of the model. What a source does not tell is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Model {
    pub name: String,
    pub architecture: String,
    /// File or address it was read from.
    pub origin: String,
    /// Of the whole file, where it was computed.
    pub sha256: Option<String>,
    pub licence: Option<String>,
    pub quantization: String,
    pub file_bytes: u64,
    pub parameters: u64,
    pub active_parameters: u64,
    pub n_layers: u32,
    /// Transformer block behind each MoE layer. `(moe_layers)`
    pub moe_layers: Vec<u32>,
    pub n_experts: u32,
    pub top_k: u32,
    pub d_model: u32,
    pub n_vocab: u32,
    pub context: u32,
    pub has_chat: bool,
    pub kv_layers: Vec<KvLayer>,
}

/// What one layer keeps of earlier positions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KvLayer {
    pub layer: u32,
    pub kind: String,
    pub reserved_bytes: u64,
}

/// What computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// `gpu` or `cpu`.
    pub executor: String,
    pub name: String,
    pub is_software: bool,
    pub has_timestamps: bool,
    pub clock_micros: f64,
    pub wasm_bytes: u64,
    /// Why it was taken.
    pub reason: String,
}

/// One prompt and its answer. Its tokens follow those of the generation before it: first those of the
/// prompt, then those sampled, at consecutive positions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Generation {
    /// What was typed, where that is known apart from the tokens.
    pub prompt: Option<String>,
    pub sampling: Sampling,
    /// Without a chat template.
    pub raw: bool,
    /// It began a new conversation.
    pub fresh: bool,
    /// Index of the generation whose prompt it was written in the place of.
    pub replaces: Option<u32>,
    /// Not asked anew: the answer of that generation went on from another token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// Positions the KV cache already held.
    pub reused: u32,
    /// Position of its first token.
    pub first_position: u32,
    pub prompt_tokens: u32,
    pub sampled_tokens: u32,
    pub passes: u32,
    /// Why it ended: `stop`, `maxTokens`, `contextFull`, `cancelled`; none while it was under way.
    pub finish: Option<String>,
}

/// Another token in the place of one of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    pub position: u32,
    pub token: u32,
}

/// How tokens were drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    pub seed: u64,
    pub temperature: f32,
    pub top_k: u32,
    pub top_p: f32,
    pub min_p: f32,
    pub repetition_penalty: f32,
    pub max_tokens: u32,
}
