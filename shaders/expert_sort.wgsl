// The uses of a layer's experts, (token, rank), sorted by expert into tiles of one expert each. Within an
// expert they stay in order of tokens; the last tile of an expert may have empty places.
// Grid: one workgroup. Each invocation has experts of its own and finds their uses among all, so that
// nothing depends on which is first.

struct Params {
    n_experts: u32,
    top_k: u32,
    moe_layer: u32,
    n_moe_layers: u32,
    tile: u32,          // uses per tile
    pad_0: u32,
    pad_1: u32,
    pad_2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> ids: array<u32>;              // (tokens, n_moe_layers, top_k)
@group(0) @binding(3) var<storage, read_write> tiles: array<u32>;      // (tiles, 1 + tile): expert, uses

const NONE = 0xffffffffu;       // no expert, no use
const STAGED = 1024u;           // uses looked through at a time

var<workgroup> staged: array<u32, 1024>;
var<workgroup> counts: array<u32, 512>;     // uses of each expert

// Expert ids of `count` uses from `first` on, for all invocations to read.
fn stage(local: u32, first: u32, count: u32) {
    workgroupBarrier();
    for (var i = 0u; i < count; i += 64u) {
        let use_index = first + i + local;
        let token = use_index / params.top_k;
        let slot = (token * params.n_moe_layers + params.moe_layer) * params.top_k + use_index % params.top_k;
        if (i + local < count) {
            staged[i + local] = ids[slot];
        }
    }
    workgroupBarrier();
}

// A number of the uniform as a loop's bound. From the uniform alone, Mesa's software driver compiles the shader
// anew, with the number in it, each time it is started: milliseconds, where the sort takes 0.1.
fn bound(number: u32) -> u32 {
    return select(number, 0u, arrayLength(&tiles) == 0u);
}

fn tiles_of(expert: u32) -> u32 {
    return (counts[expert] + params.tile - 1u) / params.tile;
}

// Tiles of all experts before one.
fn tiles_before(expert: u32) -> u32 {
    var sum = 0u;
    for (var other = 0u; other < bound(params.n_experts); other++) {
        sum += select(0u, tiles_of(other), other < expert);
    }
    return sum;
}

// All loops have as many turns for one invocation as for another: an invocation beyond the last expert finds
// no uses.
@compute @workgroup_size(64)
fn expert_sort(@builtin(local_invocation_index) local: u32) {
    let n_uses = bound(batch.n_tokens * params.top_k);
    let n_experts = bound(params.n_experts);
    let row = 1u + params.tile;

    // Every place of every tile that there may be, and how many uses each expert has.
    let most = min(n_uses, (n_uses + n_experts * (params.tile - 1u)) / params.tile);
    for (var at = 0u; at < most * row; at += 64u) {
        if (at + local < most * row) {
            tiles[at + local] = NONE;
        }
    }
    for (var first = 0u; first < n_uses; first += STAGED) {
        let count = min(n_uses - first, STAGED);
        stage(local, first, count);
        for (var own = 0u; own < n_experts; own += 64u) {
            let expert = own + local;
            var found = select(counts[expert], 0u, first == 0u);
            for (var i = 0u; i < count; i++) {
                found += u32(staged[i] == expert);
            }
            counts[expert] = found;
        }
    }
    storageBarrier();
    workgroupBarrier();

    var placed = array<u32, 8>();           // of each of the invocation's experts
    for (var first = 0u; first < n_uses; first += STAGED) {
        let count = min(n_uses - first, STAGED);
        stage(local, first, count);
        for (var own = 0u; own < n_experts; own += 64u) {
            let expert = own + local;
            let begin = tiles_before(expert) * row;
            var place = placed[own / 64u];
            for (var i = 0u; i < count; i++) {
                if (staged[i] == expert) {
                    let tile = begin + place / params.tile * row;
                    tiles[tile] = expert;
                    tiles[tile + 1u + place % params.tile] = first + i;
                    place++;
                }
            }
            placed[own / 64u] = place;
        }
    }
}
