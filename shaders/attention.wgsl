// Causal attention over the cache: softmax(q · Kᵀ · scale) · V, in one pass.
// A workgroup has four queries that read the same keys and values, one in each component of its vectors:
// when one token is decoded, four heads of a group; else a head of four tokens. It walks
// the cache in blocks of 256 positions: each invocation scores four of them, then each sums the values of
// its own pairs of output elements. A running maximum keeps the softmax exact (arXiv:1805.02867).
// A sliding window limits how far back a token sees; a sink is one more logit of the softmax, with no
// value (gpt-oss). The cache is a ring of cache_rows positions; values may be the beginnings of the keys
// (latent attention). Over a long cache, n_splits workgroups share what one would walk, and each
// leaves its part: sums, highest score, sum of shares. attention_merge joins them.
// Grid: fours of queries by tokens or fours of tokens, by splits.

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
    part_stride: u32,   // floats of a head's part, where the cache is shared out
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> q: array<f32>;              // (tokens, n_heads, head_dim)
@group(0) @binding(3) var<storage, read> keys: array<u32>;           // (cache_rows, n_kv_heads, head_dim)
@group(0) @binding(4) var<storage, read> values: array<u32>;         // (cache_rows, n_kv_heads, value_stride)
@group(0) @binding(5) var<storage, read> sinks: array<f32>;          // (n_heads), where there are any
@group(0) @binding(6) var<storage, read_write> out: array<f32>;      // (tokens, n_heads, value_dim)
@group(0) @binding(7) var<storage, read_write> parts: array<f32>;    // (splits, n_heads, part_stride)

const LOWEST = -3.4e38;
const BLOCK = 256u;
const EACH = BLOCK / 64u;   // positions an invocation scores
const MAX_PAIRS = 4u;       // value_dim ≤ 512: 256 pairs over 64 invocations

// The four queries of a workgroup.
struct Queries {
    heads: vec4<u32>,
    tokens: vec4<u32>,
    is_there: vec4<bool>,
    kv_head: u32,
    oldest: vec4<u32>,      // positions they see
    last: vec4<u32>,
}

var<workgroup> query: array<vec4<f32>, 640>;
var<workgroup> shares: array<vec4<f32>, BLOCK>;
var<workgroup> lane_fours: array<vec4<f32>, 64>;

fn key_pair(pair: u32) -> vec2<f32> {
    return kv_pair(keys[kv_first(pair)], keys[kv_second(pair)], pair);
}

fn value_pair(pair: u32) -> vec2<f32> {
    return kv_pair(values[kv_first(pair)], values[kv_second(pair)], pair);
}

fn queries_of(group: vec3<u32>) -> Queries {
    var queries = Queries();
    let of_group = params.n_heads / params.n_kv_heads;
    let next = vec4(0u, 1u, 2u, 3u);
    if (batch.n_tokens == 1u) {
        let fours = (of_group + 3u) / 4u;
        queries.kv_head = group.x / fours;
        let first = group.x % fours * 4u;
        queries.is_there = vec4(first) + next < vec4(of_group);
        queries.heads = queries.kv_head * of_group + min(vec4(first) + next, vec4(of_group - 1u));
    } else {
        queries.kv_head = group.x / of_group;
        queries.heads = vec4(group.x);
        queries.is_there = vec4(4u * group.y) + next < vec4(batch.n_tokens);
        queries.tokens = min(vec4(4u * group.y) + next, vec4(batch.n_tokens - 1u));
    }
    queries.last = vec4(batch.start) + queries.tokens;
    if (params.window > 0u) {
        queries.oldest = max(queries.last + 1u, vec4(params.window)) - params.window;
    }
    return queries;
}

fn load_queries(queries: Queries, local: u32) {
    let rows = queries.tokens * params.q_stride + queries.heads * params.head_dim;
    for (var i = local; i < params.head_dim; i += 64u) {
        let at = rows + i;
        query[i] = vec4(q[at.x], q[at.y], q[at.z], q[at.w]) * params.scale;
    }
}

// Where a position's row begins, in pairs. `first`: of the block, in the ring.
fn ring_row(first: u32, i: u32) -> u32 {
    let row = first + i;
    return select(row, row - params.cache_rows, row >= params.cache_rows) * params.n_kv_heads;
}

fn scores_of(row: u32) -> vec4<f32> {
    let pairs = row * params.head_dim / 2u;
    var sums = vec4<f32>();
    for (var i = 0u; i < params.head_dim / 2u; i++) {
        let key = key_pair(pairs + i);
        sums += query[2u * i] * key.x + query[2u * i + 1u] * key.y;
    }
    return sums;
}

