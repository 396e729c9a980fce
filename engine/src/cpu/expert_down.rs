//! Twin of `shaders/expert_down.wgsl`.

use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::expert_down::Params;

/// The weights of the experts bound.
pub struct Matrices<'a> {
    pub weights: &'a Weights,      // (n_experts, d_model, d_ff)
    pub bias: Option<&'a Weights>, // (n_experts, d_model)
}

/// What the router chose.
pub struct Chosen<'a> {
    pub ids: &'a [u32],     // (tokens, n_moe_layers, top_k)
    pub weights: &'a [f32], // (tokens, n_moe_layers, top_k)
}

/// `x += scale · Σ over the chosen experts, in rank order, of weight · (D_e · act + b_e)`.
pub fn expert_down(
    params: &Params,
    batch: Batch,
    matrices: &Matrices<'_>,
    act: &[f32],
    chosen: &Chosen<'_>,
    x: &mut [f32],
) {
    let weights = matrices.weights;
    let (d_model, top_k, cols) = (params.d_model as usize, params.top_k as usize, weights.cols());
    let mut decoded = vec![0.0; cols];
    let mut bias = vec![0.0; d_model];
    let mut sums = vec![0.0; d_model];
    for token in 0..batch.n_tokens as usize {
        let slot = (token * params.n_moe_layers as usize + params.moe_layer as usize) * top_k;
        sums.fill(0.0);
        for rank in 0..top_k {
            let act = &act[(token * top_k + rank) * params.act_stride as usize..][..cols];
            let expert = (chosen.ids[slot + rank] as usize).wrapping_sub(params.first_expert as usize);
            if expert >= params.n_experts as usize {
                continue;
            }
            if let Some(source) = matrices.bias {
                source.row(expert, &mut bias);
            }
            for (row, sum) in sums.iter_mut().enumerate() {
                weights.row(expert * d_model + row, &mut decoded);
                *sum += chosen.weights[slot + rank] * (dot(&decoded, act) + bias[row]);
            }
        }
        let x = &mut x[token * params.x_stride as usize..][..d_model];
        for (x, sum) in x.iter_mut().zip(&sums) {
            *x += params.scale * sum;
        }
    }
}
