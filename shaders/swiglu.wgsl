// act = silu(gate) · up, of rows that hold gate and then up; with a gate of its own per token, times
// sigmoid of that. One invocation per element; the padding of act stays zero.

struct Params {
    d_ff: u32,
    gate_up_stride: u32,
    act_stride: u32,
    is_gated: u32,
    own_stride: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> gate_up: array<f32>;          // (tokens, 2, d_ff)
@group(0) @binding(3) var<storage, read> own_gate: array<f32>;         // (tokens, 1), where there is one
@group(0) @binding(4) var<storage, read_write> act: array<f32>;        // (tokens, d_ff)

@compute @workgroup_size(64)
fn swiglu(@builtin(global_invocation_id) id: vec3<u32>) {
    let element = id.x;
    let token = id.y;
    if (element >= params.d_ff) {
        return;
    }
    let base = token * params.gate_up_stride + element;
    let gate = gate_up[base];
    var value = gate / (1.0 + exp(-gate)) * gate_up[base + params.d_ff];
    if (params.is_gated == 1u) {
        value /= 1.0 + exp(-own_gate[token * params.own_stride]);
    }
    act[token * params.act_stride + element] = value;
}
