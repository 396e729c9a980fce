//! Uses in tiles of one expert each, in order of tokens, whatever the executor.

use moescope_engine::kernels::expert_sort::{ExpertSort, Params, most_tiles};
use moescope_engine::kernels::{Batch, PREFILL_TILE};
use moescope_tests::kernel_case::Case;
use moescope_tests::rng::Rng;

use crate::sorted;

fn check(ids: &[u32], top_k: u32, n_experts: u32) {
    let (moe_layer, n_moe_layers, n_tokens) = (1, 3, ids.len() as u32 / top_k);
    let mut trace_ids = vec![0; (n_tokens * n_moe_layers * top_k) as usize];
    for (use_index, expert) in (0..).zip(ids) {
        let (token, rank) = (use_index / top_k, use_index % top_k);
        trace_ids[((token * n_moe_layers + moe_layer) * top_k + rank) as usize] = *expert;
    }
    let expected = sorted(ids, n_tokens, n_experts);
    let mut case = Case::new(Batch {
        n_tokens,
        by_expert: 1,
        ..Batch::default()
    });
    // What a pass before left is overwritten, and nothing beyond it.
    let mut before = vec![7; expected.len()];
    before.extend([8, 9]);
    let kernel = ExpertSort {
        params: Params {
            n_experts,
            top_k,
            moe_layer,
            n_moe_layers,
            tile: PREFILL_TILE,
            ..Params::default()
        },
        ids: case.words(&trace_ids, trace_ids.len()),
        tiles: case.words(&before, before.len()),
    };
    let tiles = kernel.tiles;
    case.run(kernel, &[tiles], |name, out| {
        let (tiles, beyond) = out[0].split_at(expected.len());
        assert_eq!(tiles, expected, "{name}");
        assert_eq!(beyond, [8, 9], "{name}");
    });
}

/// Distinct experts for each token.
fn random_ids(n_tokens: u32, top_k: u32, n_experts: u32) -> Vec<u32> {
    let mut rng = Rng::new(u64::from(n_tokens * n_experts));
    let mut ids = Vec::new();
    for _ in 0..n_tokens {
        let mut left: Vec<u32> = (0..n_experts).collect();
        for _ in 0..top_k {
            ids.push(left.swap_remove(rng.bits() as usize % left.len()));
        }
    }
    ids
}

#[test]
fn two_tokens() {
    check(&[3, 0, 0, 2], 2, 4);
}

#[test]
fn all_tokens_same_expert() {
    check(&[5; 13], 1, 9);
}

#[test]
fn as_many_experts_as_uses() {
    check(&random_ids(6, 8, 8), 8, 8);
}

#[test]
fn more_experts_than_invocations() {
    check(&random_ids(32, 8, 131), 8, 131);
    check(&random_ids(7, 10, 512), 10, 512);
}

#[test]
fn more_uses_than_are_looked_through_at_a_time() {
    check(&random_ids(300, 8, 60), 8, 60);
}

#[test]
fn the_most_tiles_are_the_most_there_can_be() {
    // One use more than whole tiles, of every expert.
    assert_eq!(most_tiles(5, 4, 4), 8);
    // One use of each.
    assert_eq!(most_tiles(2, 8, 128), 16);
    for (n_tokens, top_k, n_experts) in [(1, 1, 1), (9, 3, 7), (32, 8, 128), (128, 4, 16)] {
        check(&random_ids(n_tokens, top_k, n_experts), top_k, n_experts);
    }
}
