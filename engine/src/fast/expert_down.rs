//! Fast form of [`crate::cpu::expert_down`]: expert by expert, each for all of its tokens; then every
//! token's outputs are added in the order of its ranks, so that a batch gives what single tokens give.

use std::ops::Range;

use super::product::{Inputs, product};
use super::{Scratch, room};
use crate::cpu::expert_down::{Chosen, Matrices};
use crate::kernels::Batch;
use crate::kernels::expert_down::Params;

/// As the twin.
pub fn expert_down(
    params: &Params,
    batch: Batch,
    matrices: &Matrices<'_>,
    act: &[f32],
    chosen: &Chosen<'_>,
    x: &mut [f32],
    scratch: &mut Scratch,
) {
    let (n_experts, d_model, top_k) = (
        params.n_experts as usize,
        params.d_model as usize,
        params.top_k as usize,
    );
    let (weights, n_uses) = (matrices.weights, batch.n_tokens as usize * top_k);
    let Scratch {
        units,
        products: [products, outputs],
        row,
        uses,
        seat,
        received,
        ..
    } = scratch;
    let inputs = Inputs::new(weights, act, n_uses, params.act_stride as usize, units);
    let slot = |number: usize| {
        let layer = number / top_k * params.n_moe_layers as usize + params.moe_layer as usize;
        layer * top_k + number % top_k
    };
    let experts = (0..n_uses).map(|number| chosen.ids[slot(number)].wrapping_sub(params.first_expert));
    uses.sort(n_experts, experts);
    let own = seat.own_rows(d_model, weights.cols());
    let n_own = own.len().max(1);
    let outputs = room(outputs, n_uses * own.len());
    outputs.fill(0.0);
    for (expert, uses) in uses.by_expert() {
        let products = room(products, uses.len() * own.len());
        let rows = weights.rows_of(expert, d_model, &own);
        product(weights, rows, &inputs, uses, row, products);
        let bias = matrices.bias;
        let bias = bias.map(|bias| &bias.floats(expert, room(row, d_model))[own.clone()]);
        for (number, product) in uses.iter().zip(products.chunks_exact(n_own)) {
            let weight = chosen.weights[slot(*number as usize)];
            let output = &mut outputs[*number as usize * own.len()..][..own.len()];
            for (at, (output, product)) in output.iter_mut().zip(product).enumerate() {
                *output = weight * (product + bias.map_or(0.0, |bias| bias[at]));
            }
        }
    }
    let sums = sum_ranks(outputs, own.len(), top_k);
    let take = |rows: Range<usize>, sums: &[f32]| {
        let tokens = x.chunks_mut(params.x_stride as usize);
        for (x, sum) in tokens.zip(sums.chunks_exact(rows.len().max(1))) {
            x[rows.clone()]
                .iter_mut()
                .zip(sum)
                .for_each(|(x, sum)| *x += params.scale * *sum);
        }
    };
    seat.gather_rows(
        (d_model, weights.cols()),
        batch.n_tokens as usize,
        sums,
        received,
        take,
    );
}

/// Adds each token's outputs in the order of its ranks; its sum takes the place of what came before.
/// `(tokens, top_k, rows)` becomes `(tokens, rows)`.
fn sum_ranks(outputs: &mut [f32], rows: usize, top_k: usize) -> &[f32] {
    let n_tokens = outputs.len() / (rows * top_k).max(1);
    for token in 0..n_tokens {
        let first = token * top_k * rows;
        outputs.copy_within(first..first + rows, token * rows);
        for rank in 1..top_k {
            let (before, from) = outputs.split_at_mut(first + rank * rows);
            let sum = &mut before[token * rows..][..rows];
            sum.iter_mut()
                .zip(&from[..rows])
                .for_each(|(sum, output)| *sum += output);
        }
    }
    &outputs[..n_tokens * rows]
}
