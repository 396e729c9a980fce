// The router of a MoE layer: norm, one logit per expert, softmax or sigmoid, top-k, weights.
// One workgroup per token. Equal scores go to the lower expert number. A bias is part of the logits,
// or counts for the selection alone; experts in groups are chosen from the best groups only.

struct Params {
    width: u32,
    units: u32,
    x_stride: u32,
    n_experts: u32,
    top_k: u32,
    moe_layer: u32,
    n_moe_layers: u32,
    norm_weights: u32,
    eps: f32,
    weights_scale: f32,
    gating: u32,        // 0 softmax over all experts, 1 sigmoid, 2 SparseMixer
    bias_role: u32,     // 0 none, 1 part of the logits, 2 selection only
    n_groups: u32,
    top_groups: u32,
    centred: u32,       // 1: LayerNorm; a bias follows the norm, in a row of whole units
    pad_0: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;                    // (tokens, width)
@group(0) @binding(3) var<storage, read> norm: array<f32>;                 // (width), or (2, width)
@group(0) @binding(4) var<storage, read> weights: array<vec4<u32>>;              // (n_experts, width)
@group(0) @binding(5) var<storage, read> bias: array<f32>;                 // (n_experts), where there is one
@group(0) @binding(6) var<storage, read_write> h: array<vec4<f32>>;        // (tokens, width): normed x
@group(0) @binding(7) var<storage, read_write> ids: array<u32>;            // (tokens, n_moe_layers, top_k)
@group(0) @binding(8) var<storage, read_write> expert_weights: array<f32>; // (tokens, n_moe_layers, top_k)
@group(0) @binding(9) var<storage, read_write> probs: array<f32>;          // (tokens, n_moe_layers, n_experts)

const MAX_EXPERTS = 512u;
const MAX_GROUPS = 32u;
const TAKEN = -3.4e38;
const NEAR = 0.02;       // how far below the best, as a share, a logit still counts for a SparseMixer

var<workgroup> shares: array<f32, MAX_EXPERTS>;     // logits, then what weights are made of
var<workgroup> ranks: array<f32, MAX_EXPERTS>;      // what the choice is made by

fn activations_at(index: u32) -> vec4<f32> {
    return h[index];
}

// The normed row into h; the padding of h stays zero.
fn norm_row(row: u32, local: u32) {
    let row_norm = norm_of(row, local);
    for (var i = local; i < params.x_stride / 4u; i += 64u) {
        var four = vec4<f32>();
        for (var j = 0u; j < 4u; j++) {
            let at = 4u * i + j;
            if (at < params.width) {
                four[j] = normed_at(row, at, row_norm);
            }
        }
        h[row / 4u + i] = four;
    }
    storageBarrier();
}

// Softmax over all experts: the logits in `shares` become probabilities.
fn softmax(local: u32) {
    var highest = shares[0];
    for (var i = 1u; i < params.n_experts; i++) {
        highest = max(highest, shares[i]);
    }
    var total = 0.0;
    for (var i = 0u; i < params.n_experts; i++) {
        total += exp(shares[i] - highest);
    }
    workgroupBarrier();
    for (var i = local; i < params.n_experts; i += 64u) {
        shares[i] = exp(shares[i] - highest) / total;
    }
    workgroupBarrier();
}

// Sigmoid of every logit; their sum is needed for the distribution.
fn sigmoid(local: u32) -> f32 {
    for (var i = local; i < params.n_experts; i += 64u) {
        shares[i] = 1.0 / (1.0 + exp(-shares[i]));
    }
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < params.n_experts; i++) {
        total += shares[i];
    }
    return total;
}

// Sum of the two best ranks of a group.
fn group_rank(group: u32, size: u32) -> f32 {
    var best = TAKEN;
    var second = TAKEN;
    for (var i = group * size; i < (group + 1u) * size; i++) {
        second = max(second, min(best, ranks[i]));
        best = max(best, ranks[i]);
    }
    return best + select(second, 0.0, size == 1u);
}

// Takes the experts of all but the best groups out of the choice. One invocation.
fn keep_best_groups() {
    let size = params.n_experts / params.n_groups;
    var group_ranks = array<f32, MAX_GROUPS>();
    for (var group = 0u; group < params.n_groups; group++) {
        group_ranks[group] = group_rank(group, size);
    }
    for (var group = 0u; group < params.n_groups; group++) {
        var better = 0u;
        for (var other = 0u; other < params.n_groups; other++) {
            let is_better = group_ranks[other] > group_ranks[group]
                || (group_ranks[other] == group_ranks[group] && other < group);
            better += select(0u, 1u, is_better);
        }
        if (better >= params.top_groups) {
            for (var i = group * size; i < (group + 1u) * size; i++) {
                ranks[i] = TAKEN;
            }
        }
    }
}

// Softmax over the logits left that come near the best: its own share. One invocation.
fn share_of_best(best: f32) -> f32 {
    var total = 0.0;
    for (var i = 0u; i < params.n_experts; i++) {
        let is_near = (best - ranks[i]) / max(abs(ranks[i]), best) <= NEAR;
        if (is_near && ranks[i] != TAKEN) {
            total += exp(ranks[i] - best);
        }
    }
    return 1.0 / total;
}

// The k best by `ranks`, best first, and their weights. One invocation: k · n_experts steps.
fn choose(base: u32) {
    var chosen_sum = 0.0;
    for (var rank = 0u; rank < params.top_k; rank++) {
        var best = 0u;
        var best_rank = TAKEN;
        for (var i = 0u; i < params.n_experts; i++) {
            if (ranks[i] > best_rank) {
                best_rank = ranks[i];
                best = i;
            }
        }
        var weight = shares[best];
        if (params.gating == 2u) {
            weight = share_of_best(best_rank);
        }
        ranks[best] = TAKEN;
        ids[base + rank] = best;
        expert_weights[base + rank] = weight;
        chosen_sum += weight;
    }
    var factor = params.weights_scale;
    if (params.norm_weights == 1u) {
        factor /= max(chosen_sum, 6.103515625e-5);   // 2⁻¹⁴, as llama.cpp
    }
    for (var rank = 0u; rank < params.top_k; rank++) {
        expert_weights[base + rank] *= factor;
    }
}

@compute @workgroup_size(64)
fn router(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let token = group.y;
    let row = token * params.x_stride;
    norm_row(row, local);
    workgroupBarrier();

    for (var expert = local; expert < params.n_experts; expert += 64u) {
        var logit = 0.0;
        for (var i = 0u; i < params.units; i++) {
            logit += unit_dot(weights_unit(expert * params.units + i), (row + 32u * i) / 4u);
        }
        if (params.bias_role == 1u) {
            logit += bias[expert];
        }
        shares[expert] = logit;
        ranks[expert] = logit;
    }
    workgroupBarrier();
    var total = 1.0;
    if (params.gating == 1u) {
        total = sigmoid(local);
    } else {
        softmax(local);
    }

    let slot = token * params.n_moe_layers + params.moe_layer;
    for (var i = local; i < params.n_experts; i += 64u) {
        probs[slot * params.n_experts + i] = shares[i] / total;
        if (params.gating != 2u) {
            ranks[i] = shares[i];
        }
        if (params.bias_role == 2u) {
            ranks[i] += bias[i];
        }
    }
    workgroupBarrier();
    if (local == 0u) {
        if (params.n_groups > 1u) {
            keep_best_groups();
        }
        choose(slot * params.top_k);
    }
}
