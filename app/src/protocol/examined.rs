//! One token looked at closely: every step of its decode timed alone, the source behind each, and what
//! it paid attention to.

use serde::{Deserialize, Serialize};

use super::column;

/// What the worker found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examined {
    pub position: u32,
    /// Runs behind the times, which are their means.
    pub runs: u32,
    pub wall_micros: f64,
    /// In the order they run.
    pub steps: Vec<ExaminedStep>,
    pub kernels: Vec<ExaminedKernel>,
    /// Transformer blocks that attend. `(layers)`
    pub layers: Vec<u32>,
    /// Share of attention of each position, mean over heads. `(layers, position + 1)`
    #[serde(with = "column")]
    pub attention: Vec<f32>,
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExaminedStep {
    pub group: String,
    /// Transformer block.
    pub layer: Option<u32>,
    /// Index in [`Examined::kernels`].
    pub kernel: u32,
    /// None where the device has no timestamps.
    pub micros: Option<f64>,
    pub weight_bytes: u64,
    pub kv_read_bytes: u64,
    pub kv_write_bytes: u64,
    pub operations: u64,
}

impl ExaminedStep {
    /// Bytes it must move.
    pub fn bytes(&self) -> u64 {
        self.weight_bytes + self.kv_read_bytes + self.kv_write_bytes
    }
}

/// A kernel as it is linked for some steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExaminedKernel {
    pub stem: String,
    /// What is joined to its shader, the shader itself the last.
    pub files: Vec<SourceText>,
    /// The same in plain Rust.
    pub twin: SourceText,
}

/// A file of this repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceText {
    pub path: String,
    pub text: String,
}
