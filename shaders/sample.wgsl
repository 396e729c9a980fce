// The next token, from the last row of logits: the likeliest, or one drawn from the likeliest k, less those
// beyond top-p and min-p. One workgroup: it finds the k-th best logit digit by digit, gathers what is
// not worse, puts it in order, and draws. Equal logits are in the order of their ids; those that
// are not finite are never chosen. The stages are those of engine/src/sampler.rs, here in single floats.

struct Params {
    vocab: u32,
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

struct Draw {
    temperature: f32,   // 0: the likeliest
    top_k: u32,         // 1 … MAX_CANDIDATES
    top_p: f32,
    min_p: f32,
    chance: f32,        // from 0 to 1: where the draw falls
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> logits: array<u32>;        // (logits, vocab): bits of floats
@group(0) @binding(3) var<storage, read> draw: Draw;
@group(0) @binding(4) var<storage, read_write> chosen: array<u32>;  // (1)

const MAX_CANDIDATES = 64u;

var<workgroup> bins: array<atomic<u32>, 256>;       // candidates by the digit looked at
var<workgroup> threshold: u32;                      // key of the k-th best, as far as it is known
var<workgroup> wanted: u32;                         // how many of those at the threshold belong to the k
var<workgroup> n_ties: atomic<u32>;
var<workgroup> tie_ids: array<u32, MAX_CANDIDATES>;
var<workgroup> n_found: atomic<u32>;
var<workgroup> found_keys: array<u32, MAX_CANDIDATES>;
var<workgroup> found_ids: array<u32, MAX_CANDIDATES>;
var<workgroup> keys: array<u32, MAX_CANDIDATES>;    // the candidates, best first
var<workgroup> ids: array<u32, MAX_CANDIDATES>;

// A number in the order of the logit at `id`; 0 where it is not finite. −0 is as good as 0.
fn key_at(id: u32) -> u32 {
    let bits = logits[(batch.n_logits - 1u) * params.vocab + id];
    if ((bits & 0x7f800000u) == 0x7f800000u) {
        return 0u;
    }
    if (bits <= 0x80000000u) {
        return bits | 0x80000000u;
    }
    return ~bits;
}

// The logit of a key, below the best one.
fn below_best(key: u32) -> f32 {
    return logit_of(key) - logit_of(keys[0]);
}

fn logit_of(key: u32) -> f32 {
    return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

// Counts the candidates by one digit of their keys, and takes the digit of the k-th best into the threshold.
fn find_digit(local: u32, shift: u32, known: u32) {
    atomicStore(&bins[local], 0u);
    workgroupBarrier();
    let high_digits = threshold;
    for (var id = local; id < params.vocab; id += 256u) {
        let key = key_at(id);
        if (key != 0u && (key & known) == high_digits) {
            atomicAdd(&bins[(key >> shift) & 255u], 1u);
        }
    }
    workgroupBarrier();
    if (local == 0u) {
        var digit = 255u;
        while (digit > 0u && atomicLoad(&bins[digit]) < wanted) {
            wanted -= atomicLoad(&bins[digit]);
            digit -= 1u;
        }
        threshold = high_digits | (digit << shift);
    }
    workgroupBarrier();
}

fn found(key: u32, id: u32) {
    let place = atomicAdd(&n_found, 1u);
    if (place < MAX_CANDIDATES) {
        found_keys[place] = key;
        found_ids[place] = id;
    }
}

fn gather(local: u32) {
    for (var id = local; id < params.vocab; id += 256u) {
        let key = key_at(id);
        if (key > threshold) {
            found(key, id);
        }
        if (key == threshold && key != 0u) {
            let place = atomicAdd(&n_ties, 1u);
            if (place < MAX_CANDIDATES) {
                tie_ids[place] = id;
            }
        }
    }
}

// Of those at the threshold, the first by id. One invocation.
fn gather_ties() {
    let ties = atomicLoad(&n_ties);
    if (ties <= wanted) {
        for (var i = 0u; i < ties; i++) {
            found(threshold, tie_ids[i]);
        }
        return;
    }
    var left = wanted;
    for (var id = 0u; left > 0u && id < params.vocab; id++) {
        if (key_at(id) == threshold) {
            found(threshold, id);
            left -= 1u;
        }
    }
}

// Puts one candidate in its place.
fn place_in_order(local: u32, n: u32) {
    if (local < n) {
        let key = found_keys[local];
        let id = found_ids[local];
        var better = 0u;
        for (var i = 0u; i < n; i++) {
            let is_better = found_keys[i] > key || (found_keys[i] == key && found_ids[i] < id);
            better += select(0u, 1u, is_better);
        }
        keys[better] = key;
        ids[better] = id;
    }
}

// How many of the first n candidates top-p and min-p keep.
fn kept(n: u32) -> u32 {
    var count = n;
    if (draw.top_p < 1.0) {
        var enough = 0.0;
        for (var i = 0u; i < n; i++) {
            enough += exp(below_best(keys[i]));
        }
        enough *= draw.top_p;
        var sum = exp(below_best(keys[0]));
        count = 1u;
        while (sum < enough && count < n) {
            sum += exp(below_best(keys[count]));
            count += 1u;
        }
    }
    while (count > 1u && exp(below_best(keys[count - 1u])) < draw.min_p) {
        count -= 1u;
    }
    return count;
}

fn weight_at(i: u32) -> f32 {
    return exp(below_best(keys[i]) / draw.temperature);
}

fn drawn(n: u32) -> u32 {
    if (n <= 1u) {
        return ids[0];
    }
    let count = kept(n);
    var left = 0.0;
    for (var i = 0u; i < count; i++) {
        left += weight_at(i);
    }
    left *= draw.chance;
    for (var i = 0u; i < count; i++) {
        left -= weight_at(i);
        if (left < 0.0) {
            return ids[i];
        }
    }
    return ids[count - 1u];
}

@compute @workgroup_size(256)
fn sample(@builtin(local_invocation_index) local: u32) {
    if (local == 0u) {
        wanted = select(clamp(draw.top_k, 1u, MAX_CANDIDATES), 1u, draw.temperature <= 0.0);
    }
    find_digit(local, 24u, 0u);
    find_digit(local, 16u, 0xff000000u);
    find_digit(local, 8u, 0xffff0000u);
    find_digit(local, 0u, 0xffffff00u);
    gather(local);
    workgroupBarrier();
    if (local == 0u) {
        gather_ties();
    }
    workgroupBarrier();
    let n = min(atomicLoad(&n_found), MAX_CANDIDATES);
    place_in_order(local, n);
    workgroupBarrier();
    if (local == 0u) {
        chosen[0] = drawn(n);
    }
}
