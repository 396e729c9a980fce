//! Several workers run the same pass together: tensor parallelism, as clusters do it.
//!
//! Each worker holds some rows of every large matrix, multiplies them, and the results are gathered by all.
//! Everything else (norms, the router, the cache) is small and is computed by each of them. Rows stay whole,
//! so the numbers are the same bits as those of one worker alone.
//!
//! ```text
//!          ┌─ lead ──── Session ─► CpuExecutor ─┐   own rows
//!   Board ─┤                                    ├─► gather ─► all rows
//!          └─ follow ── the same plan ──────────┘   own rows
//! ```
//!
//! The [`Board`] is the only memory they share: commands, chunks of weights and results go over it. That is
//! how it can be done in browsers with stable Rust, whose wasm cannot share its own memory between workers:
//! each worker is an instance of the same program, and the board is a `SharedArrayBuffer`.

mod board;
mod command;
mod follow;
mod lead;
mod seat;
mod split;
#[cfg(not(target_arch = "wasm32"))]
mod threads;

pub use board::{Board, WORDS};
pub(crate) use command::Command;
pub use follow::follow;
pub use lead::{Lead, Place};
pub use seat::Seat;
pub(crate) use split::{n_own, own_parts, splits};
#[cfg(not(target_arch = "wasm32"))]
pub use threads::threads;

use std::ops::Range;

use crate::fast::lanes::LANES;

/// Matrices of fewer elements are not worth gathering: every worker multiplies all of it.
const LEAST_ELEMENTS: u64 = 1 << 12;

/// What a team cannot do.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    #[error(
        "a worker that computes beside this one has stopped answering; reload the page, or use one thread"
    )]
    Silent,
    #[error("the pass is too large to be shared between workers; choose a smaller batch, or use one thread")]
    TooLarge,
}

/// The part of `n` things that one of several workers takes: whole groups of `unit`.
pub fn share(n: usize, unit: usize, rank: usize, size: usize) -> Range<usize> {
    let groups = n.div_ceil(unit);
    let start = |rank: usize| (groups * rank / size * unit).min(n);
    start(rank)..start(rank + 1)
}

/// The rows of a matrix that one of several workers takes: whole lanes.
pub fn share_of_rows(n: usize, rank: usize, size: usize) -> Range<usize> {
    share(n, LANES, rank, size)
}

/// Whether a matrix is shared out at all.
pub fn is_shared(rows: usize, cols: usize) -> bool {
    rows as u64 * cols as u64 >= LEAST_ELEMENTS
}
