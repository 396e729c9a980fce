//! Fast form of [`crate::cpu::matmul`].

use std::ops::Range;

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
    let n_tokens = match params.logits_only {
        1 => batch.n_logits as usize,
        _ => batch.n_tokens as usize,
    };
    let rows = params.rows as usize;
    // Where each head has a matrix of its own, each is a product of its own.
    let (head_rows, x_head, y_head) = match params.head_rows as usize {
        0 => (rows, 0, 0),
        head_rows => (head_rows, params.x_head as usize, params.y_head as usize),
    };
    let n_heads = rows / head_rows;
    let Scratch {
        units,
        products: [products, _],
        chosen,
        row,
        seat,
        received,
        ..
    } = scratch;
    chosen.clear();
    chosen.extend(0..n_tokens as u32);
    let own = seat.own_rows(head_rows, weights.cols());
    let products = room(products, n_heads * n_tokens * own.len());
    for head in 0..n_heads {
        let x = &x[head * x_head..];
        let inputs = Inputs::new(weights, x, n_tokens, params.x_stride as usize, units);
        let out = &mut products[head * n_tokens * own.len()..][..n_tokens * own.len()];
        let rows = weights.rows_of(head, head_rows, &own);
        product(weights, rows, &inputs, chosen, row, out);
    }
    let matrix = (head_rows, weights.cols());
    let take = |rows: Range<usize>, products: &[f32]| {
        for (at, products) in products.chunks_exact(rows.len().max(1)).enumerate() {
            let (head, token) = (at / n_tokens, at % n_tokens);
            let bias = bias.map(|bias| &bias[head * head_rows..][rows.clone()]);
            let first = token * params.y_stride as usize + params.y_offset as usize + head * y_head;
            finish(params, bias, products, &mut y[first..][rows.clone()]);
        }
    };
    seat.gather_rows(matrix, n_heads * n_tokens, products, received, take);
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
