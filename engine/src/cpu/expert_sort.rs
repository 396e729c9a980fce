//! Twin of `shaders/expert_sort.wgsl`.

use crate::kernels::expert_sort::{NONE, Params, TILE_WORDS, most_tiles};
use crate::kernels::{Batch, PREFILL_TILE};

/// Uses of experts in tiles of one expert each, by expert and then by token.
/// `ids`: (tokens, n_moe_layers, top_k), `tiles`: (most tiles, 1 + tile).
pub fn expert_sort(params: &Params, batch: Batch, ids: &[u32], tiles: &mut [u32]) {
    let n_tiles = most_tiles(batch.n_tokens, params.top_k, params.n_experts);
    let tiles = &mut tiles[..(n_tiles * TILE_WORDS) as usize];
    tiles.fill(NONE);
    let mut free = tiles.chunks_exact_mut(TILE_WORDS as usize);
    let expert_of = |use_index: u32| {
        let (token, rank) = (use_index / params.top_k, use_index % params.top_k);
        ids[((token * params.n_moe_layers + params.moe_layer) * params.top_k + rank) as usize]
    };
    for expert in 0..params.n_experts {
        let uses = (0..batch.n_tokens * params.top_k).filter(|use_index| expert_of(*use_index) == expert);
        let uses: Vec<u32> = uses.collect();
        for (uses, tile) in uses.chunks(PREFILL_TILE as usize).zip(&mut free) {
            tile[0] = expert;
            tile[1..1 + uses.len()].copy_from_slice(uses);
        }
    }
}

/// The tiles that there are: each one's expert, and its uses.
pub fn filled(tiles: &[u32]) -> impl Iterator<Item = (u32, &[u32])> {
    let tiles = tiles
        .chunks_exact(TILE_WORDS as usize)
        .take_while(|tile| tile[0] != NONE);
    tiles.map(|tile| {
        let n_uses = tile[1..]
            .iter()
            .take_while(|use_index| **use_index != NONE)
            .count();
        (tile[0], &tile[1..1 + n_uses])
    })
}
