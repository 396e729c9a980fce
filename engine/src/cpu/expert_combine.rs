//! Twin of `shaders/expert_combine.wgsl`.

use crate::kernels::Batch;
use crate::kernels::expert_combine::Params;

/// `x += scale · Σ over the chosen experts, in rank order, of weight · out`. `out`: (tokens, top_k, d_model),
/// `weights`: (tokens, n_moe_layers, top_k), `x`: (tokens, d_model).
pub fn expert_combine(params: &Params, batch: Batch, out: &[f32], weights: &[f32], x: &mut [f32]) {
    let top_k = params.top_k as usize;
    for token in 0..batch.n_tokens as usize {
        let slot = (token * params.n_moe_layers as usize + params.moe_layer as usize) * top_k;
        let weights = &weights[slot..slot + top_k];
        let x = &mut x[token * params.x_stride as usize..][..params.d_model as usize];
        for (row, x) in x.iter_mut().enumerate() {
            let out = |rank: usize| out[(token * top_k + rank) * params.out_stride as usize + row];
            let sum: f32 = weights
                .iter()
                .enumerate()
                .map(|(rank, weight)| weight * out(rank))
                .sum();
            *x += params.scale * sum;
        }
    }
}
