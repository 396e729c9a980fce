//! Twin of `shaders/qk_rope.wgsl`.

use crate::cpu::rms_norm::rms_scale;
use crate::kernels::Batch;
use crate::kernels::qk_rope::Params;
use crate::session::KvFormat;

/// What the kernel writes.
pub struct Out<'a> {
    pub q: &'a mut [f32],      // (tokens, n_heads, head_dim)
    pub keys: &'a mut [u32],   // (cache_rows, n_kv_heads, head_dim), packed
    pub values: &'a mut [u32], // (cache_rows, n_kv_heads, head_dim), packed
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
        let row = &qkv[token * params.qkv_stride as usize..];
        let (queries, keys) = row.split_at(n_heads * head_dim);
        let turn = [
            Turn::of(params, queries, q_norm, turns),
            Turn::of(params, &keys[..n_kv_heads * head_dim], k_norm, turns),
        ];
        let heads = row.chunks_exact(head_dim);
        let position = (batch.start as usize + token) % params.cache_rows as usize;
        for (index, source) in heads.take(n_heads + 2 * n_kv_heads).enumerate() {
            head.copy_from_slice(source);
            let cache_row = |kv_head| (position * n_kv_heads + kv_head) * head_dim;
            if index < n_heads {
                turn[0].apply(params, index, &mut head);
                let at = token * params.q_stride as usize + index * head_dim;
                out.q[at..at + head_dim].copy_from_slice(&head);
            } else if index < n_heads + n_kv_heads {
                turn[1].apply(params, index - n_heads, &mut head);
                kv.store(out.keys, cache_row(index - n_heads), &head);
            } else {
                kv.store(out.values, cache_row(index - n_heads - n_kv_heads), &head);
            }
        }
    }
}

/// What all heads of one kind, of one token, are turned with.
struct Turn<'a> {
    norm: &'a [f32],
    /// 1 / rms over all heads, where the norm is over all.
    scale: f32,
    turns: &'a [f32], // (n_rot / 2, 2): cos, sin
}

impl<'a> Turn<'a> {
    fn of(params: &Params, heads: &[f32], norm: &'a [f32], turns: &'a [f32]) -> Self {
        let scale = rms_scale(heads, params.eps);
        Self { norm, scale, turns }
    }

    /// Norms one head, then rotates its pairs.
    fn apply(&self, params: &Params, index: usize, head: &mut [f32]) {
        let (scale, gains) = match params.qk_norm {
            0 => (1.0, None),
            1 => (rms_scale(head, params.eps), Some(self.norm)),
            _ => (self.scale, Some(&self.norm[index * head.len()..])),
        };
        for (value, gain) in head.iter_mut().zip(gains.into_iter().flatten()) {
            *value = *value * scale * gain;
        }
        let half = params.n_rot as usize / 2;
        for i in 0..half {
            let (cos, sin) = (self.turns[2 * i], self.turns[2 * i + 1]);
            let (first, second) = if params.interleaved == 1 {
                (2 * i, 2 * i + 1)
            } else {
                (i, i + half)
            };
            let (a, b) = (head[first], head[second]);
            head[first] = a * cos - b * sin;
            head[second] = b * cos + a * sin;
        }
    }
}
