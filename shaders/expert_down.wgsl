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
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;          // (n_experts, d_model, d_ff)
@group(0) @binding(3) var<storage, read> act: array<vec4<f32>>;        // (tokens, top_k, d_ff)
@group(0) @binding(4) var<storage, read> ids: array<u32>;              // (tokens, n_moe_layers, top_k)
@group(0) @binding(5) var<storage, read> expert_weights: array<f32>;   // (tokens, n_moe_layers, top_k)
@group(0) @binding(6) var<storage, read> bias: array<f32>;             // (n_experts, d_model), where there is one
@group(0) @binding(7) var<storage, read_write> x: array<f32>;          // (tokens, d_model)

fn activations_at(index: u32) -> vec4<f32> {
    return act[index];
}

// Where the activations of a use of an expert begin: uses are (token, rank).
fn source_of(use_index: u32) -> u32 {
    return use_index * params.act_stride / 4u;
}

// What the biases of the chosen add to a row.
fn bias_sum(slot: u32, row: u32) -> f32 {
    var sum = 0.0;
    if (params.has_bias == 1u) {
        for (var rank = 0u; rank < params.top_k; rank++) {
            let expert = ids[slot + rank] - params.first_expert;
            if (expert < params.n_experts) {
                sum += expert_weights[slot + rank] * bias[expert * params.bias_stride + row];
            }
        }
    }
    return sum;
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

    let source = token * params.top_k;
    var sums = Rows();
    let most = STAGE_UNITS / params.top_k;
    for (var first = 0u; first < params.units; first += most) {
        let count = min(params.units - first, most);
        stage_begin();
        for (var rank = 0u; rank < params.top_k; rank++) {
            stage(local, rank * count, source_of(source + rank) + 8u * first, count);
        }
        stage_end();
        for (var rank = 0u; rank < params.top_k; rank++) {
            // An id below the first one wraps around, far beyond the last.
            let expert = ids[slot + rank] - params.first_expert;
            if (expert >= params.n_experts || row >= params.d_model) {
                continue;
            }
            let row_unit = (expert * params.d_model + row) * params.units + first;
            let act_row = source_of(source + rank) + 8u * first;
            var part = Rows();
            for (var i = lane; i < count; i += LANES) {
                let activations = tile_activations(rank * count + i, act_row + 8u * i);
                part = rows_dot(part, row_unit + i, params.units, activations);
            }
            sums = rows_add(sums, expert_weights[slot + rank], part);
        }
    }
    for (var r = 0u; r < ROWS; r++) {
        let sum = lanes_sum(local, of_token(of_row(sums, r), 0u));
        if (lane == 0u && row + r < params.d_model) {
            x[token * params.x_stride + row + r] += params.scale * (sum + bias_sum(slot, row + r));
        }
    }
}
