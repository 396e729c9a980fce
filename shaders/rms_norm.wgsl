// y = x / sqrt(mean(x²) + eps) · weight, or centred, y = (x - mean) / sqrt(var + eps) · weight + bias.
// One workgroup per token.

struct Params {
    width: u32,
    x_stride: u32,
    y_stride: u32,
    logits_only: u32,
    eps: f32,
    centred: u32,       // 1: subtract the mean; a bias follows the weight, in a row of whole units
    pad_0: u32,
    pad_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;            // (tokens, width)
@group(0) @binding(3) var<storage, read> norm: array<f32>;         // (width), or (2, width)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;      // (tokens or logits, width)

@compute @workgroup_size(64)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = group.y;
    let x_base = (row + params.logits_only * batch.logits_from) * params.x_stride;
    let row_norm = norm_of(x_base, local);
    for (var i = local; i < params.width; i += 64u) {
        y[row * params.y_stride + i] = normed_at(x_base, i, row_norm);
    }
}
