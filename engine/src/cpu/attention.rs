//! Twin of `shaders/attention.wgsl`.

use crate::cpu::dot;
use crate::kernels::Batch;
use crate::kernels::attention::Params;
use crate::session::KvFormat;

/// The keys and values of one layer.
pub struct Cache<'a> {
    pub kv: KvFormat,
    pub keys: &'a [u32],   // (cache_rows, n_kv_heads, head_dim), packed
    pub values: &'a [u32], // (cache_rows, n_kv_heads, value_stride), packed
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
    let (head_dim, value_dim) = (params.head_dim as usize, params.value_dim as usize);
    let (n_heads, n_kv_heads) = (params.n_heads as usize, params.n_kv_heads as usize);
    let oldest_of = |token: usize| match params.window as usize {
        0 => 0,
        window => (batch.start as usize + token + 1).saturating_sub(window),
    };
    let first = oldest_of(0);
    let n_positions = (batch.start + batch.n_tokens) as usize - first;
    let mut keys = vec![0.0; n_positions * head_dim];
    let mut values = vec![0.0; n_positions * value_dim];
    for kv_head in 0..n_kv_heads {
        for index in 0..n_positions {
            let row = (first + index) % params.cache_rows as usize * n_kv_heads + kv_head;
            let (key, value) = (&mut keys[index * head_dim..], &mut values[index * value_dim..]);
            cache.kv.load(cache.keys, row * head_dim, &mut key[..head_dim]);
            let at = row * params.value_stride as usize;
            cache.kv.load(cache.values, at, &mut value[..value_dim]);
        }
        let group = n_heads / n_kv_heads;
        for token in 0..batch.n_tokens as usize {
            let (oldest, end) = (oldest_of(token) - first, batch.start as usize + token + 1 - first);
            for head in kv_head * group..(kv_head + 1) * group {
                let query = &q[token * params.q_stride as usize + head * head_dim..][..head_dim];
                let out = &mut out[token * params.out_stride as usize + head * value_dim..][..value_dim];
                let sink = sinks.map(|sinks| sinks[head]);
                let keys = &keys[oldest * head_dim..end * head_dim];
                let values = &values[oldest * value_dim..end * value_dim];
                attend(query, keys, values, params.scale, sink, out);
            }
        }
    }
}

/// One query over the positions it sees. A sink is one more logit, whose share goes nowhere.
fn attend(query: &[f32], keys: &[f32], values: &[f32], scale: f32, sink: Option<f32>, out: &mut [f32]) {
    let mut shares: Vec<f32> = keys
        .chunks_exact(query.len())
        .map(|key| dot(query, key) * scale)
        .chain(sink)
        .collect();
    softmax(&mut shares);
    out.fill(0.0);
    for (share, value) in shares.iter().zip(values.chunks_exact(out.len())) {
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
