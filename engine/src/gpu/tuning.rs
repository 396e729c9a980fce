//! Which form of the row kernels an adapter runs: where barriers are dear, rows belong to one invocation;
//! on hardware, neighbouring invocations should read neighbouring weights.

use super::context::{ActivationOption, ContextOptions};
use crate::kernels::{Form, MOST_ROWS, PREFILL_TILE, WORKGROUP_SIZE};

/// Invocations per row on hardware.
const HARDWARE_LANES: u32 = 16;

/// Uses per expert, on average, from which software adapters gain by sorting them: a tile costs them the same
/// however few of its places are taken. `REJECTED.md` has the numbers.
const SOFTWARE_SORTS_FROM: u32 = 4;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tuning {
    /// Invocations that share a row, or several.
    pub lanes: u32,
    pub decode: Form,
    pub prefill: Form,
    /// Passes to have under way at a time: while one is read, the next must be at work.
    pub under_way: usize,
    /// Whether several workgroups share the walk over a long cache: where more run at a time than a model
    /// has heads.
    pub shares_out_caches: bool,
    /// Uses per expert, on average, from which they are sorted.
    pub sorts_from: u32,
}

impl Tuning {
    /// What is known of an adapter's kind, and what was asked for.
    pub fn of(is_software: bool, has_packed_dot: bool, options: ContextOptions) -> Self {
        let lanes = match options.lanes {
            0 if is_software => 1,
            0 => HARDWARE_LANES,
            lanes => lanes.next_power_of_two().min(WORKGROUP_SIZE),
        };
        let int8 = options.activations == ActivationOption::Int8 && has_packed_dot;
        let rows = match options.rows {
            0 if lanes == 1 => MOST_ROWS,
            0 | 1 => 1,
            _ => MOST_ROWS,
        };
        Self {
            lanes,
            decode: Form { tile: 1, rows, int8 },
            prefill: Form {
                tile: PREFILL_TILE,
                rows,
                int8,
            },
            under_way: if is_software { 2 } else { 3 },
            shares_out_caches: lanes > 1,
            sorts_from: if is_software { SOFTWARE_SORTS_FROM } else { 1 },
        }
    }
}
