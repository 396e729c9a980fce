//! Twin of `shaders/router.wgsl`.

use crate::cpu::attention::softmax;
use crate::cpu::rms_norm::Norm;
use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::router::Params;

/// The weights the router reads.
pub struct Matrices<'a> {
    pub norm: &'a [f32],         // (width), or weight and bias: (2, width)
    pub router: &'a Weights,     // (n_experts, width)
    pub bias: Option<&'a [f32]>, // (n_experts)
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

/// Norm, logits, softmax or sigmoid, top-k, weights.
pub fn router(params: &Params, batch: Batch, x: &[f32], matrices: &Matrices<'_>, out: &mut Out<'_>) {
    let (width, stride) = (params.width as usize, params.x_stride as usize);
    let (n_experts, top_k) = (params.n_experts as usize, params.top_k as usize);
    let mut row = vec![0.0; width];
    for token in 0..batch.n_tokens as usize {
        let h = &mut out.h[token * stride..][..width];
        let norm = Norm {
            weight: matrices.norm,
            is_centred: params.centred == 1,
            eps: params.eps,
        };
        norm.row(&x[token * stride..][..width], h);

        let slot = token * params.n_moe_layers as usize + params.moe_layer as usize;
        let probs = &mut out.probs[slot * n_experts..][..n_experts];
        for (expert, prob) in probs.iter_mut().enumerate() {
            matrices.router.row(expert, &mut row);
            *prob = dot(&row, h);
        }
        let logits = probs.to_vec();
        let scores = score(params, probs, matrices.bias);
        let mut ranks = if params.gating == SPARSE_MIXER {
            logits
        } else {
            scores.clone()
        };
        if params.bias_role == 2 {
            let bias = matrices.bias.into_iter().flatten();
            ranks.iter_mut().zip(bias).for_each(|(rank, bias)| *rank += bias);
        }
        keep_best_groups(params, &mut ranks);
        let chosen = slot * top_k..(slot + 1) * top_k;
        choose(
            params,
            &scores,
            ranks,
            &mut out.ids[chosen.clone()],
            &mut out.weights[chosen],
        );
    }
}

/// What weights are made of. The logits in `probs` become the distribution of the trace.
fn score(params: &Params, probs: &mut [f32], bias: Option<&[f32]>) -> Vec<f32> {
    if params.bias_role == 1 {
        let bias = bias.into_iter().flatten();
        probs
            .iter_mut()
            .zip(bias)
            .for_each(|(logit, bias)| *logit += bias);
    }
    if params.gating != 1 {
        softmax(probs);
        return probs.to_vec();
    }
    let scores: Vec<f32> = probs.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
    let total: f32 = scores.iter().sum();
    for (prob, score) in probs.iter_mut().zip(&scores) {
        *prob = score / total;
    }
    scores
}

/// Takes the experts of all but the best groups out of the choice.
fn keep_best_groups(params: &Params, ranks: &mut [f32]) {
    if params.n_groups <= 1 {
        return;
    }
    let size = ranks.len() / params.n_groups as usize;
    let best_two = |group: &[f32]| {
        let mut sorted = group.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted.iter().take(2).sum::<f32>()
    };
    let groups: Vec<f32> = ranks.chunks(size).map(best_two).collect();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|a, b| groups[*b].total_cmp(&groups[*a]).then(a.cmp(b)));
    for left_out in order.iter().skip(params.top_groups as usize) {
        ranks[left_out * size..][..size].fill(TAKEN);
    }
}

/// Below every rank.
const TAKEN: f32 = -3.4e38;
/// `gating` of a SparseMixer.
const SPARSE_MIXER: u32 = 2;
/// How far below the best, as a share, a logit still counts: twice the models' `router_jitter_noise`.
const NEAR: f32 = 0.02;

/// Softmax over the logits left that come near the best: its own share.
fn share_of_best(logits: &[f32], best: f32) -> f32 {
    let is_near = |logit: &f32| (best - logit) / logit.abs().max(best) <= NEAR;
    let near = logits.iter().filter(|logit| **logit != TAKEN && is_near(logit));
    1.0 / near.map(|logit| (logit - best).exp()).sum::<f32>()
}

/// The k best by rank, best first; equal ranks go to the lower expert number.
fn choose(params: &Params, scores: &[f32], mut ranks: Vec<f32>, ids: &mut [u32], weights: &mut [f32]) {
    for (id, weight) in ids.iter_mut().zip(weights.iter_mut()) {
        let mut best = 0;
        for expert in 1..ranks.len() {
            if ranks[expert] > ranks[best] {
                best = expert;
            }
        }
        *id = best as u32;
        *weight = match params.gating {
            SPARSE_MIXER => share_of_best(&ranks, ranks[best]),
            _ => scores[best],
        };
        ranks[best] = TAKEN;
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
