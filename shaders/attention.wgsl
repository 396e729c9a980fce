// Causal attention of one token and head over the cache: softmax(q · Kᵀ · scale) · V, in one pass.
// One workgroup per head and token. It walks the cache in blocks of 64 positions: each invocation
// scores one position, then each sums the values of its own pairs of output elements. A running
// maximum keeps the softmax exact (arXiv:1805.02867). A sliding window limits how far back a token
// sees; a sink is one more logit of the softmax, with no value (gpt-oss). The cache is a ring of
// cache_rows positions; values may be the beginnings of the keys (latent attention).

struct Params {
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    q_stride: u32,
    out_stride: u32,
    scale: f32,
    window: u32,        // positions seen, the token's own included; 0: all
    has_sinks: u32,
    value_dim: u32,
    value_stride: u32,  // elements from one value to the next
    cache_rows: u32,    // positions the cache has room for
    pad_0: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> q: array<f32>;              // (tokens, n_heads, head_dim)
@group(0) @binding(3) var<storage, read> keys: array<u32>;           // (cache_rows, n_kv_heads, head_dim)
@group(0) @binding(4) var<storage, read> values: array<u32>;         // (cache_rows, n_kv_heads, value_stride)
@group(0) @binding(5) var<storage, read> sinks: array<f32>;          // (n_heads), where there are any
@group(0) @binding(6) var<storage, read_write> out: array<f32>;      // (tokens, n_heads, value_dim)

const LOWEST = -3.4e38;
const MAX_PAIRS = 4u;   // value_dim ≤ 512: 256 pairs over 64 invocations

var<workgroup> query: array<f32, 640>;
var<workgroup> scores: array<f32, 64>;
var<workgroup> shares: array<f32, 64>;

fn key_pair(pair: u32) -> vec2<f32> {
    return kv_pair(keys[kv_first(pair)], keys[kv_second(pair)], pair);
}

fn value_pair(pair: u32) -> vec2<f32> {
    return kv_pair(values[kv_first(pair)], values[kv_second(pair)], pair);
}

// Index of a head among all that the cache holds.
fn cache_head(position: u32, kv_head: u32) -> u32 {
    return position % params.cache_rows * params.n_kv_heads + kv_head;
}

fn score_of(position: u32, kv_head: u32) -> f32 {
    let row = cache_head(position, kv_head) * params.head_dim / 2u;
    var sum = 0.0;
    for (var i = 0u; i < params.head_dim / 2u; i++) {
        let key = key_pair(row + i);
        sum += query[2u * i] * key.x + query[2u * i + 1u] * key.y;
    }
    return sum;
}

@compute @workgroup_size(64)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let token = group.y;
    let kv_head = head / (params.n_heads / params.n_kv_heads);
    let last = batch.start + token;
    let n_pairs = params.value_dim / 2u;

    for (var i = local; i < params.head_dim; i += 64u) {
        query[i] = q[token * params.q_stride + head * params.head_dim + i] * params.scale;
    }
    workgroupBarrier();

    var highest = LOWEST;
    var share_sum = 0.0;
    if (params.has_sinks == 1u) {
        highest = sinks[head];
        share_sum = 1.0;
    }
    var oldest = 0u;
    if (params.window > 0u && last >= params.window) {
        oldest = last + 1u - params.window;
    }
    var sums: array<vec2<f32>, MAX_PAIRS>;
    for (var first = oldest; first <= last; first += 64u) {
        let position = first + local;
        var score = LOWEST;
        if (position <= last) {
            score = score_of(position, kv_head);
        }
        scores[local] = score;
        workgroupBarrier();

        var block_highest = highest;
        for (var i = 0u; i < 64u; i++) {
            block_highest = max(block_highest, scores[i]);
        }
        shares[local] = select(0.0, exp(score - block_highest), position <= last);
        workgroupBarrier();

        let rescale = exp(highest - block_highest);
        let count = min(64u, last - first + 1u);
        share_sum *= rescale;
        for (var i = 0u; i < count; i++) {
            share_sum += shares[i];
        }
        for (var slot = 0u; slot < MAX_PAIRS; slot++) {
            let pair = local + slot * 64u;
            if (pair < n_pairs) {
                var sum = sums[slot] * rescale;
                for (var i = 0u; i < count; i++) {
                    sum += shares[i] * value_pair(cache_head(first + i, kv_head) * params.value_stride / 2u + pair);
                }
                sums[slot] = sum;
            }
        }
        highest = block_highest;
    }

    let out_base = token * params.out_stride + head * params.value_dim;
    for (var slot = 0u; slot < MAX_PAIRS; slot++) {
        let pair = local + slot * 64u;
        if (pair < n_pairs) {
            let mean = sums[slot] / share_sum;
            out[out_base + 2u * pair] = mean.x;
            out[out_base + 2u * pair + 1u] = mean.y;
        }
    }
}
