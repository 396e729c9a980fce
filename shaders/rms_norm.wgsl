// y = x / sqrt(mean(x²) + eps) · weight. One workgroup per token.

struct Params {
    width: u32,
    x_stride: u32,
    y_stride: u32,
    logits_only: u32,
    eps: f32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;            // (tokens, width)
@group(0) @binding(3) var<storage, read> weight: array<f32>;       // (width)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;      // (tokens or logits, width)

var<workgroup> squares: array<f32, 64>;

@compute @workgroup_size(64)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = group.y;
    let x_base = (row + params.logits_only * batch.logits_from) * params.x_stride;

    var sum = 0.0;
    for (var i = local; i < params.width; i += 64u) {
        sum += x[x_base + i] * x[x_base + i];
    }
    squares[local] = sum;
    workgroupBarrier();

    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
        total += squares[i];
    }
    let scale = inverseSqrt(total / f32(params.width) + params.eps);
    for (var i = local; i < params.width; i += 64u) {
        y[row * params.y_stride + i] = x[x_base + i] * scale * weight[i];
    }
}
