// How much attention the last token of a batch pays to each position of the cache: the softmax over
// q · Kᵀ · scale, as attention has it, mean over heads. One workgroup for the layer; each invocation has
// every 64th position, so that it alone writes there. Scores are computed twice instead of kept: this
// runs when somebody asks for it, not with every token. A sink takes its share and has no position.

struct Params {
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    q_stride: u32,
    scale: f32,
    window: u32,        // positions seen, the token's own included; 0: all
    has_sinks: u32,
    cache_rows: u32,    // positions the cache has room for
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> q: array<f32>;              // (tokens, n_heads, head_dim)
@group(0) @binding(3) var<storage, read> keys: array<u32>;           // (cache_rows, n_kv_heads, head_dim)
@group(0) @binding(4) var<storage, read> sinks: array<f32>;          // (n_heads), where there are any
@group(0) @binding(5) var<storage, read_write> mass: array<f32>;     // (context)

const LOWEST = -3.4e38;

var<workgroup> query: array<f32, 640>;
var<workgroup> highs: array<f32, 64>;
var<workgroup> sums: array<f32, 64>;

fn score_of(position: u32, kv_head: u32) -> f32 {
    let row = (position % params.cache_rows * params.n_kv_heads + kv_head) * params.head_dim / 2u;
    var sum = 0.0;
    for (var i = 0u; i < params.head_dim / 2u; i++) {
        let pair = row + i;
        let key = kv_pair(keys[kv_first(pair)], keys[kv_second(pair)], pair);
        sum += query[2u * i] * key.x + query[2u * i + 1u] * key.y;
    }
    return sum;
}

@compute @workgroup_size(64)
fn attention_mass(@builtin(local_invocation_index) local: u32) {
    let token = batch.n_tokens - 1u;
    let last = batch.start + token;
    var oldest = 0u;
    if (params.window > 0u && last >= params.window) {
        oldest = last + 1u - params.window;
    }
    for (var position = local; position <= last; position += 64u) {
        mass[position] = 0.0;
    }
    for (var head = 0u; head < params.n_heads; head++) {
        let kv_head = head / (params.n_heads / params.n_kv_heads);
        for (var i = local; i < params.head_dim; i += 64u) {
            query[i] = q[token * params.q_stride + head * params.head_dim + i] * params.scale;
        }
        workgroupBarrier();

        var high = LOWEST;
        var sum = 0.0;
        for (var position = oldest + local; position <= last; position += 64u) {
            let score = score_of(position, kv_head);
            let higher = max(high, score);
            sum = sum * exp(high - higher) + exp(score - higher);
            high = higher;
        }
        highs[local] = high;
        sums[local] = sum;
        workgroupBarrier();

        var highest = LOWEST;
        if (params.has_sinks == 1u) {
            highest = sinks[head];
        }
        for (var i = 0u; i < 64u; i++) {
            highest = max(highest, highs[i]);
        }
        var total = 0.0;
        if (params.has_sinks == 1u) {
            total = exp(sinks[head] - highest);
        }
        for (var i = 0u; i < 64u; i++) {
            total += sums[i] * exp(highs[i] - highest);
        }
        for (var position = oldest + local; position <= last; position += 64u) {
            mass[position] += exp(score_of(position, kv_head) - highest) / (total * f32(params.n_heads));
        }
        workgroupBarrier();
    }
}
