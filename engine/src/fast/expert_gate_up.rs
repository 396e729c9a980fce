//! Fast form of [`crate::cpu::expert_gate_up`]: expert by expert, each for all of its tokens.

use super::product::{Inputs, product};
use super::{Scratch, room};
use crate::cpu::expert_gate_up::{Matrices, glu};
use crate::kernels::Batch;
use crate::kernels::expert_gate_up::Params;

/// As the twin.
pub fn expert_gate_up(
    params: &Params,
    batch: Batch,
    matrices: &Matrices<'_>,
    h: &[f32],
    ids: &[u32],
    act: &mut [f32],
    scratch: &mut Scratch,
) {
    let (n_experts, d_ff, top_k) = (
        params.n_experts as usize,
        params.d_ff as usize,
        params.top_k as usize,
    );
    let (weights, n_tokens) = (matrices.weights, batch.n_tokens as usize);
    let Scratch {
        units,
        products: [gates, ups],
        row,
        uses,
        chosen,
        ..
    } = scratch;
    let inputs = Inputs::new(weights, h, n_tokens, params.h_stride as usize, units);
    let slots = |token: usize| (token * params.n_moe_layers as usize + params.moe_layer as usize) * top_k;
    uses.sort(
        n_experts,
        (0..n_tokens * top_k)
            .map(|number| ids[slots(number / top_k) + number % top_k].wrapping_sub(params.first_expert)),
    );
    for (expert, uses) in uses.by_expert() {
        chosen.clear();
        chosen.extend(uses.iter().map(|number| number / params.top_k));
        let gates = room(gates, uses.len() * d_ff);
        let ups = room(ups, uses.len() * d_ff);
        for (matrix, out) in [(expert, &mut *gates), (n_experts + expert, &mut *ups)] {
            product(
                weights,
                matrix * d_ff..(matrix + 1) * d_ff,
                &inputs,
                chosen,
                row,
                out,
            );
            if let Some(bias) = matrices.bias {
                let bias = bias.floats(matrix, room(row, d_ff));
                for out in out.chunks_exact_mut(d_ff) {
                    out.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
                }
            }
        }
        let pairs = gates.chunks_exact(d_ff).zip(ups.chunks_exact(d_ff));
        for (number, (gates, ups)) in uses.iter().zip(pairs) {
            let act = &mut act[*number as usize * params.act_stride as usize..][..d_ff];
            for ((act, gate), up) in act.iter_mut().zip(gates).zip(ups) {
                *act = glu(params.activation, *gate, *up);
            }
        }
    }
}
