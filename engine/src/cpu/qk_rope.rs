//! Twin of `shaders/qk_rope.wgsl`.

use crate::cpu::rms_norm::rms_scale;
use crate::kernels::Batch;
use crate::kernels::qk_rope::Params;
use crate::session::KvFormat;

/// What the kernel writes.
pub struct Out<'a> {
    pub q: &'a mut [f32],      // (tokens, n_heads, head_dim)
    pub keys: &'a mut [u32],   // (context, n_kv_heads, head_dim), packed
    pub values: &'a mut [u32], // (context, n_kv_heads, head_dim), packed
}

/// Norms and rotates queries and keys, appends keys and values to the cache.
pub fn qk_rope(
    params: &Params,
    kv: KvFormat,
    batch: Batch,
    qkv: &[f32],
    [q_norm, k_norm]: [&[f32]; 2],
    rope: &[f32],
    out: &mut Out<'_>,
) {
    let head_dim = params.head_dim as usize;
    let (n_heads, n_kv_heads) = (params.n_heads as usize, params.n_kv_heads as usize);
    let mut head = vec![0.0; head_dim];
    for token in 0..batch.n_tokens as usize {
        let turns = &rope[token * params.n_rot as usize..][..params.n_rot as usize];
        let heads = qkv[token * params.qkv_stride as usize..].chunks_exact(head_dim);
        for (index, source) in heads.take(n_heads + 2 * n_kv_heads).enumerate() {
            head.copy_from_slice(source);
            let cache_row = |kv_head| ((batch.start as usize + token) * n_kv_heads + kv_head) * head_dim;
            if index < n_heads {
                turn_head(params, q_norm, turns, &mut head);
                let at = token * params.q_stride as usize + index * head_dim;
                out.q[at..at + head_dim].copy_from_slice(&head);
            } else if index < n_heads + n_kv_heads {
                turn_head(params, k_norm, turns, &mut head);
                kv.store(out.keys, cache_row(index - n_heads), &head);
            } else {
                kv.store(out.values, cache_row(index - n_heads - n_kv_heads), &head);
            }
        }
    }
}

/// Norms one head, then rotates its pairs (i, i + n_rot/2).
fn turn_head(params: &Params, norm: &[f32], turns: &[f32], head: &mut [f32]) {
    if params.qk_norm == 1 {
        let scale = rms_scale(head, params.eps);
        for (value, norm) in head.iter_mut().zip(norm) {
            *value = *value * scale * norm;
        }
    }
    let half = params.n_rot as usize / 2;
    for i in 0..half {
        let (cos, sin) = (turns[2 * i], turns[2 * i + 1]);
        let (a, b) = (head[i], head[i + half]);
        head[i] = a * cos - b * sin;
        head[i + half] = b * cos + a * sin;
    }
}
