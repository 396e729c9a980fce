//! Fast form of [`crate::cpu::expert_down`]: expert by expert, each for all of its tokens; then every
//! token's outputs are added in the order of its ranks, so that a batch gives what single tokens give.

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
        ..
    } = scratch;
    let inputs = Inputs::new(weights, act, n_uses, params.act_stride as usize, units);
    let slot = |number: usize| {
        let layer = number / top_k * params.n_moe_layers as usize + params.moe_layer as usize;
        layer * top_k + number % top_k
    };
    let experts = (0..n_uses).map(|number| chosen.ids[slot(number)].wrapping_sub(params.first_expert));
    uses.sort(n_experts, experts);
    let outputs = room(outputs, n_uses * d_model);
    outputs.fill(0.0);
    for (expert, uses) in uses.by_expert() {
        let products = room(products, uses.len() * d_model);
        product(
            weights,
            expert * d_model..(expert + 1) * d_model,
            &inputs,
            uses,
            row,
            products,
        );
        let bias = matrices.bias.map(|bias| bias.floats(expert, room(row, d_model)));
        for (number, product) in uses.iter().zip(products.chunks_exact(d_model)) {
            let weight = chosen.weights[slot(*number as usize)];
            let output = &mut outputs[*number as usize * d_model..][..d_model];
            for (at, (output, product)) in output.iter_mut().zip(product).enumerate() {
                *output = weight * (product + bias.map_or(0.0, |bias| bias[at]));
            }
        }
    }
    for (token, outputs) in outputs.chunks_exact_mut(top_k * d_model).enumerate() {
        let (sum, others) = outputs.split_at_mut(d_model);
        for output in others.chunks_exact(d_model) {
            sum.iter_mut()
                .zip(output)
                .for_each(|(sum, output)| *sum += output);
        }
        let x = &mut x[token * params.x_stride as usize..][..d_model];
        x.iter_mut()
            .zip(sum)
            .for_each(|(x, sum)| *x += params.scale * *sum);
    }
}
