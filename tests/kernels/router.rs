//! Norm, logits, softmax or sigmoid, bias, groups, top-k, weights.

use moescope_engine::kernels::router::{Params, Router};
use moescope_engine::kernels::{Batch, stride, units};
use moescope_engine::quant::Format;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

#[derive(Clone, Copy)]
struct Shape {
    format: Format,
    width: u32,
    n_experts: u32,
    top_k: u32,
    n_tokens: u32,
    norm_weights: bool,
    /// All inputs zero, so that every expert ties.
    is_tied: bool,
    is_sigmoid: bool,
    /// 0: none, 1: on the logits, 2: for the selection.
    bias_role: u32,
    /// Groups, and how many are chosen from.
    groups: (u32, u32),
    /// LayerNorm, and each choice weighs by softmax over what is left and near its best.
    is_sparse_mixer: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            format: Format::F32,
            width: 64,
            n_experts: 16,
            top_k: 4,
            n_tokens: 3,
            norm_weights: true,
            is_tied: false,
            is_sigmoid: false,
            bias_role: 0,
            groups: (1, 1),
            is_sparse_mixer: false,
        }
    }
}

/// Experts that may be chosen: those of the groups whose best two ranks sum highest.
fn allowed(ranks: &[f64], (count, used): (u32, u32)) -> Vec<usize> {
    let size = ranks.len() / count as usize;
    let best_two = |group: usize| {
        let mut sorted = ranks[group * size..][..size].to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted.iter().take(2).sum::<f64>()
    };
    let mut groups: Vec<usize> = (0..count as usize).collect();
    groups.sort_by(|a, b| best_two(*b).total_cmp(&best_two(*a)));
    groups.truncate(used as usize);
    groups.sort_unstable();
    groups
        .iter()
        .flat_map(|group| group * size..(group + 1) * size)
        .collect()
}

/// The best of what is left, each with its share of what comes within 2 % of it (transformers: phimoe).
fn sparse_mixer(logits: &[f64], top_k: usize) -> (Vec<u32>, Vec<f64>) {
    let mut left: Vec<usize> = (0..logits.len()).collect();
    let (mut order, mut weights) = (Vec::new(), Vec::new());
    for _ in 0..top_k {
        let best = *left
            .iter()
            .max_by(|a, b| logits[**a].total_cmp(&logits[**b]))
            .expect("some are left");
        let is_near = |i: &&usize| (logits[best] - logits[**i]) / logits[**i].abs().max(logits[best]) <= 0.02;
        let total: f64 = left
            .iter()
            .filter(is_near)
            .map(|i| (logits[*i] - logits[best]).exp())
            .sum();
        left.retain(|i| *i != best);
        order.push(best as u32);
        weights.push(1.0 / total);
    }
    (order, weights)
}

