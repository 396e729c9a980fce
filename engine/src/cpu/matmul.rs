//! Twin of `shaders/matmul.wgsl`.

use crate::cpu::{Weights, dot};
use crate::kernels::Batch;
use crate::kernels::matmul::Params;

/// `y[t] = scale · (W · x[t] + bias)`, or `y[t] += ` the same. Each row is decoded once for all tokens.
pub fn matmul(
    params: &Params,
    batch: Batch,
    weights: &Weights,
    bias: Option<&[f32]>,
    x: &[f32],
    y: &mut [f32],
) {
    let tokens = if params.logits_only == 1 {
        batch.n_logits
    } else {
        batch.n_tokens
    } as usize;
    let cols = weights.cols();
    let mut decoded = vec![0.0; cols];
    for row in 0..params.rows as usize {
        weights.row(row, &mut decoded);
        let bias = bias.map_or(0.0, |bias| bias[row]);
        let (x_head, y_row) = match params.head_rows as usize {
            0 => (0, row),
            rows => (
                row / rows * params.x_head as usize,
                row / rows * params.y_head as usize + row % rows,
            ),
        };
        for token in 0..tokens {
            let x_base = token * params.x_stride as usize + x_head;
            let sum = (dot(&decoded, &x[x_base..x_base + cols]) + bias) * params.scale;
            let y = &mut y[token * params.y_stride as usize + params.y_offset as usize + y_row];
            *y = if params.accumulate == 1 { *y + sum } else { sum };
        }
    }
}