fn lanes_highest(local: u32, own: vec4<f32>) -> vec4<f32> {
    lane_fours[local] = own;
    workgroupBarrier();
    var highest = own;
    for (var i = 0u; i < 64u; i++) {
        highest = max(highest, lane_fours[i]);
    }
    workgroupBarrier();
    return highest;
}

fn lanes_total(local: u32, own: vec4<f32>) -> vec4<f32> {
    lane_fours[local] = own;
    workgroupBarrier();
    var total = vec4<f32>();
    for (var i = 0u; i < 64u; i++) {
        total += lane_fours[i];
    }
    return total;
}

@compute @workgroup_size(64)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let queries = queries_of(group);
    let n_pairs = params.value_dim / 2u;
    load_queries(queries, local);
    workgroupBarrier();

    // What this split has of what the queries see together.
    let oldest = queries.oldest.x;
    let end = queries.last.w + 1u;
    let n_splits = max(batch.n_splits, 1u);
    let share = (end - oldest + n_splits - 1u) / n_splits;
    let split_first = oldest + group.z * share;
    let split_end = min(split_first + share, end);

    var highest = vec4(LOWEST);
    var share_sums = vec4<f32>();
    if (params.has_sinks == 1u && group.z == 0u) {
        let at = queries.heads;
        highest = vec4(sinks[at.x], sinks[at.y], sinks[at.z], sinks[at.w]);
        share_sums = vec4(select(0.0, 1.0, local == 0u));
    }
    var sums_x = array<vec4<f32>, MAX_PAIRS>();
    var sums_y = array<vec4<f32>, MAX_PAIRS>();
    for (var first = split_first; first < split_end; first += BLOCK) {
        let count = min(BLOCK, split_end - first);
        let first_row = first % params.cache_rows;
        var scores = array<vec4<f32>, EACH>();
        var own_highest = highest;
        for (var j = 0u; j < EACH; j++) {
            let i = local + 64u * j;
            scores[j] = vec4(LOWEST);
            if (i < count) {
                let position = vec4(first + i);
                let is_seen = (position >= queries.oldest) & (position <= queries.last);
                scores[j] = select(vec4(LOWEST), scores_of(ring_row(first_row, i) + queries.kv_head), is_seen);
                own_highest = max(own_highest, scores[j]);
            }
        }
        let block_highest = lanes_highest(local, own_highest);
        let rescale = exp(highest - block_highest);
        share_sums *= rescale;
        for (var j = 0u; j < EACH; j++) {
            let i = local + 64u * j;
            if (i < count) {
                let own = select(exp(scores[j] - block_highest), vec4(0.0), scores[j] == vec4(LOWEST));
                share_sums += own;
                shares[i] = own;
            }
        }
        workgroupBarrier();
        for (var slot = 0u; slot < MAX_PAIRS; slot++) {
            let pair = local + slot * 64u;
            if (pair < n_pairs) {
                var sum_x = sums_x[slot] * rescale;
                var sum_y = sums_y[slot] * rescale;
                for (var i = 0u; i < count; i++) {
                    let row = ring_row(first_row, i) + queries.kv_head;
                    let value = value_pair(row * params.value_stride / 2u + pair);
                    sum_x += shares[i] * value.x;
                    sum_y += shares[i] * value.y;
                }
                sums_x[slot] = sum_x;
                sums_y[slot] = sum_y;
            }
        }
        highest = block_highest;
    }

    let totals = lanes_total(local, share_sums);
    for (var c = 0u; c < 4u; c++) {
        if (!queries.is_there[c]) {
            continue;
        }
        let head = queries.heads[c];
        let part = (group.z * params.n_heads + head) * params.part_stride;
        let out_base = queries.tokens[c] * params.out_stride + head * params.value_dim;
        for (var slot = 0u; slot < MAX_PAIRS; slot++) {
            let pair = local + slot * 64u;
            if (pair < n_pairs) {
                let sum = vec2(sums_x[slot][c], sums_y[slot][c]);
                if (n_splits > 1u) {
                    parts[part + 2u * pair] = sum.x;
                    parts[part + 2u * pair + 1u] = sum.y;
                } else {
                    out[out_base + 2u * pair] = sum.x / totals[c];
                    out[out_base + 2u * pair + 1u] = sum.y / totals[c];
                }
            }
        }
        if (n_splits > 1u && local == 0u) {
            parts[part + params.value_dim] = highest[c];
            parts[part + params.value_dim + 1u] = totals[c];
        }
    }
}
