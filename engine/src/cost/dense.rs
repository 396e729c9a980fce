//! The same token in a dense model: every weight is met, nothing is chosen.
//!
//! The dense counterpart keeps the attention and its cache, and has one feed-forward layer per sparse
//! layer as large as all experts together (equal total) or as those a token is sent to (equal active).

use super::parameters::Sizes;

/// As many parameters, all of them met by every token.
pub fn equal_total(sizes: &Sizes) -> Sizes {
    Sizes {
        always: sizes.total() - sizes.embedding,
        moe_layers: 0,
        n_experts: 0,
        top_k: 0,
        per_expert: 0,
        ..sizes.clone()
    }
}

/// As many parameters as a token meets, and no others.
pub fn equal_active(sizes: &Sizes) -> Sizes {
    Sizes {
        always: sizes.active(),
        ..equal_total(sizes)
    }
}

/// Batch from which the sparse model reads more bytes per step than a dense one of equal active size
/// by the given factor; `None` where it never does.
pub fn batch_reading(sizes: &Sizes, factor: f64) -> Option<f64> {
    let read = |batch: f64| {
        let distinct = super::batch::distinct(batch, sizes.n_experts, sizes.top_k);
        sizes.always as f64 + f64::from(sizes.moe_layers) * distinct * sizes.per_expert as f64
    };
    let wanted = factor * sizes.active() as f64;
    let mut batch = 1.0;
    while read(batch) < wanted {
        batch *= 1.05;
        if batch > 1e7 {
            return None;
        }
    }
    Some(batch)
}
