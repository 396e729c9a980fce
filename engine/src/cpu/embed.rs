//! Twin of `shaders/embed.wgsl`.

use crate::cpu::Weights;
use crate::kernels::Batch;
use crate::kernels::embed::Params;

/// Decodes and scales the embedding row of each token.
pub fn embed(params: &Params, batch: Batch, tokens: &[u32], weights: &Weights, x: &mut [f32]) {
    let stride = params.x_stride as usize;
    for (token, x) in tokens
        .iter()
        .zip(x.chunks_exact_mut(stride))
        .take(batch.n_tokens as usize)
    {
        let row = token.wrapping_sub(params.first_row);
        if row >= params.n_rows {
            continue;
        }
        weights.row(row as usize, x);
        x.iter_mut().for_each(|value| *value *= params.scale);
    }
}
