//! Fast form of [`crate::cpu::matmul`].

use super::product::{Inputs, product};
use super::{Scratch, room};
use crate::cpu::Weights;
use crate::kernels::Batch;
use crate::kernels::matmul::Params;

/// As the twin.
pub fn matmul(
    params: &Params,
    batch: Batch,
    weights: &Weights,
    bias: Option<&[f32]>,
    x: &[f32],
    y: &mut [f32],
    scratch: &mut Scratch,
) {
    let tokens = if params.logits_only == 1 {
        batch.n_logits
    } else {
        batch.n_tokens
    };
    let rows = params.rows as usize;
    // Where each head has a matrix of its own, each is a product of its own.
    let (head_rows, x_head, y_head) = match params.head_rows as usize {
        0 => (rows, 0, 0),
        head_rows => (head_rows, params.x_head as usize, params.y_head as usize),
    };
    scratch.chosen.clear();
    scratch.chosen.extend(0..tokens);
    for head in 0..rows / head_rows {
        let first = head * head_rows;
        let stride = params.x_stride as usize;
        let inputs = Inputs::new(
            weights,
            &x[head * x_head..],
            tokens as usize,
            stride,
            &mut scratch.units,
        );
        let out = room(&mut scratch.products[0], tokens as usize * head_rows);
        product(
            weights,
            first..first + head_rows,
            &inputs,
            &scratch.chosen,
            &mut scratch.row,
            out,
        );
        let bias = bias.map(|bias| &bias[first..first + head_rows]);
        for (token, out) in out.chunks_exact(head_rows).enumerate() {
            let at = token * params.y_stride as usize + params.y_offset as usize + head * y_head;
            let y = &mut y[at..at + head_rows];
            finish(params, bias, out, y);
        }
    }
}

/// Bias, factor, and where the products go.
fn finish(params: &Params, bias: Option<&[f32]>, products: &[f32], y: &mut [f32]) {
    let biases = bias.into_iter().flatten().copied().chain(std::iter::repeat(0.0));
    for ((y, product), bias) in y.iter_mut().zip(products).zip(biases) {
        let product = (product + bias) * params.scale;
        *y = if params.accumulate == 1 {
            *y + product
        } else {
            product
        };
    }
}
