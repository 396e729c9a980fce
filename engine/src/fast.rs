//! The fast CPU kernels: what a machine without a GPU, or with a slow one, runs.
//!
//! Same plan, same memory and same parameters as the twins in [`crate::cpu`], which stay the readable
//! truth; only the kernels that take nearly all the time are here. Weights keep their bytes, dealt to lanes
//! of eight rows. Activations are rounded to bytes, 32 with a scale, as llama.cpp does, so that a product is
//! integer arithmetic: results differ from the twins' by that rounding, and are the same bits on every
//! machine.

pub mod activations;
pub mod attention;
pub mod exp;
pub mod expert_down;
pub mod expert_gate_up;
pub mod lanes;
pub mod matmul;
pub mod packed;
pub mod product;
pub mod rows;
pub mod simd;
pub mod unpack;
pub mod uses;

use activations::Unit;
use uses::Uses;

use crate::team::Seat;

/// Memory kernels work in, kept from step to step so that nothing is allocated per token.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Activations as bytes.
    units: Vec<Unit>,
    /// Products of one call, and of another beside it.
    products: [Vec<f32>; 2],
    /// Which rows of activations a call is about.
    chosen: Vec<u32>,
    /// One decoded row of weights, of formats without a fast product.
    row: Vec<f32>,
    /// Which tokens went to which expert.
    uses: Uses,
    attention: attention::Scratch,
    /// Whose rows are computed here.
    pub(crate) seat: Seat,
    /// What other workers computed.
    received: Vec<f32>,
}

impl Scratch {
    /// What attention works in.
    pub fn attention(&mut self) -> attention::Memory<'_> {
        attention::Memory {
            scratch: &mut self.attention,
            seat: &self.seat,
            received: &mut self.received,
        }
    }

    /// Of a team's worker.
    pub(crate) fn seated(seat: Seat) -> Self {
        Self {
            seat,
            ..Self::default()
        }
    }
}

/// The first `len` of a buffer that grows as needed.
fn room<T: Copy + Default>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::default());
    }
    &mut buffer[..len]
}
