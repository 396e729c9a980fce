// Joins the parts that the splits of attention left, each a head's sums, highest score and sum of shares:
//   out = Σ_s e^(m_s − m) · sums_s / Σ_s e^(m_s − m) · total_s,  m = max m_s
// Grid: an invocation per output element.

struct Params {
    n_heads: u32,
    value_dim: u32,
    part_stride: u32,   // floats of a head's part
    pad_0: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> parts: array<f32>;        // (splits, n_heads, part_stride)
@group(0) @binding(3) var<storage, read_write> out: array<f32>;    // (n_heads, value_dim)

@compute @workgroup_size(64)
fn attention_merge(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.n_heads * params.value_dim) {
        return;
    }
    let first = id.x / params.value_dim * params.part_stride;
    let next = params.n_heads * params.part_stride;
    let element = id.x % params.value_dim;
    var highest = parts[first + params.value_dim];
    for (var split = 1u; split < batch.n_splits; split++) {
        highest = max(highest, parts[first + split * next + params.value_dim]);
    }
    var sum = 0.0;
    var total = 0.0;
    for (var split = 0u; split < batch.n_splits; split++) {
        let part = first + split * next;
        let factor = exp(parts[part + params.value_dim] - highest);
        sum += factor * parts[part + element];
        total += factor * parts[part + params.value_dim + 1u];
    }
    out[id.x] = sum / total;
}
