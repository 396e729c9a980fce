// A gated short convolution over time, each channel for itself:
// out = c · Σ_k w[k] · (b · x)[position - (taps - 1) + k]. One invocation per channel of one token.
// Products of earlier passes come from a ring; those of this pass are computed again, since the
// invocations that keep them are not waited for.

struct Params {
    width: u32,
    taps: u32,
    bcx_stride: u32,
    out_stride: u32,
    tap_stride: u32,
    cache_rows: u32,    // positions the ring has room for
    pad_0: u32,
    pad_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> bcx: array<f32>;              // (tokens, 3, width): b, c, x
@group(0) @binding(3) var<storage, read> weights: array<f32>;          // (width, taps)
@group(0) @binding(4) var<storage, read_write> state: array<f32>;      // (cache_rows, width): b · x
@group(0) @binding(5) var<storage, read_write> out: array<f32>;        // (tokens, width)

fn product_at(position: u32, channel: u32) -> f32 {
    if (position < batch.start) {
        return state[position % params.cache_rows * params.width + channel];
    }
    let base = (position - batch.start) * params.bcx_stride + channel;
    return bcx[base] * bcx[base + 2u * params.width];
}

@compute @workgroup_size(64)
fn short_conv(@builtin(global_invocation_id) id: vec3<u32>) {
    let channel = id.x;
    let token = id.y;
    if (channel >= params.width) {
        return;
    }
    let position = batch.start + token;
    state[position % params.cache_rows * params.width + channel] = product_at(position, channel);
    var sum = 0.0;
    for (var back = 0u; back < params.taps && back <= position; back++) {
        let weight = weights[channel * params.tap_stride + params.taps - 1u - back];
        sum += weight * product_at(position - back, channel);
    }
    let gate = bcx[token * params.bcx_stride + params.width + channel];
    out[token * params.out_stride + channel] = gate * sum;
}
