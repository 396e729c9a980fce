//! moescope's engine: the bytes of a sparse mixture-of-experts model in, tokens and traces out.
//!
//! ```text
//! bytes ─► Gguf ─► Spec ─► Plan ─► Session ─► Token + Trace
//! source   gguf    arch    plan    gpu | cpu   trace
//! ```
//!
//! Each stage is a noun made only from the noun before it, and nothing reaches back: `gguf` does
//! not know architectures, `arch` does not know quantized layouts, `plan` does not know wgpu,
//! `session` does not know text. Only [`gpu`] names `wgpu`. There is no JavaScript in here.

pub mod arch;
pub mod blocks;
pub mod chat;
pub mod clock;
pub mod compare;
pub mod cost;
pub mod cpu;
pub mod error;
pub mod fast;
pub mod generate;
pub mod gguf;
pub mod gpu;
pub mod ids;
pub mod kernels;
pub mod load;
pub mod model;
pub mod plan;
pub mod prediction;
pub mod quant;
mod random;
pub mod rounded;
pub mod sampler;
pub mod session;
mod softmax;
pub mod source;
pub mod team;
pub mod tokenizer;
pub mod trace;
pub mod utf8;

pub use error::Error;
pub use generate::{Finish, Generated, Generation, GenerationOptions};
pub use ids::{ExpertId, LayerIdx, TokenId};
pub use model::Model;
pub use session::{ExecutorKind, KvFormat, Session, SessionOptions};
pub use source::{ByteSource, MemorySource};
pub use trace::{KvTrace, Routing, StepCost, StepGroup, TokenTrace};
