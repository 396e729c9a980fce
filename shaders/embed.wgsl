// The embedding row of each token, decoded to f32 and scaled. One invocation per 32 elements.

struct Params {
    units: u32,
    n_rows: u32,        // bound; a token that has none of them leaves x as it is
    x_stride: u32,
    scale: f32,
    first_row: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;           // (tokens)
@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;          // (vocab, d_model)
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;    // (tokens, d_model)

@compute @workgroup_size(64)
fn embed(@builtin(global_invocation_id) id: vec3<u32>) {
    // A token below the first row wraps around, far beyond the last.
    let row = tokens[id.y] - params.first_row;
    if (id.x >= params.units || row >= params.n_rows) {
        return;
    }
    let unit = weights_unit(row * params.units + id.x);
    let base = (id.y * params.x_stride + id.x * 32u) / 4u;
    x[base] = unit[0] * params.scale;
    x[base + 1u] = unit[1] * params.scale;
    x[base + 2u] = unit[2] * params.scale;
    x[base + 3u] = unit[3] * params.scale;
    x[base + 4u] = unit[4] * params.scale;
    x[base + 5u] = unit[5] * params.scale;
    x[base + 6u] = unit[6] * params.scale;
    x[base + 7u] = unit[7] * params.scale;
}
