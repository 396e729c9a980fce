//! Twin of `shaders/expert_gate_up.wgsl`.

use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::expert_gate_up::Params;

/// The weights of the experts bound.
pub struct Matrices<'a> {
    pub weights: &'a Weights,      // (2, n_experts, d_ff, d_model): gate, then up
    pub bias: Option<&'a Weights>, // (2, n_experts, d_ff)
}

/// `act = glu(G_e · h + b_e, U_e · h + c_e)` for each chosen expert e of each token.
pub fn expert_gate_up(
    params: &Params,
    batch: Batch,
    matrices: &Matrices<'_>,
    h: &[f32],
    ids: &[u32],
    act: &mut [f32],
) {
    let weights = matrices.weights;
    let (n_experts, d_ff) = (params.n_experts as usize, params.d_ff as usize);
    let (top_k, cols) = (params.top_k as usize, weights.cols());
    let mut decoded = vec![0.0; cols];
    let mut bias = [vec![0.0; d_ff], vec![0.0; d_ff]];
    for token in 0..batch.n_tokens as usize {
        let h = &h[token * params.h_stride as usize..][..cols];
        let slot = token * params.n_moe_layers as usize + params.moe_layer as usize;
        for rank in 0..top_k {
            let expert = (ids[slot * top_k + rank] as usize).wrapping_sub(params.first_expert as usize);
            if expert >= n_experts {
                continue;
            }
            if let Some(source) = matrices.bias {
                source.row(expert, &mut bias[0]);
                source.row(n_experts + expert, &mut bias[1]);
            }
            let act = &mut act[(token * top_k + rank) * params.act_stride as usize..][..d_ff];
            for (row, act) in act.iter_mut().enumerate() {
                weights.row(expert * d_ff + row, &mut decoded);
                let gate = dot(&decoded, h) + bias[0][row];
                weights.row((n_experts + expert) * d_ff + row, &mut decoded);
                *act = glu(params.activation, gate, dot(&decoded, h) + bias[1][row]);
            }
        }
    }
}

/// `silu(gate) · up`, or gpt-oss's clamped form of it.
pub fn glu(activation: u32, gate: f32, up: f32) -> f32 {
    if activation == 1 {
        let clamped = gate.min(7.0);
        return clamped / (1.0 + (-1.702 * clamped).exp()) * (up.clamp(-7.0, 7.0) + 1.0);
    }
    silu(gate) * up
}

/// `v · sigmoid(v)`.
pub fn silu(value: f32) -> f32 {
    value / (1.0 + (-value).exp())
}
