//! Twin of `shaders/expert_gate_up.wgsl`.

use super::expert_sort::filled;
use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::expert_gate_up::Params;

/// The weights of the experts bound.
pub struct Matrices<'a> {
    pub weights: &'a Weights,      // (2, n_experts, d_ff, d_model): gate, then up
    pub bias: Option<&'a Weights>, // (2, n_experts, d_ff)
}

/// Which experts are used.
pub struct Uses<'a> {
    pub ids: &'a [u32],   // (tokens, n_moe_layers, top_k)
    pub tiles: &'a [u32], // (most tiles, 1 + tile), where they were sorted
}

impl Uses<'_> {
    /// Uses that share an expert: those of a tile, or each alone.
    fn for_each(&self, params: &Params, batch: Batch, mut act: impl FnMut(u32, &[u32])) {
        if batch.by_expert == 1 {
            return filled(self.tiles).for_each(|(expert, uses)| act(expert, uses));
        }
        for use_index in 0..batch.n_tokens * params.top_k {
            let (token, rank) = (use_index / params.top_k, use_index % params.top_k);
            let slot = (token * params.n_moe_layers + params.moe_layer) * params.top_k + rank;
            act(self.ids[slot as usize], &[use_index]);
        }
    }
}

/// `act = glu(G_e · h + b_e, U_e · h + c_e)` for each chosen expert e of each token. `h`: (tokens, d_model),
/// `act`: (tokens, top_k, d_ff).
pub fn expert_gate_up(
    params: &Params,
    batch: Batch,
    matrices: &Matrices<'_>,
    h: &[f32],
    uses: &Uses<'_>,
    act: &mut [f32],
) {
    let weights = matrices.weights;
    let (n_experts, d_ff, cols) = (params.n_experts as usize, params.d_ff as usize, weights.cols());
    let mut decoded = [vec![0.0; cols], vec![0.0; cols]];
    let mut bias = [vec![0.0; d_ff], vec![0.0; d_ff]];
    uses.for_each(params, batch, |expert, uses| {
        let expert = (expert as usize).wrapping_sub(params.first_expert as usize);
        if expert >= n_experts {
            return;
        }
        if let Some(source) = matrices.bias {
            source.row(expert, &mut bias[0]);
            source.row(n_experts + expert, &mut bias[1]);
        }
        for row in 0..d_ff {
            weights.row(expert * d_ff + row, &mut decoded[0]);
            weights.row((n_experts + expert) * d_ff + row, &mut decoded[1]);
            for use_index in uses {
                let h = &h[(use_index / params.top_k * params.h_stride) as usize..][..cols];
                let [gate, up] = [0, 1].map(|matrix| dot(&decoded[matrix], h) + bias[matrix][row]);
                act[(use_index * params.act_stride) as usize + row] = glu(params.activation, gate, up);
            }
        }
    });
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
