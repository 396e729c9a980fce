//! Twin of `shaders/expert_gate_up.wgsl`.

use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::expert_gate_up::Params;

/// `act = silu(G_e · h) · (U_e · h)` for each chosen expert e of each token.
pub fn expert_gate_up(
    params: &Params,
    batch: Batch,
    weights: &Weights,
    h: &[f32],
    ids: &[u32],
    act: &mut [f32],
) {
    let (d_ff, top_k, cols) = (params.d_ff as usize, params.top_k as usize, weights.cols());
    let up_rows = params.n_experts as usize * d_ff;
    let mut decoded = vec![0.0; cols];
    for token in 0..batch.n_tokens as usize {
        let h = &h[token * params.h_stride as usize..][..cols];
        let slot = token * params.n_moe_layers as usize + params.moe_layer as usize;
        for rank in 0..top_k {
            let expert_rows = ids[slot * top_k + rank] as usize * d_ff;
            let act = &mut act[(token * top_k + rank) * params.act_stride as usize..][..d_ff];
            for (row, act) in act.iter_mut().enumerate() {
                weights.row(expert_rows + row, &mut decoded);
                let gate = dot(&decoded, h);
                weights.row(up_rows + expert_rows + row, &mut decoded);
                *act = silu(gate) * dot(&decoded, h);
            }
        }
    }
}

/// `v · sigmoid(v)`.
fn silu(value: f32) -> f32 {
    value / (1.0 + (-value).exp())
}
