// The router of a MoE layer: norm, one logit per expert, softmax over all, top-k, weights.
// One workgroup per token. Equal probabilities go to the lower expert number.

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
    pad_0: u32,
    pad_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;                    // (tokens, width)
@group(0) @binding(3) var<storage, read> norm: array<f32>;                 // (width)
@group(0) @binding(4) var<storage, read> weights: array<u32>;              // (n_experts, width)
@group(0) @binding(5) var<storage, read_write> h: array<vec4<f32>>;        // (tokens, width): normed x
@group(0) @binding(6) var<storage, read_write> ids: array<u32>;            // (tokens, n_moe_layers, top_k)
@group(0) @binding(7) var<storage, read_write> expert_weights: array<f32>; // (tokens, n_moe_layers, top_k)
@group(0) @binding(8) var<storage, read_write> probs: array<f32>;          // (tokens, n_moe_layers, n_experts)

const MAX_EXPERTS = 512u;
const TAKEN = -1.0;

var<workgroup> squares: array<f32, 64>;
var<workgroup> shares: array<f32, MAX_EXPERTS>;

fn activations_at(index: u32) -> vec4<f32> {
    return h[index];
}

// Root mean square of the row, and the normed row into h; the padding of h stays zero.
fn norm_row(row: u32, local: u32) {
    var sum = 0.0;
    for (var i = local; i < params.width; i += 64u) {
        sum += x[row + i] * x[row + i];
    }
    squares[local] = sum;
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
        total += squares[i];
    }
    let scale = inverseSqrt(total / f32(params.width) + params.eps);
    for (var i = local; i < params.x_stride / 4u; i += 64u) {
        var four: vec4<f32>;
        for (var j = 0u; j < 4u; j++) {
            let at = 4u * i + j;
            if (at < params.width) {
                four[j] = x[row + at] * scale * norm[at];
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

// The k best of `shares`, best first, and their weights. One invocation: k · n_experts steps.
fn choose(base: u32) {
    var chosen_sum = 0.0;
    for (var rank = 0u; rank < params.top_k; rank++) {
        var best = 0u;
        var best_share = TAKEN;
        for (var i = 0u; i < params.n_experts; i++) {
            if (shares[i] > best_share) {
                best_share = shares[i];
                best = i;
            }
        }
        shares[best] = TAKEN;
        ids[base + rank] = best;
        expert_weights[base + rank] = best_share;
        chosen_sum += best_share;
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
        shares[expert] = logit;
    }
    workgroupBarrier();
    softmax(local);

    let slot = token * params.n_moe_layers + params.moe_layer;
    for (var i = local; i < params.n_experts; i += 64u) {
        probs[slot * params.n_experts + i] = shares[i];
    }
    workgroupBarrier();
    if (local == 0u) {
        choose(slot * params.top_k);
    }
}
