//! Twin of `shaders/latent_rope.wgsl`.

use crate::cpu::rms_norm::rms_scale;
use crate::kernels::Batch;
use crate::kernels::latent_rope::Params;
use crate::session::KvFormat;

/// What the kernel reads.
pub struct Inputs<'a> {
    pub q: &'a [f32],      // (tokens, n_heads, d_nope + n_rot)
    pub latent: &'a [f32], // (tokens, d_latent + n_rot), from kv_offset on
    pub norm: &'a [f32],   // (d_latent)
    pub rope: &'a [f32],   // (tokens, n_rot / 2, 2): cos, sin
}

/// Rotates the ends of queries into `out`, and appends normed latents and rotated keys to the cache.
pub fn latent_rope(
    params: &Params,
    kv: KvFormat,
    batch: Batch,
    inputs: &Inputs<'_>,
    out: &mut [f32],
    latents: &mut [u32],
) {
    let (d_latent, d_nope, n_rot) = (
        params.d_latent as usize,
        params.d_nope as usize,
        params.n_rot as usize,
    );
    let mut row = vec![0.0; d_latent + n_rot];
    for token in 0..batch.n_tokens as usize {
        let turns = &inputs.rope[token * n_rot..][..n_rot];
        for head in 0..params.n_heads as usize {
            let from = token * params.q_stride as usize + head * (d_nope + n_rot) + d_nope;
            let to = token * params.out_stride as usize + head * (d_latent + n_rot) + d_latent;
            rotate(&inputs.q[from..from + n_rot], turns, &mut out[to..to + n_rot]);
        }
        let from = token * params.kv_stride as usize + params.kv_offset as usize;
        let (latent, key) = inputs.latent[from..from + d_latent + n_rot].split_at(d_latent);
        let scale = rms_scale(latent, params.eps);
        for ((to, value), gain) in row.iter_mut().zip(latent).zip(inputs.norm) {
            *to = value * scale * gain;
        }
        rotate(key, turns, &mut row[d_latent..]);
        let position = (batch.start as usize + token) % params.cache_rows as usize;
        kv.store(latents, position * row.len(), &row);
    }
}

/// Neighbours turn together.
fn rotate(from: &[f32], turns: &[f32], to: &mut [f32]) {
    let pairs = from.chunks_exact(2).zip(turns.chunks_exact(2));
    for (to, (pair, turn)) in to.chunks_exact_mut(2).zip(pairs) {
        to[0] = pair[0] * turn[0] - pair[1] * turn[1];
        to[1] = pair[1] * turn[0] + pair[0] * turn[1];
    }
}
