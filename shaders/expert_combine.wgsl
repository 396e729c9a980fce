// x += scale · Σ over the chosen experts, in rank order, of weight · out.
// Grid: invocations over d_model by tokens.

struct Params {
    d_model: u32,
    out_stride: u32,
    x_stride: u32,
    top_k: u32,
    moe_layer: u32,
    n_moe_layers: u32,
    scale: f32,
    pad_0: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> out: array<f32>;              // (tokens, top_k, d_model)
@group(0) @binding(3) var<storage, read> expert_weights: array<f32>;   // (tokens, n_moe_layers, top_k)
@group(0) @binding(4) var<storage, read_write> x: array<f32>;          // (tokens, d_model)

@compute @workgroup_size(64)
fn expert_combine(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let token = id.y;
    if (row >= params.d_model) {
        return;
    }
    let slot = (token * params.n_moe_layers + params.moe_layer) * params.top_k;
    var sum = 0.0;
    for (var rank = 0u; rank < params.top_k; rank++) {
        sum += expert_weights[slot + rank] * out[(token * params.top_k + rank) * params.out_stride + row];
    }
    x[token * params.x_stride + row] += params.scale * sum;
}
