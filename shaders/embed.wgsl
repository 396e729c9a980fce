// The embedding row of each token, decoded to f32 and scaled. One invocation per 32 elements.

struct Params {
    units: u32,
    vocab: u32,
    x_stride: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;           // (tokens)
@group(0) @binding(3) var<storage, read> weights: array<u32>;          // (vocab, d_model)
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;    // (tokens, d_model)

@compute @workgroup_size(64)
fn embed(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.units) {
        return;
    }
    let row = min(tokens[id.y], params.vocab - 1u);
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
