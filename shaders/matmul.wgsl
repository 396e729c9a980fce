// y[t] = scale · (W · x[t] + bias), or y[t] += the same; W may be a matrix per head, each times its own
// part of x. A row of W is decoded once for TILE tokens.
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
@group(0) @binding(2) var<storage, read> weights: array<u32>;      // (rows, cols)
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;      // (tokens, cols)
@group(0) @binding(4) var<storage, read> bias: array<f32>;         // (rows), where there is one
@group(0) @binding(5) var<storage, read_write> y: array<f32>;      // (tokens, rows)

fn activations_at(index: u32) -> vec4<f32> {
    return x[index];
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
    let n_tokens = select(batch.n_tokens, batch.n_logits, params.logits_only == 1u);

    var x_base = 0u;
    var y_base = params.y_offset + row;
    if (params.head_rows > 0u) {
        let head = row / params.head_rows;
        x_base = head * params.x_head;
        y_base = params.y_offset + head * params.y_head + row % params.head_rows;
    }

    var sums: array<f32, TILE>;
    if (row < params.rows) {
        for (var i = lane; i < params.units; i += LANES) {
            let unit = weights_unit(row * params.units + i);
            for (var t = 0u; t < TILE; t++) {
                // Tokens beyond the batch repeat its last one; their sums are not written.
                let token = min(first_token + t, n_tokens - 1u);
                sums[t] += unit_dot(unit, (token * params.x_stride + x_base + i * 32u) / 4u);
            }
        }
    }
    for (var t = 0u; t < TILE; t++) {
        var sum = lanes_sum(local, sums[t]);
        let token = first_token + t;
        if (lane == 0u && row < params.rows && token < n_tokens) {
            if (params.has_bias == 1u) {
                sum += bias[row];
            }
            sum *= params.scale;
            let at = token * params.y_stride + y_base;
            y[at] = select(sum, y[at] + sum, params.accumulate == 1u);
        }
    }
}
