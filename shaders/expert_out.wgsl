// out = D_e · act + b_e of every use of an expert, a tile of uses at a time: a row of D_e is decoded once for
// all of them.
// Grid: row groups by tiles; those beyond the last tile, or of experts not bound, write nothing.

struct Params {
    d_model: u32,
    units: u32,
    act_stride: u32,
    out_stride: u32,
    has_bias: u32,
    bias_stride: u32,
    n_experts: u32,     // bound, of all the layer has
    first_expert: u32,  // of those
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;    // (n_experts, d_model, d_ff)
@group(0) @binding(3) var<storage, read> act: array<vec4<f32>>;        // (tokens, top_k, d_ff)
@group(0) @binding(4) var<storage, read> tiles: array<u32>;            // (tiles, 1 + TILE): expert, uses
@group(0) @binding(5) var<storage, read> bias: array<f32>;             // (n_experts, d_model), where there is one
@group(0) @binding(6) var<storage, read_write> out: array<f32>;        // (tokens, top_k, d_model)

const NONE = 0xffffffffu;

fn activations_at(index: u32) -> vec4<f32> {
    return act[index];
}

fn use_of(tile: u32, t: u32) -> u32 {
    return tiles[tile * (1u + TILE) + 1u + t];
}

// Empty places repeat the first use of their tile; their sums are not written.
fn source_of(place: u32) -> u32 {
    let tile = place / TILE;
    let use_index = use_of(tile, place % TILE);
    return select(use_index, use_of(tile, 0u), use_index == NONE) * params.act_stride / 4u;
}

@compute @workgroup_size(64)
fn expert_out(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = lane_row(group.x, groups.x, group.z, local);
    let lane = local % LANES;
    let tile = group.y;
    // An id below the first one wraps around, far beyond the last, and so does that of no expert.
    let expert = tiles[tile * (1u + TILE)] - params.first_expert;
    if (expert >= params.n_experts) {
        return;
    }

    let sources = tile_sources(tile * TILE);
    let row_unit = (expert * params.d_model + row) * params.units;
    var sums = Rows();
    for (var first = 0u; first < params.units; first += STAGE_UNITS / TILE) {
        let count = min(params.units - first, STAGE_UNITS / TILE);
        stage_begin();
        stage_tile(local, sources + 8u * first, count);
        stage_end();
        if (row < params.d_model) {
            for (var i = lane; i < count; i += LANES) {
                let activations = tile_activations(i, sources + 8u * (first + i));
                sums = rows_dot(sums, row_unit + first + i, params.units, activations);
            }
        }
    }
    for (var r = 0u; r < ROWS; r++) {
        for (var t = 0u; t < TILE; t++) {
            var sum = lanes_sum(local, of_token(of_row(sums, r), t));
            let use_index = use_of(tile, t);
            if (lane == 0u && row + r < params.d_model && use_index != NONE) {
                if (params.has_bias == 1u) {
                    sum += bias[expert * params.bias_stride + row + r];
                }
                out[use_index * params.out_stride + row + r] = sum;
            }
        }
    }
}
