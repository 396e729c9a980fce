// x += scale · Σ over the chosen experts, in rank order, of weight · (D_e · act + b_e).
// Grid: row groups by token.

struct Params {
    d_model: u32,
    units: u32,
    act_stride: u32,
    x_stride: u32,
    top_k: u32,
    moe_layer: u32,
    n_moe_layers: u32,
    has_bias: u32,
    bias_stride: u32,
    scale: f32,
    n_experts: u32,     // bound, of all the layer has
    first_expert: u32,  // of those; uses of others add nothing
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<u32>;          // (n_experts, d_model, d_ff)
@group(0) @binding(3) var<storage, read> act: array<vec4<f32>>;        // (tokens, top_k, d_ff)
@group(0) @binding(4) var<storage, read> ids: array<u32>;              // (tokens, n_moe_layers, top_k)
@group(0) @binding(5) var<storage, read> expert_weights: array<f32>;   // (tokens, n_moe_layers, top_k)
@group(0) @binding(6) var<storage, read> bias: array<f32>;             // (n_experts, d_model), where there is one
@group(0) @binding(7) var<storage, read_write> x: array<f32>;          // (tokens, d_model)

fn activations_at(index: u32) -> vec4<f32> {
    return act[index];
}

@compute @workgroup_size(64)
fn expert_down(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = lane_row(group.x, groups.x, group.z, local);
    let lane = local % LANES;
    let token = group.y;
    let slot = (token * params.n_moe_layers + params.moe_layer) * params.top_k;

    var sum = 0.0;
    if (row < params.d_model) {
        for (var rank = 0u; rank < params.top_k; rank++) {
            // An id below the first one wraps around, far beyond the last.
            let expert = ids[slot + rank] - params.first_expert;
            if (expert >= params.n_experts) {
                continue;
            }
            let row_unit = (expert * params.d_model + row) * params.units;
            let act_row = (token * params.top_k + rank) * params.act_stride;
            var output = 0.0;
            for (var i = lane; i < params.units; i += LANES) {
                output += unit_dot(weights_unit(row_unit + i), (act_row + 32u * i) / 4u);
            }
            if (params.has_bias == 1u && lane == 0u) {
                output += bias[expert * params.bias_stride + row];
            }
            sum += expert_weights[slot + rank] * output;
        }
    }
    sum = lanes_sum(local, sum);
    if (lane == 0u && row < params.d_model) {
        x[token * params.x_stride + row] += params.scale * sum;
    }
}
