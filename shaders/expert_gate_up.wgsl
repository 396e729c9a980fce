// act = glu(G_e · h + b_e, U_e · h + c_e) for each chosen expert e of each token; biases where there
// are any. glu(g, u) = silu(g) · u, or gpt-oss's clamped form.
// Grid: row groups by (token, rank).

struct Params {
    d_ff: u32,
    units: u32,
    h_stride: u32,
    act_stride: u32,
    n_experts: u32,
    top_k: u32,
    moe_layer: u32,
    n_moe_layers: u32,
    activation: u32,    // 0 SwiGLU, 1 gpt-oss
    has_bias: u32,
    bias_stride: u32,
    first_expert: u32,  // of those bound; a use of another writes nothing
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;      // (2, n_experts, d_ff, d_model)
@group(0) @binding(3) var<storage, read> h: array<vec4<f32>>;      // (tokens, d_model)
@group(0) @binding(4) var<storage, read> ids: array<u32>;          // (tokens, n_moe_layers, top_k)
@group(0) @binding(5) var<storage, read> bias: array<f32>;         // (2, n_experts, d_ff), where there is one
@group(0) @binding(6) var<storage, read_write> act: array<f32>;    // (tokens, top_k, d_ff)

fn activations_at(index: u32) -> vec4<f32> {
    return h[index];
}

fn source_of(token: u32) -> u32 {
    return token * params.h_stride / 4u;
}

fn glu(gate: f32, up: f32) -> f32 {
    if (params.activation == 1u) {
        let clamped = min(gate, 7.0);
        return clamped / (1.0 + exp(-1.702 * clamped)) * (clamp(up, -7.0, 7.0) + 1.0);
    }
    return gate / (1.0 + exp(-gate)) * up;
}

@compute @workgroup_size(64)
fn expert_gate_up(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = lane_row(group.x, groups.x, group.z, local);
    let lane = local % LANES;
    let token = group.y / params.top_k;
    let rank = group.y % params.top_k;
    let id = ids[(token * params.n_moe_layers + params.moe_layer) * params.top_k + rank];
    let expert = id - params.first_expert;
    // An id below the first one wraps around, far beyond the last.
    let is_mine = row < params.d_ff && expert < params.n_experts;

    let sources = tile_sources(token);
    let gate_unit = (expert * params.d_ff + row) * params.units;
    let up_unit = gate_unit + params.n_experts * params.d_ff * params.units;
    var gates = Rows();
    var ups = Rows();
    for (var first = 0u; first < params.units; first += STAGE_UNITS / TILE) {
        let count = min(params.units - first, STAGE_UNITS / TILE);
        stage_begin();
        stage_tile(local, sources + 8u * first, count);
        stage_end();
        if (is_mine) {
            for (var i = lane; i < count; i += LANES) {
                let activations = tile_activations(i, sources + 8u * (first + i));
                gates = rows_dot(gates, gate_unit + first + i, params.units, activations);
                ups = rows_dot(ups, up_unit + first + i, params.units, activations);
            }
        }
    }
    for (var r = 0u; r < ROWS; r++) {
        var gate = lanes_sum(local, of_token(of_row(gates, r), 0u));
        var up = lanes_sum(local, of_token(of_row(ups, r), 0u));
        if (lane == 0u && is_mine && row + r < params.d_ff) {
            if (params.has_bias == 1u) {
                gate += bias[expert * params.bias_stride + row + r];
                up += bias[(params.n_experts + expert) * params.bias_stride + row + r];
            }
            act[group.y * params.act_stride + row + r] = glu(gate, up);
        }
    }
}
