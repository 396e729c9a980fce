// act = glu(G_e · h + b_e, U_e · h + c_e) for each chosen expert e of each token; biases where there
// are any. glu(g, u) = silu(g) · u, or gpt-oss's clamped form.
// A use of an expert is one (token, rank). With one token per weight read each use is a tile of its own; with
// several, uses were sorted by expert into tiles, and a row of weights is decoded once for a tile.
// Grid: row groups by tiles; those beyond the last tile, or of experts not bound, write nothing.

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
    first_expert: u32,  // of those bound
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;      // (2, n_experts, d_ff, d_model)
@group(0) @binding(3) var<storage, read> h: array<vec4<f32>>;      // (tokens, d_model)
@group(0) @binding(4) var<storage, read> ids: array<u32>;          // (tokens, n_moe_layers, top_k)
@group(0) @binding(5) var<storage, read> bias: array<f32>;         // (2, n_experts, d_ff), where there is one
@group(0) @binding(6) var<storage, read> tiles: array<u32>;        // (tiles, 1 + TILE): expert, uses; where TILE > 1
@group(0) @binding(7) var<storage, read_write> act: array<f32>;    // (tokens, top_k, d_ff)

const NONE = 0xffffffffu;       // no use, no expert

fn activations_at(index: u32) -> vec4<f32> {
    return h[index];
}

fn expert_of(tile: u32) -> u32 {
    if (TILE > 1u) {
        return tiles[tile * (1u + TILE)];
    }
    let token = tile / params.top_k;
    return ids[(token * params.n_moe_layers + params.moe_layer) * params.top_k + tile % params.top_k];
}

fn use_of(tile: u32, t: u32) -> u32 {
    if (TILE > 1u) {
        return tiles[tile * (1u + TILE) + 1u + t];
    }
    return tile;
}

// Empty places repeat the first use of their tile; their sums are not written.
fn source_of(place: u32) -> u32 {
    let tile = place / TILE;
    let use_index = use_of(tile, place % TILE);
    let token = select(use_index, use_of(tile, 0u), use_index == NONE) / params.top_k;
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
    let tile = group.y;
    // An id below the first one wraps around, far beyond the last, and so does that of no expert.
    let expert = expert_of(tile) - params.first_expert;
    if (expert >= params.n_experts) {
        return;
    }

    let sources = tile_sources(tile * TILE);
    let gate_unit = (expert * params.d_ff + row) * params.units;
    let up_unit = gate_unit + params.n_experts * params.d_ff * params.units;
    var gates = Rows();
    var ups = Rows();
    for (var first = 0u; first < params.units; first += STAGE_UNITS / TILE) {
        let count = min(params.units - first, STAGE_UNITS / TILE);
        stage_begin();
        stage_tile(local, sources + 8u * first, count);
        stage_end();
        if (row < params.d_ff) {
            for (var i = lane; i < count; i += LANES) {
                let activations = tile_activations(i, sources + 8u * (first + i));
                gates = rows_dot(gates, gate_unit + first + i, params.units, activations);
                ups = rows_dot(ups, up_unit + first + i, params.units, activations);
            }
        }
    }
    for (var r = 0u; r < ROWS; r++) {
        for (var t = 0u; t < TILE; t++) {
            var gate = lanes_sum(local, of_token(of_row(gates, r), t));
            var up = lanes_sum(local, of_token(of_row(ups, r), t));
            let use_index = use_of(tile, t);
            if (lane == 0u && row + r < params.d_ff && use_index != NONE) {
                if (params.has_bias == 1u) {
                    gate += bias[expert * params.bias_stride + row + r];
                    up += bias[(params.n_experts + expert) * params.bias_stride + row + r];
                }
                act[use_index * params.act_stride + row + r] = glu(gate, up);
            }
        }
    }
}
