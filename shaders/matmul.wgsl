// y[t] = scale · (W · x[t] + bias), or y[t] += the same; W may be a matrix per head, each times its own
// part of x. A row of W is decoded once for TILE tokens;
// an invocation has ROWS of them, but one where every head has a matrix of its own.
// Grid: row groups (folded into z beyond 65,535) by tiles of tokens.

struct Params {
    rows: u32,
    units: u32,
    x_stride: u32,
    y_stride: u32,
    y_offset: u32,
    accumulate: u32,
    logits_only: u32,
    has_bias: u32,
    scale: f32,
    head_rows: u32,     // rows of one head, where each has its own part of x; 0: there are none
    x_head: u32,        // elements from one head to the next, a multiple of 4
    y_head: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;      // (rows, cols)
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;      // (tokens, cols)
@group(0) @binding(4) var<storage, read> bias: array<f32>;         // (rows), where there is one
@group(0) @binding(5) var<storage, read_write> y: array<f32>;      // (tokens, rows)

fn activations_at(index: u32) -> vec4<f32> {
    return x[index];
}

fn n_tokens() -> u32 {
    return select(batch.n_tokens, batch.n_logits, params.logits_only == 1u);
}

// Tokens beyond the batch repeat its last one; their sums are not written.
fn source_of(token: u32) -> u32 {
    return min(token, n_tokens() - 1u) * params.x_stride / 4u;
}

@compute @workgroup_size(64)
fn matmul(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = lane_row(group.x, groups.x, group.z, local);
    let lane = local % LANES;
    let first_token = group.y * TILE;

    var sources = tile_sources(first_token);
    var y_base = params.y_offset + row;
    if (params.head_rows > 0u) {
        let head = row / params.head_rows;
        sources += head * params.x_head / 4u;
        y_base = params.y_offset + head * params.y_head + row % params.head_rows;
    }

    var sums = Rows();
    for (var first = 0u; first < params.units; first += STAGE_UNITS / TILE) {
        let count = min(params.units - first, STAGE_UNITS / TILE);
        stage_begin();
        stage_tile(local, sources + 8u * first, count);
        stage_end();
        if (row < params.rows) {
            let unit = row * params.units + first;
            for (var i = lane; i < count; i += LANES) {
                let activations = tile_activations(i, sources + 8u * (first + i));
                sums = rows_dot(sums, unit + i, params.units, activations);
            }
        }
    }
    for (var r = 0u; r < ROWS; r++) {
        for (var t = 0u; t < TILE; t++) {
            var sum = lanes_sum(local, of_token(of_row(sums, r), t));
            let token = first_token + t;
            if (lane == 0u && row + r < params.rows && token < n_tokens()) {
                if (params.has_bias == 1u) {
                    sum += bias[row + r];
                }
                sum *= params.scale;
                let at = token * params.y_stride + y_base + r;
                y[at] = select(sum, y[at] + sum, params.accumulate == 1u);
            }
        }
    }
}
