// Normalises and rotates queries and keys, and appends keys and values to the cache.
// One invocation per head of one token: query heads first, then key heads, then value heads.
// The rotation pairs element i with i + n_rot/2 (NeoX), or 2i with 2i + 1 (interleaved); the rope
// table holds (cos, sin) per pair. QK-norm is over each head, or over all heads of a kind at once.

struct Params {
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    n_rot: u32,
    qkv_stride: u32,
    q_stride: u32,
    qk_norm: u32,       // 0 none, 1 per head, 2 over all heads
    eps: f32,
    interleaved: u32,
    cache_rows: u32,    // positions the cache has room for
    pad_0: u32,
    pad_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;              // (tokens, q | k | v heads)
@group(0) @binding(3) var<storage, read> q_norm: array<f32>;           // (head_dim) or (n_heads, head_dim)
@group(0) @binding(4) var<storage, read> k_norm: array<f32>;           // (head_dim) or (n_kv_heads, head_dim)
@group(0) @binding(5) var<storage, read> rope: array<vec2<f32>>;       // (tokens, n_rot / 2)
@group(0) @binding(6) var<storage, read_write> q: array<f32>;          // (tokens, n_heads, head_dim)
@group(0) @binding(7) var<storage, read_write> keys: array<u32>;       // (cache_rows, n_kv_heads, head_dim)
@group(0) @binding(8) var<storage, read_write> values: array<u32>;     // (cache_rows, n_kv_heads, head_dim)

// What one head is made from.
struct Head {
    base: u32,        // of its elements in qkv
    is_query: bool,
    scale: f32,       // 1 / rms of what it is normed over
    gains: u32,       // of its elements in q_norm or k_norm
    turns: u32,       // of its token in rope
}

// 1 / rms of `width` elements.
fn rms_scale(base: u32, width: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < width; i++) {
        sum += qkv[base + i] * qkv[base + i];
    }
    return inverseSqrt(sum / f32(width) + params.eps);
}

// `index`: of the head among those of its kind.
fn head_of(token: u32, index: u32, is_query: bool) -> Head {
    let first = token * params.qkv_stride + select(params.n_heads * params.head_dim, 0u, is_query);
    var head = Head(first + index * params.head_dim, is_query, 1.0, 0u, token * (params.n_rot / 2u));
    if (params.qk_norm == 1u) {
        head.scale = rms_scale(head.base, params.head_dim);
    }
    if (params.qk_norm == 2u) {
        head.scale = rms_scale(first, params.head_dim * select(params.n_kv_heads, params.n_heads, is_query));
        head.gains = index * params.head_dim;
    }
    return head;
}

fn normed(head: Head, i: u32) -> f32 {
    let value = qkv[head.base + i];
    if (params.qk_norm == 0u) {
        return value;
    }
    return value * head.scale * select(k_norm[head.gains + i], q_norm[head.gains + i], head.is_query);
}

// Element i of the head, normed and rotated.
fn rotated(head: Head, i: u32) -> f32 {
    let own = normed(head, i);
    if (i >= params.n_rot) {
        return own;
    }
    let half = params.n_rot / 2u;
    var pair = i % half;
    var is_first = i < half;
    var partner = select(i - half, i + half, is_first);
    if (params.interleaved == 1u) {
        pair = i / 2u;
        is_first = i % 2u == 0u;
        partner = select(i - 1u, i + 1u, is_first);
    }
    let turn = rope[head.turns + pair];
    let other = normed(head, partner) * turn.y;
    return own * turn.x + select(other, -other, is_first);
}

@compute @workgroup_size(64)
fn qk_rope(@builtin(global_invocation_id) id: vec3<u32>) {
    let head = id.x;
    let token = id.y;
    if (head >= params.n_heads + 2u * params.n_kv_heads) {
        return;
    }
    if (head < params.n_heads) {
        let query = head_of(token, head, true);
        for (var i = 0u; i < params.head_dim; i++) {
            q[token * params.q_stride + head * params.head_dim + i] = rotated(query, i);
        }
        return;
    }
    let kv_head = (head - params.n_heads) % params.n_kv_heads;
    let is_key = head < params.n_heads + params.n_kv_heads;
    let key = head_of(token, kv_head, false);
    let base = token * params.qkv_stride + head * params.head_dim;
    let cache_row = (batch.start + token) % params.cache_rows;
    let row = (cache_row * params.n_kv_heads + kv_head) * params.head_dim;
    for (var i = 0u; i < params.head_dim; i += KV_BLOCK) {
        var block = array<f32, KV_BLOCK>();
        for (var j = 0u; j < KV_BLOCK; j++) {
            if (is_key) {
                block[j] = rotated(key, i + j);
            } else {
                block[j] = qkv[base + i + j];
            }
        }
        let at = (row + i) / KV_BLOCK * KV_BLOCK_WORDS;
        for (var word = 0u; word < KV_BLOCK_WORDS; word++) {
            if (is_key) {
                keys[at + word] = kv_word(block, word);
            } else {
                values[at + word] = kv_word(block, word);
            }
        }
    }
}
