//! Twin of `shaders/swiglu.wgsl`.

use crate::cpu::expert_gate_up::silu;
use crate::kernels::Batch;
use crate::kernels::swiglu::Params;

/// `act = silu(gate) · up`, times `sigmoid(own_gate)` where there is one.
pub fn swiglu(params: &Params, batch: Batch, gate_up: &[f32], own_gate: Option<&[f32]>, act: &mut [f32]) {
    let d_ff = params.d_ff as usize;
    for token in 0..batch.n_tokens as usize {
        let row = &gate_up[token * params.gate_up_stride as usize..];
        let (gate, up) = row.split_at(d_ff);
        let own = own_gate.map_or(1.0, |gates| {
            1.0 / (1.0 + (-gates[token * params.own_stride as usize]).exp())
        });
        let act = &mut act[token * params.act_stride as usize..][..d_ff];
        for ((act, gate), up) in act.iter_mut().zip(gate).zip(up) {
            *act = silu(*gate) * up * own;
        }
    }
}
