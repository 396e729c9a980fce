//! Fast form of [`crate::cpu::expert_gate_up`]: expert by expert, each for all of its tokens.

use std::ops::Range;

use super::exp::exp;
use super::product::{Inputs, product};
use super::simd::{Simd, Work, with_simd};
use super::{Scratch, room};
use crate::cpu::expert_gate_up::Matrices;
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
        seat,
        received,
        ..
    } = scratch;
    let inputs = Inputs::new(weights, h, n_tokens, params.h_stride as usize, units);
    let slots = |token: usize| (token * params.n_moe_layers as usize + params.moe_layer as usize) * top_k;
    uses.sort(
        n_experts,
        (0..n_tokens * top_k)
            .map(|number| ids[slots(number / top_k) + number % top_k].wrapping_sub(params.first_expert)),
    );
    let own = seat.own_rows(d_ff, weights.cols());
    // One expert's gates, which become its activations, after the other's.
    let gates = room(gates, uses.len() * own.len());
    let mut first = 0;
    for (expert, uses) in uses.by_expert() {
        chosen.clear();
        chosen.extend(uses.iter().map(|number| number / params.top_k));
        let gates = &mut gates[first * own.len()..][..uses.len() * own.len()];
        let ups = room(ups, uses.len() * own.len());
        first += uses.len();
        for (matrix, out) in [(expert, &mut *gates), (n_experts + expert, &mut *ups)] {
            let rows = weights.rows_of(matrix, d_ff, &own);
            product(weights, rows, &inputs, chosen, row, out);
            if let Some(bias) = matrices.bias {
                let bias = &bias.floats(matrix, room(row, d_ff))[own.clone()];
                for out in out.chunks_exact_mut(own.len().max(1)) {
                    out.iter_mut().zip(bias).for_each(|(out, bias)| *out += bias);
                }
            }
        }
        with_simd(Glu {
            activation: params.activation,
            gates,
            ups,
        });
    }
    let take = |rows: Range<usize>, acts: &[f32]| {
        let numbers = uses.by_expert().flat_map(|(_, uses)| uses);
        for (number, values) in numbers.zip(acts.chunks_exact(rows.len().max(1))) {
            act[*number as usize * params.act_stride as usize..][rows.clone()].copy_from_slice(values);
        }
    };
    seat.gather_rows((d_ff, weights.cols()), uses.len(), gates, received, take);
}

/// Gates become activations: [`crate::cpu::expert_gate_up::glu`] of all.
struct Glu<'a> {
    activation: u32,
    gates: &'a mut [f32],
    ups: &'a [f32],
}

impl Work for Glu<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let both = self.gates.iter_mut().zip(self.ups);
        match self.activation {
            1 => both.for_each(|(gate, up)| {
                let clamped = gate.min(7.0);
                *gate = clamped / (1.0 + exp(-1.702 * clamped)) * (up.clamp(-7.0, 7.0) + 1.0);
            }),
            _ => both.for_each(|(gate, up)| *gate = *gate / (1.0 + exp(-*gate)) * up),
        }
    }
}
