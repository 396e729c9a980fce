//! From a file to a model: which blocks it is made of, which tensor plays which role.
//!
//! One file per architecture, about sizes and names only: no maths, no layouts, no device. A new
//! architecture is `arch/<name>.rs` and one line in [`ARCHITECTURES`].

pub mod bailingmoe2;
pub mod decoder;
pub mod deepseek2;
pub mod ernie4_5_moe;
pub mod gpt_oss;
pub mod granitemoe;
pub mod lfm2moe;
pub mod llama;
pub mod olmoe;
pub mod phimoe;
pub mod qwen2moe;
pub mod qwen3moe;
pub mod reader;

use crate::blocks::{Block, moe_ffn::MoeFfn};
use crate::gguf::{Gguf, GgufError, TensorInfo};

/// Reads one architecture.
type Read = fn(&reader::Reader<'_>) -> Result<Spec, ArchError>;

/// Every architecture known, sorted by its `general.architecture`.
pub const ARCHITECTURES: &[(&str, Read)] = &[
    ("bailingmoe2", bailingmoe2::read),
    ("deepseek2", deepseek2::read),
    ("ernie4_5-moe", ernie4_5_moe::read),
    ("gpt-oss", gpt_oss::read),
    ("granitemoe", granitemoe::read),
    ("lfm2moe", lfm2moe::read),
    ("llama", llama::read),
    ("olmoe", olmoe::read),
    ("phimoe", phimoe::read),
    ("qwen2moe", qwen2moe::read),
    ("qwen3moe", qwen3moe::read),
];

/// Why a well-formed file is not a model we can run.
#[derive(Debug, thiserror::Error)]
pub enum ArchError {
    #[error("architecture \"{name}\" is not supported yet; supported: {known}")]
    Unknown { name: String, known: String },
    #[error("the tensor {name} is missing: the file is incomplete or of another kind than it says")]
    MissingTensor { name: String },
    #[error("the tensor {name} has shape {got:?}, but this model's sizes ask for {expected:?}")]
    Shape {
        name: String,
        expected: Vec<u64>,
        got: Vec<u64>,
    },
    #[error("{key} is {value}, which this architecture cannot have ({why})")]
    Value {
        key: String,
        value: String,
        why: &'static str,
    },
    #[error("{key} = {value} is a variation not supported yet")]
    Unsupported { key: String, value: String },
    #[error(transparent)]
    Metadata(#[from] GgufError),
}

/// Tensors by which a file divides the speed of each rotating pair. (n_rot / 2)
#[derive(Clone, Debug, Default)]
pub enum RopeFactors {
    #[default]
    None,
    All(TensorInfo),
    /// The short ones up to the context the model was first trained on.
    ByContext {
        original_context: u32,
        short: TensorInfo,
        long: TensorInfo,
    },
}

impl RopeFactors {
    /// The tensor that holds for a context, if any.
    pub fn of(&self, context: u32) -> Option<&TensorInfo> {
        match self {
            Self::None => None,
            Self::All(all) => Some(all),
            Self::ByContext {
                original_context,
                short,
                long,
            } => Some(if context > *original_context { long } else { short }),
        }
    }
}

/// A model: its sizes and its blocks, in the order a token meets them.
#[derive(Clone, Debug)]
pub struct Spec {
    /// `general.architecture`.
    pub architecture: String,
    /// `general.name`, or the architecture.
    pub name: String,
    pub vocab: u32,
    pub d_model: u32,
    pub n_layers: u32,
    /// Longest sequence the model was made for.
    pub context_length: u32,
    pub rope_factors: RopeFactors,
    pub blocks: Vec<Block>,
}

impl Spec {
    /// Reads the model a file describes.
    pub fn read(gguf: &Gguf) -> Result<Self, ArchError> {
        let name = gguf.metadata.str("general.architecture")?;
        let found = ARCHITECTURES.iter().find(|(known, _)| *known == name);
        let Some((_, read)) = found else {
            let known: Vec<&str> = ARCHITECTURES.iter().map(|(known, _)| *known).collect();
            return Err(ArchError::Unknown {
                name: name.into(),
                known: known.join(", "),
            });
        };
        read(&reader::Reader::new(gguf, name))
    }

    /// The MoE layers, in order.
    pub fn moe_blocks(&self) -> impl Iterator<Item = &MoeFfn> {
        self.blocks.iter().filter_map(|block| match block {
            Block::MoeFfn(moe) => Some(moe.as_ref()),
            _ => None,
        })
    }

    /// Whether a token meets this tensor: layers that only guess ahead come after the last.
    pub fn meets(&self, tensor: &TensorInfo) -> bool {
        let layer = tensor
            .name
            .strip_prefix("blk.")
            .and_then(|rest| rest.split('.').next());
        let layer: Option<u32> = layer.and_then(|layer| layer.parse().ok());
        layer.is_none_or(|layer| layer < self.n_layers)
    }

    /// Parameters that take part in one token: all of them, less the experts not chosen and the
    /// input embedding, of which only a row is read (it counts where it is also the output head).
    pub fn active_parameters(&self, gguf: &Gguf) -> u64 {
        let met = gguf.tensors.iter().filter(|tensor| self.meets(tensor));
        let total: u64 = met.map(|tensor| tensor.elements()).sum();
        let idle: u64 = self.moe_blocks().map(idle_parameters).sum();
        let untied_embedding = match (self.blocks.first(), self.blocks.last()) {
            (Some(Block::Embed(embed)), Some(Block::Head(head)))
                if embed.weights.name != head.weights.name =>
            {
                embed.weights.elements()
            }
            _ => 0,
        };
        total - idle - untied_embedding
    }
}

/// Parameters of one layer's experts that a token does not use.
fn idle_parameters(moe: &MoeFfn) -> u64 {
    let matrices = [&moe.gate, &moe.up, &moe.down];
    let experts: u64 = matrices
        .into_iter()
        .chain(moe.biases.iter().flatten())
        .map(|tensor| tensor.elements())
        .sum();
    experts / u64::from(moe.n_experts) * u64::from(moe.n_experts - moe.top_k)
}
