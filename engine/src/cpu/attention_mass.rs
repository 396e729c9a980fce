//! Twin of `shaders/attention_mass.wgsl`.

use crate::cpu::attention::softmax;
use crate::cpu::dot;
use crate::kernels::Batch;
use crate::kernels::attention_mass::Params;
use crate::session::KvFormat;

/// The share of attention of the batch's last token that each position gets, mean over heads.
/// `keys`: (cache_rows, n_kv_heads, head_dim), packed. `mass`: (context).
pub fn attention_mass(
    params: &Params,
    kv: KvFormat,
    batch: Batch,
    q: &[f32],
    keys: &[u32],
    sinks: Option<&[f32]>,
    mass: &mut [f32],
) {
    let (head_dim, n_heads) = (params.head_dim as usize, params.n_heads as usize);
    let n_kv_heads = params.n_kv_heads as usize;
    let token = batch.n_tokens as usize - 1;
    let end = batch.start as usize + token + 1;
    let oldest = match params.window as usize {
        0 => 0,
        window => end.saturating_sub(window),
    };
    mass[..end].fill(0.0);
    let mut key = vec![0.0; head_dim];
    for head in 0..n_heads {
        let query = &q[token * params.q_stride as usize + head * head_dim..][..head_dim];
        let kv_head = head / (n_heads / n_kv_heads);
        let score = |position: usize| {
            let row = position % params.cache_rows as usize * n_kv_heads + kv_head;
            kv.load(keys, row * head_dim, &mut key);
            dot(query, &key) * params.scale
        };
        let sink = sinks.map(|sinks| sinks[head]);
        let mut shares: Vec<f32> = (oldest..end).map(score).chain(sink).collect();
        softmax(&mut shares);
        for (mass, share) in mass[oldest..end].iter_mut().zip(&shares) {
            *mass += share / n_heads as f32;
        }
    }
}
