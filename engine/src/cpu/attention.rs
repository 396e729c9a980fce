//! Twin of `shaders/attention.wgsl`.

use crate::cpu::dot;
use crate::kernels::Batch;
use crate::kernels::attention::Params;
use crate::session::KvFormat;

/// The keys and values of one layer.
pub struct Cache<'a> {
    pub kv: KvFormat,
    pub keys: &'a [u32],   // (context, n_kv_heads, head_dim), packed
    pub values: &'a [u32], // (context, n_kv_heads, head_dim), packed
}

/// `softmax(q · Kᵀ · scale) · V` for every token and head.
pub fn attention(
    params: &Params,
    batch: Batch,
    q: &[f32],
    cache: &Cache<'_>,
    sinks: Option<&[f32]>,
    out: &mut [f32],
) {
    let head_dim = params.head_dim as usize;
    let (n_heads, n_kv_heads) = (params.n_heads as usize, params.n_kv_heads as usize);
    let last_position = (batch.start + batch.n_tokens) as usize;
    let mut keys = vec![0.0; last_position * head_dim];
    let mut values = keys.clone();
    for kv_head in 0..n_kv_heads {
        for position in 0..last_position {
            let row = (position * n_kv_heads + kv_head) * head_dim;
            let unpacked = position * head_dim..(position + 1) * head_dim;
            cache.kv.load(cache.keys, row, &mut keys[unpacked.clone()]);
            cache.kv.load(cache.values, row, &mut values[unpacked]);
        }
        let group = n_heads / n_kv_heads;
        for token in 0..batch.n_tokens as usize {
            let end = batch.start as usize + token + 1;
            let oldest = if params.window == 0 {
                0
            } else {
                end.saturating_sub(params.window as usize)
            };
            let seen = oldest * head_dim..end * head_dim;
            for head in kv_head * group..(kv_head + 1) * group {
                let query = &q[token * params.q_stride as usize + head * head_dim..][..head_dim];
                let out = &mut out[token * params.out_stride as usize + head * head_dim..][..head_dim];
                let sink = sinks.map(|sinks| sinks[head]);
                let (keys, values) = (&keys[seen.clone()], &values[seen.clone()]);
                attend(query, keys, values, params.scale, sink, out);
            }
        }
    }
}

/// One query over the positions it sees. A sink is one more logit, whose share goes nowhere.
fn attend(query: &[f32], keys: &[f32], values: &[f32], scale: f32, sink: Option<f32>, out: &mut [f32]) {
    let head_dim = query.len();
    let mut shares: Vec<f32> = keys
        .chunks_exact(head_dim)
        .map(|key| dot(query, key) * scale)
        .chain(sink)
        .collect();
    softmax(&mut shares);
    out.fill(0.0);
    for (share, value) in shares.iter().zip(values.chunks_exact(head_dim)) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += share * value;
        }
    }
}

/// Logits become probabilities, in place.
pub fn softmax(logits: &mut [f32]) {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for logit in logits.iter_mut() {
        *logit = (*logit - highest).exp();
        total += *logit;
    }
    for share in logits {
        *share /= total;
    }
}
