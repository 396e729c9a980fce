//! What the page and its worker say to each other: two closed enums with a version number.
//!
//! [`Request`] goes to the worker, [`Event`] comes back; both travel in an [`Envelope`] through
//! serde-wasm-bindgen, bulk columns as bytes. A recorded run is a list of events: what folds them
//! live folds them again without model or GPU.

mod column;
mod examined;
mod measured;
mod sizes;
mod told;

use serde::{Deserialize, Serialize};

pub use examined::{Examined, ExaminedKernel, ExaminedStep, SourceText};
pub use measured::{BitsFacts, ComparedFacts, FileFacts, PositionFacts};
pub use sizes::{CacheFacts, SizeFacts};
pub use told::{Told, Why};

/// Raised whenever a message changes its meaning; page and worker must agree.
pub const VERSION: u32 = 6;

/// Messages of one post, with the version of whoever wrote them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope<T> {
    pub version: u32,
    pub messages: Vec<T>,
}

impl<T> Envelope<T> {
    /// Wraps messages of this version.
    pub fn new(messages: Vec<T>) -> Self {
        Self {
            version: VERSION,
            messages,
        }
    }
}

/// What the page asks for. Ids are given by the page and never reused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Load a model beside the present one and take its place when it is ready.
    Load {
        load_id: u32,
        source: Source,
        executor: Option<Executor>,
        /// Workers that compute together on the CPU; none: as many as suit the machine.
        threads: Option<u32>,
        /// Positions of the KV cache; 0: as many as usual.
        context: u32,
        cache: CacheFormat,
    },
    /// Stop loading; the present model stays.
    CancelLoad { load_id: u32 },
    /// Answer a prompt.
    Generate {
        generation_id: u32,
        prompt: String,
        options: GenerateOptions,
    },
    /// Stop after the token under way.
    Cancel { generation_id: u32 },
    /// Look closely at a token of the conversation.
    Examine { position: u32 },
    /// Measure how fast the device moves memory.
    Calibrate,
    /// Round the experts to each of these bits and hold them against the model over the conversation.
    CompareBits { bits: Vec<u8> },
    /// Hold the model against a file, the reference, over the conversation. `CancelLoad` ends it.
    CompareFile { load_id: u32, source: Source },
    /// Forget the conversation.
    NewChat,
    /// Go on with a conversation that was recorded; it takes the place of the present one.
    Restore { turns: Vec<RestoredTurn> },
    /// Tell which models are kept in this browser.
    ListStored,
    /// Forget a model kept in this browser.
    DeleteStored { url: String },
}

/// A prompt and its answer, as an earlier worker left them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoredTurn {
    pub generation_id: u32,
    pub prompt: String,
    pub answer: String,
    pub first_position: u32,
    /// Of prompt and answer, from `first_position` on.
    pub tokens: Vec<u32>,
}

/// Where a model's bytes are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Source {
    Url(String),
    File {
        name: String,
        #[serde(with = "serde_wasm_bindgen::preserve")]
        blob: web_sys::Blob,
    },
    /// The files of a split model, in the order of their names.
    Files {
        names: Vec<String>,
        /// Of `Blob`s.
        #[serde(with = "serde_wasm_bindgen::preserve")]
        blobs: js_sys::Array,
    },
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    Gpu,
    Cpu,
}

/// How entries of the KV cache are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CacheFormat {
    #[default]
    F16,
    F32,
    Q8_0,
}

impl CacheFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F16, Self::F32, Self::Q8_0];

    /// Its name in the field.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::Q8_0 => "q8_0",
        }
    }
}

/// How to answer one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateOptions {
    pub sampling: Sampling,
    /// Feed the prompt as it is, without the chat template.
    pub raw: bool,
    /// Start a new conversation first.
    pub fresh: bool,
    /// Keep going past the end-of-turn token.
    pub ignore_eos: bool,
    /// Keep what the KV cache already holds of the prompt's beginning.
    pub cache_prompt: bool,
    /// The earlier generation whose prompt this takes the place of; what came after it is forgotten.
    pub replaces: Option<u32>,
    /// The generation it replaces is not asked anew: its answer goes on from here.
    #[serde(default)]
    pub branch: Option<Branch>,
}

