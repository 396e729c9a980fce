//! Twin of `shaders/router.wgsl`.

use crate::cpu::attention::softmax;
use crate::cpu::rms_norm::norm_row;
use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::router::Params;

/// The weights the router reads.
pub struct Matrices<'a> {
    pub norm: &'a [f32],     // (width)
    pub router: &'a Weights, // (n_experts, width)
}

/// What the router writes.
pub struct Out<'a> {
    pub h: &'a mut [f32],       // (tokens, width)
    pub ids: &'a mut [u32],     // (tokens, n_moe_layers, top_k)
    pub weights: &'a mut [f32], // (tokens, n_moe_layers, top_k)
    pub probs: &'a mut [f32],   // (tokens, n_moe_layers, n_experts)
}

/// Smallest sum the chosen weights are divided by: 2⁻¹⁴, as llama.cpp.
const LEAST_SUM: f32 = 6.103_515_6e-5;

/// Norm, logits, softmax over all experts, top-k, weights.
pub fn router(params: &Params, batch: Batch, x: &[f32], matrices: &Matrices<'_>, out: &mut Out<'_>) {
    let (width, stride) = (params.width as usize, params.x_stride as usize);
    let (n_experts, top_k) = (params.n_experts as usize, params.top_k as usize);
    let mut row = vec![0.0; width];
    for token in 0..batch.n_tokens as usize {
        let h = &mut out.h[token * stride..][..width];
        norm_row(&x[token * stride..][..width], matrices.norm, params.eps, h);

        let slot = token * params.n_moe_layers as usize + params.moe_layer as usize;
        let probs = &mut out.probs[slot * n_experts..][..n_experts];
        for (expert, prob) in probs.iter_mut().enumerate() {
            matrices.router.row(expert, &mut row);
            *prob = dot(&row, h);
        }
        softmax(probs);
        let chosen = slot * top_k..(slot + 1) * top_k;
        choose(
            params,
            probs,
            &mut out.ids[chosen.clone()],
            &mut out.weights[chosen],
        );
    }
}

/// The k best, best first; equal probabilities go to the lower expert number.
fn choose(params: &Params, probs: &[f32], ids: &mut [u32], weights: &mut [f32]) {
    let mut left = probs.to_vec();
    for (id, weight) in ids.iter_mut().zip(weights.iter_mut()) {
        let mut best = 0;
        for expert in 1..left.len() {
            if left[expert] > left[best] {
                best = expert;
            }
        }
        *id = best as u32;
        *weight = left[best];
        left[best] = -1.0;
    }
    let sum: f32 = weights.iter().sum();
    let divisor = if params.norm_weights == 1 {
        sum.max(LEAST_SUM)
    } else {
        1.0
    };
    for weight in weights {
        *weight *= params.weights_scale / divisor;
    }
}
