// Normalises and rotates queries and keys, and appends keys and values to the cache.
// One invocation per head of one token: query heads first, then key heads, then value heads.
// The rotation pairs element i with i + n_rot/2 (NeoX); the rope table holds (cos, sin) per pair.

struct Params {
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    n_rot: u32,
    qkv_stride: u32,
    q_stride: u32,
    qk_norm: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> qkv: array<f32>;              // (tokens, q | k | v heads)
@group(0) @binding(3) var<storage, read> q_norm: array<f32>;           // (head_dim)
@group(0) @binding(4) var<storage, read> k_norm: array<f32>;           // (head_dim)
@group(0) @binding(5) var<storage, read> rope: array<vec2<f32>>;       // (tokens, n_rot / 2)
@group(0) @binding(6) var<storage, read_write> q: array<f32>;          // (tokens, n_heads, head_dim)
@group(0) @binding(7) var<storage, read_write> keys: array<u32>;       // (context, n_kv_heads, head_dim)
@group(0) @binding(8) var<storage, read_write> values: array<u32>;     // (context, n_kv_heads, head_dim)

// 1 / rms of a head, or 1 without QK-norm.
fn head_scale(base: u32) -> f32 {
    if (params.qk_norm == 0u) {
        return 1.0;
    }
    var sum = 0.0;
    for (var i = 0u; i < params.head_dim; i++) {
        sum += qkv[base + i] * qkv[base + i];
    }
    return inverseSqrt(sum / f32(params.head_dim) + params.eps);
}

fn normed(base: u32, i: u32, scale: f32, is_query: bool) -> f32 {
    let value = qkv[base + i];
    if (params.qk_norm == 0u) {
        return value;
    }
    return value * scale * select(k_norm[i], q_norm[i], is_query);
}

// Element i of the head, normed and rotated.
fn rotated(base: u32, i: u32, scale: f32, is_query: bool, token: u32) -> f32 {
    let half = params.n_rot / 2u;
    let own = normed(base, i, scale, is_query);
    if (i >= params.n_rot) {
        return own;
    }
    if (i < half) {
        let turn = rope[token * half + i];
        return own * turn.x - normed(base, i + half, scale, is_query) * turn.y;
    }
    let turn = rope[token * half + i - half];
    return own * turn.x + normed(base, i - half, scale, is_query) * turn.y;
}

@compute @workgroup_size(64)
fn qk_rope(@builtin(global_invocation_id) id: vec3<u32>) {
    let head = id.x;
    let token = id.y;
    if (head >= params.n_heads + 2u * params.n_kv_heads) {
        return;
    }
    let base = token * params.qkv_stride + head * params.head_dim;
    if (head < params.n_heads) {
        let scale = head_scale(base);
        for (var i = 0u; i < params.head_dim; i++) {
            q[token * params.q_stride + head * params.head_dim + i] = rotated(base, i, scale, true, token);
        }
        return;
    }
    let kv_head = (head - params.n_heads) % params.n_kv_heads;
    let is_key = head < params.n_heads + params.n_kv_heads;
    let scale = select(1.0, head_scale(base), is_key);
    let row = ((batch.start + token) * params.n_kv_heads + kv_head) * params.head_dim;
    for (var i = 0u; i < params.head_dim; i += 2u) {
        let at = (row + i) / 2u * PAIR_WORDS;
        if (is_key) {
            let pair = vec2(rotated(base, i, scale, false, token), rotated(base, i + 1u, scale, false, token));
            for (var word = 0u; word < PAIR_WORDS; word++) {
                keys[at + word] = word_from_pair(pair, word);
            }
        } else {
            let pair = vec2(qkv[base + i], qkv[base + i + 1u]);
            for (var word = 0u; word < PAIR_WORDS; word++) {
                values[at + word] = word_from_pair(pair, word);
            }
        }
    }
}
