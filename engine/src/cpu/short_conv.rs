//! Twin of `shaders/short_conv.wgsl`.

use crate::cpu::Weights;
use crate::kernels::Batch;
use crate::kernels::short_conv::Params;

/// `out = c · Σ_k w[k] · (b · x)[position - (taps - 1) + k]`, and keeps `b · x` of every token.
pub fn short_conv(
    params: &Params,
    batch: Batch,
    bcx: &[f32],
    weights: &Weights,
    state: &mut [f32],
    out: &mut [f32],
) {
    let (width, taps) = (params.width as usize, params.taps as usize);
    let row_of = |position: usize| position % params.cache_rows as usize * width;
    let mut kernel = vec![0.0; width * taps];
    for (channel, row) in kernel.chunks_exact_mut(taps).enumerate() {
        weights.row(channel, row);
    }
    for token in 0..batch.n_tokens as usize {
        let position = batch.start as usize + token;
        let row = &bcx[token * params.bcx_stride as usize..][..3 * width];
        let (b, cx) = row.split_at(width);
        let (c, x) = cx.split_at(width);
        let now = row_of(position);
        for channel in 0..width {
            state[now + channel] = b[channel] * x[channel];
            let reached = (taps - 1).min(position);
            let terms = (position - reached..=position).zip(&kernel[(channel + 1) * taps - 1 - reached..]);
            let sum: f32 = terms
                .map(|(earlier, weight)| weight * state[row_of(earlier) + channel])
                .sum();
            out[token * params.out_stride as usize + channel] = c[channel] * sum;
        }
    }
}
