//! A recorded run as data: what a model was asked, what it wrote, where its routers sent every token,
//! and what that cost. One safetensors file, which Python opens in a line; `FORMAT.md` documents it.
//!
//! ```text
//! live run ─► Run ─► bytes ─► Run ─► events of the page, tables, CSV
//! runs of other programs ─► import ─┘
//! ```
//!
//! Nothing here knows the engine or the page; both turn what they have into a [`Run`].

mod check;
mod columns;
pub mod error;
mod file;
pub mod import;
mod info;
pub mod ledger;
pub mod router;
pub mod tables;

pub use columns::{
    COLUMNS, Dim, Examined, KIND_REASONED, KIND_SAID, KIND_TEMPLATE, Likely, Passes, Rows, Spec, Texts,
    Tokens,
};
pub use error::RunError;
pub use file::{MOST_BYTES, Parts, parts, read, write};
pub use half::f16;
pub use info::{Branch, Device, Generation, Info, Kernel, KvLayer, Model, Sampling, Step};

/// Everything that is known of one conversation. Columns belong together by their lengths, which
/// [`read`] and the importers check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub info: Info,
    pub tokens: Tokens,
    pub rows: Rows,
    pub passes: Passes,
    pub examined: Examined,
}
