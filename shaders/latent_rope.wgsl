// Rotates the ends of queries, and appends to the cache the row all heads share: the normed latent,
// then the rotated key (multi-head latent attention). One workgroup per head of one token; the last
// of them is the cache row. Neighbours turn together; the rope table holds (cos, sin) per pair.

struct Params {
    n_heads: u32,
    d_latent: u32,
    d_nope: u32,        // elements of a query that do not rotate
    n_rot: u32,
    q_stride: u32,
    kv_stride: u32,
    kv_offset: u32,     // where in its row the latent begins
    out_stride: u32,
    eps: f32,
    cache_rows: u32,    // positions the cache has room for
    pad_0: u32,
    pad_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> q: array<f32>;                // (tokens, n_heads, d_nope + n_rot)
@group(0) @binding(3) var<storage, read> latent: array<f32>;           // (tokens, d_latent + n_rot)
@group(0) @binding(4) var<storage, read> norm: array<f32>;             // (d_latent)
@group(0) @binding(5) var<storage, read> rope: array<vec2<f32>>;       // (tokens, n_rot / 2)
@group(0) @binding(6) var<storage, read_write> out: array<f32>;        // (tokens, n_heads, d_latent + n_rot)
@group(0) @binding(7) var<storage, read_write> latents: array<u32>;    // (cache_rows, d_latent + n_rot)

var<workgroup> squares: array<f32, 64>;

fn turned(pair: vec2<f32>, turn: vec2<f32>) -> vec2<f32> {
    return vec2(pair.x * turn.x - pair.y * turn.y, pair.y * turn.x + pair.x * turn.y);
}

@compute @workgroup_size(64)
fn latent_rope(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let head = group.x;
    let token = group.y;
    let width = params.d_latent + params.n_rot;
    let turns = token * params.n_rot / 2u;
    if (head < params.n_heads) {
        let source = token * params.q_stride + head * (params.d_nope + params.n_rot) + params.d_nope;
        let base = token * params.out_stride + head * width + params.d_latent;
        for (var i = 2u * local; i < params.n_rot; i += 128u) {
            let pair = turned(vec2(q[source + i], q[source + i + 1u]), rope[turns + i / 2u]);
            out[base + i] = pair.x;
            out[base + i + 1u] = pair.y;
        }
        return;
    }

    let source = token * params.kv_stride + params.kv_offset;
    var sum = 0.0;
    for (var i = local; i < params.d_latent; i += 64u) {
        sum += latent[source + i] * latent[source + i];
    }
    squares[local] = sum;
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
        total += squares[i];
    }
    let scale = inverseSqrt(total / f32(params.d_latent) + params.eps);

    let row = (batch.start + token) % params.cache_rows * width;
    for (var i = KV_BLOCK * local; i < width; i += KV_BLOCK * 64u) {
        var block = array<f32, KV_BLOCK>();
        for (var j = 0u; j < KV_BLOCK; j += 2u) {
            let at = i + j;
            var pair = vec2(latent[source + at], latent[source + at + 1u]);
            if (at < params.d_latent) {
                pair *= scale * vec2(norm[at], norm[at + 1u]);
            } else {
                pair = turned(pair, rope[turns + (at - params.d_latent) / 2u]);
            }
            block[j] = pair.x;
            block[j + 1u] = pair.y;
        }
        for (var word = 0u; word < KV_BLOCK_WORDS; word++) {
            latents[(row + i) / KV_BLOCK * KV_BLOCK_WORDS + word] = kv_word(block, word);
        }
    }
}