fn check(shape: Shape) {
    let Shape {
        format,
        width,
        n_experts,
        top_k,
        n_tokens,
        norm_weights,
        is_tied,
        is_sigmoid,
        bias_role,
        groups,
        is_sparse_mixer,
    } = shape;
    let (moe_layer, n_moe_layers, weights_scale, eps) = (1, 3, 2.5f32, 1e-6f32);
    let mut rng = Rng::new(u64::from(width + n_experts));
    let mut case = Case::new(Batch {
        n_tokens,
        ..Batch::default()
    });
    let mut x = rng.floats((n_tokens * width) as usize);
    if is_tied {
        x.fill(0.0);
    }
    let norm = rng.floats(2 * width as usize);
    let (gains, norm_bias) = norm.split_at(width as usize);
    let bias = rng.floats(n_experts as usize);
    let (weights, decoded) = case.weights(format, n_experts as usize, width as usize, &mut rng);

    let (mut h, mut ids, mut chosen, mut probs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in x.chunks(width as usize) {
        let normed = crate::normed(row, gains, is_sparse_mixer.then_some(norm_bias), eps);
        let logit = |w: &[f32]| w.iter().zip(&normed).map(|(w, h)| f64::from(*w) * h).sum::<f64>();
        let bias_of = |role: u32, expert: usize| {
            if bias_role == role {
                f64::from(bias[expert])
            } else {
                0.0
            }
        };
        let logits: Vec<f64> = decoded
            .chunks(width as usize)
            .map(logit)
            .enumerate()
            .map(|(expert, logit)| logit + bias_of(1, expert))
            .collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|logit| (logit - highest).exp()).sum();
        let score = |logit: &f64| match is_sigmoid {
            true => 1.0 / (1.0 + (-logit).exp()),
            false => (logit - highest).exp() / total,
        };
        let scores: Vec<f64> = logits.iter().map(score).collect();
        let ranks: Vec<f64> = scores
            .iter()
            .enumerate()
            .map(|(i, score)| score + bias_of(2, i))
            .collect();
        if is_sparse_mixer {
            let (order, weights) = sparse_mixer(&logits, top_k as usize);
            chosen.extend(weights.iter().map(|weight| weight * f64::from(weights_scale)));
            ids.extend(order);
            probs.extend(scores);
            h.extend(normed);
            h.resize(h.len() + (stride(width) - width) as usize, 0.0);
            continue;
        }
        let mut order = allowed(&ranks, groups);
        order.sort_by(|a, b| ranks[*b].total_cmp(&ranks[*a]).then(a.cmp(b)));
        order.truncate(top_k as usize);
        let sum: f64 = order.iter().map(|id| scores[*id]).sum();
        let divisor = if norm_weights { sum } else { 1.0 };
        chosen.extend(
            order
                .iter()
                .map(|id| scores[*id] / divisor * f64::from(weights_scale)),
        );
        ids.extend(order.iter().map(|id| *id as u32));
        let all: f64 = scores.iter().sum();
        probs.extend(scores.iter().map(|score| score / all));
        h.extend(normed);
        h.resize(h.len() + (stride(width) - width) as usize, 0.0);
    }
    let slots = (n_tokens * n_moe_layers) as usize;
    let kernel = Router {
        params: Params {
            width,
            units: units(width),
            x_stride: stride(width),
            n_experts,
            top_k,
            moe_layer,
            n_moe_layers,
            norm_weights: u32::from(norm_weights),
            eps,
            weights_scale,
            gating: if is_sparse_mixer { 2 } else { u32::from(is_sigmoid) },
            bias_role,
            n_groups: groups.0,
            top_groups: groups.1,
            centred: u32::from(is_sparse_mixer),
            ..Params::default()
        },
        format,
        x: case.padded(&x, width as usize, stride(width) as usize),
        norm: match is_sparse_mixer {
            true => case.matrix(&norm, width as usize),
            false => case.vector(gains),
        },
        weights,
        bias: (bias_role != 0).then(|| case.vector(&bias)),
        h: case.floats(&[], h.len()),
        ids: case.words(&[], slots * top_k as usize),
        expert_weights: case.floats(&[], slots * top_k as usize),
        probs: case.floats(&[], slots * n_experts as usize),
    };
    // Only this layer's slots may be written; the others must still be zero.
    let in_layer = |values: &[u32], per_slot: u32| -> Vec<u32> {
        let slots = values.chunks(per_slot as usize).enumerate();
        let mine = |slot: usize| slot as u32 % n_moe_layers == moe_layer;
        assert!(
            slots
                .clone()
                .all(|(slot, values)| mine(slot) || values.iter().all(|word| *word == 0))
        );
        slots
            .filter(|(slot, _)| mine(*slot))
            .flat_map(|(_, values)| values.to_vec())
            .collect()
    };
    let outputs = [kernel.h, kernel.ids, kernel.expert_weights, kernel.probs];
    case.run(kernel, &outputs, |name, out| {
        assert_close(&format!("{name} h"), floats(&out[0]), &h, F32_SUMS);
        assert_eq!(in_layer(&out[1], top_k), ids, "{name} ids");
        assert_close(
            &format!("{name} weights"),
            floats(&in_layer(&out[2], top_k)),
            &chosen,
            4.0 * F32_SUMS,
        );
        assert_close(
            &format!("{name} probs"),
            floats(&in_layer(&out[3], n_experts)),
            &probs,
            4.0 * F32_SUMS,
        );
    });
}

#[test]
fn normalised_top_2_of_16() {
    let format = Format::F32;
    check(Shape {
        format,
        width: 192,
        n_experts: 16,
        top_k: 2,
        n_tokens: 5,
        norm_weights: true,
        is_tied: false,
        ..Shape::default()
    });
}

#[test]
fn more_experts_than_a_workgroup_plain_weights() {
    let format = Format::Q8_0;
    check(Shape {
        format,
        width: 64,
        n_experts: 150,
        top_k: 8,
        n_tokens: 2,
        norm_weights: false,
        is_tied: false,
        ..Shape::default()
    });
}

#[test]
fn odd_width_all_experts_chosen() {
    let format = Format::F16;
    check(Shape {
        format,
        width: 60,
        n_experts: 3,
        top_k: 3,
        n_tokens: 1,
        norm_weights: true,
        is_tied: false,
        ..Shape::default()
    });
}

#[test]
fn ties_go_to_the_lower_expert() {
    let format = Format::F32;
    check(Shape {
        format,
        width: 32,
        n_experts: 6,
        top_k: 3,
        n_tokens: 2,
        norm_weights: true,
        is_tied: true,
        ..Shape::default()
    });
}

#[test]
fn bias_on_the_logits() {
    check(Shape {
        bias_role: 1,
        ..Shape::default()
    });
}

#[test]
fn bias_for_the_selection_leaves_weights_alone() {
    for is_sigmoid in [false, true] {
        check(Shape {
            bias_role: 2,
            is_sigmoid,
            norm_weights: is_sigmoid,
            ..Shape::default()
        });
    }
}

#[test]
fn only_the_best_groups_are_chosen_from() {
    for groups in [(4, 2), (8, 4), (16, 5)] {
        check(Shape {
            groups,
            is_sigmoid: true,
            bias_role: 2,
            ..Shape::default()
        });
    }
}

#[test]
fn a_sparse_mixer_weighs_each_choice_against_what_is_near() {
    for (n_experts, width) in [(16, 64), (70, 33)] {
        check(Shape {
            width,
            n_experts,
            top_k: 2,
            n_tokens: 5,
            norm_weights: false,
            is_sparse_mixer: true,
            ..Shape::default()
        });
    }
}
