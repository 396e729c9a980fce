// act = silu(G_e · h) · (U_e · h) for each chosen expert e of each token.
// Grid: row groups by (token, rank).

struct Params {
    d_ff: u32,
    units: u32,
    h_stride: u32,
    act_stride: u32,
    n_experts: u32,
    top_k: u32,
    moe_layer: u32,
    n_moe_layers: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> weights: array<u32>;      // (2, n_experts, d_ff, d_model)
@group(0) @binding(3) var<storage, read> h: array<vec4<f32>>;      // (tokens, d_model)
@group(0) @binding(4) var<storage, read> ids: array<u32>;          // (tokens, n_moe_layers, top_k)
@group(0) @binding(5) var<storage, read_write> act: array<f32>;    // (tokens, top_k, d_ff)

fn activations_at(index: u32) -> vec4<f32> {
    return h[index];
}

fn silu(value: f32) -> f32 {
    return value / (1.0 + exp(-value));
}

@compute @workgroup_size(64)
fn expert_gate_up(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = lane_row(group.x, groups.x, group.z, local);
    let lane = local % LANES;
    let token = group.y / params.top_k;
    let rank = group.y % params.top_k;
    let expert = ids[(token * params.n_moe_layers + params.moe_layer) * params.top_k + rank];

    var gate = 0.0;
    var up = 0.0;
    if (row < params.d_ff) {
        let gate_unit = (expert * params.d_ff + row) * params.units;
        let up_unit = gate_unit + params.n_experts * params.d_ff * params.units;
        for (var i = lane; i < params.units; i += LANES) {
            let base = (token * params.h_stride + 32u * i) / 4u;
            gate += unit_dot(weights_unit(gate_unit + i), base);
            up += unit_dot(weights_unit(up_unit + i), base);
        }
    }
    gate = lanes_sum(local, gate);
    up = lanes_sum(local, up);
    if (lane == 0u && row < params.d_ff) {
        act[group.y * params.act_stride + row] = silu(gate) * up;
    }
}