/// Another token in the place of one of an answer; all before it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    pub position: u32,
    pub token: u32,
}

/// How the next token is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    pub seed: u64,
    /// 0 takes the most probable token.
    pub temperature: f32,
    /// 0 keeps all.
    pub top_k: u32,
    pub top_p: f32,
    pub min_p: f32,
    pub repetition_penalty: f32,
    pub max_tokens: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            seed: 1,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            max_tokens: 256,
        }
    }
}

/// What the worker tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    LoadProgress {
        load_id: u32,
        stage: LoadStage,
        done_bytes: u64,
        total_bytes: u64,
        elapsed_millis: f64,
    },
    /// What the model will take, counted from its head before the rest is fetched.
    Needed {
        load_id: u32,
        needs: Needs,
    },
    Loaded {
        load_id: u32,
        model: ModelFacts,
        executor: ExecutorFacts,
    },
    LoadFailed {
        load_id: u32,
        reason: Told,
    },
    /// The prompt is tokens now. `pieces` are those new to the conversation, from `first_position`
    /// on; positions before `reused` stay in the KV cache.
    Started {
        generation_id: u32,
        fresh: bool,
        seed: u64,
        reused: u32,
        first_position: u32,
        pieces: Vec<Piece>,
    },
    /// Positions of the prompt computed so far.
    Prefilling {
        generation_id: u32,
        done: u32,
        total: u32,
    },
    /// One forward pass.
    Pass {
        generation_id: u32,
        pass: Pass,
    },
    /// One sampled token; its own pass follows when it is fed back.
    Token {
        generation_id: u32,
        position: u32,
        piece: Piece,
        prob: f32,
        /// How undecided the model was, over its vocabulary.
        entropy_bits: f32,
        /// What it expected most, the likeliest first.
        likeliest: Vec<Likely>,
    },
    Finished {
        generation_id: u32,
        finish: Finish,
    },
    GenerationFailed {
        generation_id: u32,
        reason: Told,
    },
    Examined(Examined),
    /// Why a token cannot be looked at closely.
    NotExamined {
        reason: Told,
    },
    /// Bytes per second, where nothing else is to be done.
    Calibrated {
        bytes_per_second: f64,
        /// That read together; 0: a GPU.
        threads: u32,
    },
    BitsCompared(Vec<BitsFacts>),
    /// Positions compared so far.
    Comparing {
        done: u32,
        total: u32,
    },
    FileCompared(FileFacts),
    /// As it was asked to.
    CompareEnded,
    /// A measurement asked for could not be made.
    MeasureFailed {
        reason: Told,
    },
    /// Something the visitor should know; everything goes on.
    Notice {
        told: Told,
    },
    /// What is kept in this browser.
    Stored(Stored),
    /// The worker itself is gone.
    WorkerFailed {
        reason: Told,
    },
}

/// Memory a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Bytes of the file.
    pub file_bytes: u64,
    pub weight_bytes: u64,
    pub kv_bytes: u64,
    pub buffer_bytes: u64,
    /// Positions of the KV cache.
    pub context: u32,
}

impl Needs {
    /// All of it at once.
    pub fn total_bytes(&self) -> u64 {
        self.weight_bytes + self.kv_bytes + self.buffer_bytes
    }
}

/// Models kept in this browser, and the room there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub models: Vec<StoredModel>,
    /// Bytes this page uses, and may use, as the browser estimates them.
    pub usage_bytes: u64,
    pub quota_bytes: u64,
}

/// One file, whole or on its way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredModel {
    pub url: String,
    pub stored_bytes: u64,
    pub total_bytes: u64,
    pub is_whole: bool,
    /// Of the whole file, computed while nothing else is to be done; `None` until then.
    pub sha256: Option<String>,
}

/// What loading is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadStage {
    /// Bytes are on their way.
    Fetching,
    /// Weights go to the executor.
    Preparing,
}

