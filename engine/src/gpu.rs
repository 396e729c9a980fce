//! The GPU executor: a plan on wgpu. The only module that names it.
//!
//! Everything is made once: a pipeline per linked shader, a bind group per step, one uniform
//! buffer with all parameters. A pass writes its few inputs, encodes the steps into compute passes
//! by step group, copies the outputs into one staging buffer, and waits for one readback. Nothing waits for
//! pipelines to compile until a pass needs them, or all weights are there.

mod bandwidth;
mod context;
pub mod executor;
mod faults;
mod pipelines;
mod readback;
mod steps;
mod submission;
mod timer;
mod tuning;
mod upload;

pub use context::{ActivationOption, ContextOptions, GpuContext};

/// What the GPU or its driver refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GpuError {
    #[error("no WebGPU adapter is available here ({why}); the CPU executor works without one")]
    NoAdapter { why: Box<str> },
    #[error("the GPU refused to open ({why}); close other tabs that use it, or use the CPU executor")]
    NoDevice { why: Box<str> },
    #[error("the GPU ran out of memory; choose a smaller model or a shorter context")]
    OutOfMemory,
    #[error("the GPU was lost ({why}); reload the page to start again")]
    Lost { why: Box<str> },
    #[error("the GPU reported a fault: {what}")]
    Fault { what: Box<str> },
}