/// Facts of the model, read from its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelFacts {
    pub name: String,
    pub architecture: String,
    pub file_bytes: u64,
    pub quantization: String,
    /// As the file names it.
    pub licence: Option<String>,
    /// Counted over all tensors.
    pub parameters: u64,
    /// Those one token meets: all but the experts it is not sent to.
    pub active_parameters: u64,
    pub n_layers: u32,
    /// Transformer block behind each MoE layer. `(moe_layers)`
    pub moe_layers: Vec<u32>,
    pub n_experts: u32,
    pub top_k: u32,
    pub d_model: u32,
    pub n_vocab: u32,
    pub context: u32,
    /// Whether the file brings a chat template.
    pub has_chat: bool,
    /// What each layer keeps of earlier positions. `(layers)`
    pub kv_layers: Vec<KvLayerFacts>,
    /// Parameters and bytes by role.
    #[serde(default)]
    pub sizes: SizeFacts,
}

/// What one layer keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KvLayerFacts {
    /// Transformer block.
    pub layer: u32,
    /// One word or two: `full`, `window of 128`, `latent`, `convolution of 3`.
    pub kind: String,
    pub reserved_bytes: u64,
}

/// Facts of the executor and why it was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutorFacts {
    pub executor: Executor,
    /// Adapter or processor, as it names itself.
    pub device: String,
    /// The WebGPU adapter is itself a program on the CPU.
    pub is_software: bool,
    pub has_timestamps: bool,
    /// Smallest step of the clock that times passes, microseconds; browsers make it coarse.
    pub clock_micros: f64,
    /// WebAssembly memory of the engine once the model was loaded: the most it took, since such memory
    /// never shrinks. Weights on a GPU are not part of it.
    pub wasm_bytes: u64,
    pub reason: Why,
}

/// One token of a prompt or an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    pub token: u32,
    pub text: String,
    pub kind: PieceKind,
}

/// A token that could have come, and how probable that was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likely {
    pub token: u32,
    pub text: String,
    pub prob: f32,
}

/// What a token is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PieceKind {
    Said,
    /// What leads to an answer: between `<think>` and `</think>`, or a channel that is not the final one.
    Reasoned,
    /// The chat template's, or a mark or control token the model wrote.
    Template,
}

/// One forward pass over consecutive positions: what each did, and the cost they share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    pub first_position: u32,
    pub positions: u32,
    /// Chosen experts, best first. `(positions, moe_layers, top_k)`
    #[serde(with = "column")]
    pub ids: Vec<u16>,
    /// Weight of each chosen expert. `(positions, moe_layers, top_k)`
    #[serde(with = "column")]
    pub weights: Vec<f32>,
    /// Full router distribution. `(positions, moe_layers, n_experts)`
    #[serde(with = "column")]
    pub probs: Vec<f32>,
    /// Entropy of each router's distribution, and margin of its choice (NaN: every expert was chosen),
    /// where a recording tells them; empty: they are computed from `probs`. `(positions, moe_layers)`
    #[serde(with = "column")]
    pub router_bits: Vec<f32>,
    #[serde(with = "column")]
    pub router_margins: Vec<f32>,
    /// Bytes held after each position. `(positions, layers)`
    #[serde(with = "column")]
    pub kv_held_bytes: Vec<u64>,
    /// Bytes each position's attention read. `(positions, layers)`
    #[serde(with = "column")]
    pub kv_read_bytes: Vec<u64>,
    /// Positions the cache can hold.
    pub kv_capacity: u32,
    pub kv_reserved_bytes: u64,
    pub kv_bytes_per_position: u64,
    /// Tokens computed together in this pass.
    pub batch_tokens: u32,
    pub wall_micros: f64,
    pub dispatches: u32,
    /// In the order a token meets them.
    pub groups: Vec<GroupCost>,
}

/// Work and time of one step group in one pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupCost {
    pub name: String,
    /// `None` where the device has no timestamps.
    pub micros: Option<f64>,
    pub weight_bytes: u64,
    pub kv_read_bytes: u64,
    pub kv_write_bytes: u64,
    pub operations: u64,
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Finish {
    /// The model ended its turn.
    Stop,
    MaxTokens,
    ContextFull,
    /// The visitor stopped it.
    Cancelled,
}
