//! What a workload leaves untouched, and what leaving it out would save and cost.
//!
//! An expert that recorded tokens never chose can be left out without changing any of *those* tokens.
//! Whether it was waste shows on others: so the set is found on the first part of the recording and
//! held against the rest, where every choice of a missing expert is one the router could not have had.

use super::batch::Choices;
use super::parameters::{Sizes, WeightBytes};

/// Experts kept, per layer and expert. `(moe_layers, n_experts)`
pub type Kept = Vec<bool>;

/// Share of (layer, expert) slots touched, and what uniform routing would have touched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    pub touched: f64,
    pub expected: f64,
}

/// What a workload touched.
pub fn coverage(choices: &Choices<'_>) -> Coverage {
    let rates = choices.rates();
    let touched = rates.iter().filter(|rate| **rate > 0.0).count();
    let uniform = super::batch::distinct(
        choices.positions.len() as f64,
        choices.n_experts as u32,
        choices.top_k as u32,
    );
    Coverage {
        touched: touched as f64 / rates.len().max(1) as f64,
        expected: uniform / choices.n_experts.max(1) as f64,
    }
}

/// Per layer, the fewest experts that cover a share of its choices, the busiest first and never fewer
/// than a token needs.
pub fn keep(choices: &Choices<'_>, share: f64) -> Kept {
    let mut kept = Vec::new();
    for rates in choices.rates().chunks(choices.n_experts.max(1)) {
        let mut order: Vec<usize> = (0..rates.len()).collect();
        order.sort_by(|a, b| rates[*b].total_cmp(&rates[*a]).then(a.cmp(b)));
        let wanted = share * rates.iter().sum::<f64>();
        let (mut covered, mut layer) = (0.0, vec![false; rates.len()]);
        for (rank, expert) in order.into_iter().enumerate() {
            let is_enough = rank >= choices.top_k && covered >= wanted - 1e-9;
            if is_enough || (rank >= choices.top_k && rates[expert] == 0.0) {
                break;
            }
            covered += rates[expert];
            layer[expert] = true;
        }
        kept.extend(layer);
    }
    kept
}

/// Choices of experts that are not kept: the share of all choices, and of tokens with at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Missed {
    pub choices: f64,
    pub tokens: f64,
}

/// Holds a set of experts against other tokens.
pub fn missed(choices: &Choices<'_>, kept: &Kept) -> Missed {
    let (mut missed, mut all, mut tokens) = (0u64, 0u64, 0u64);
    for ids in choices.positions {
        let lost = ids.iter().enumerate().filter(|(at, expert)| {
            let slot = at / choices.top_k.max(1) * choices.n_experts + usize::from(**expert);
            kept.get(slot).is_some_and(|kept| !kept)
        });
        let lost = lost.count() as u64;
        missed += lost;
        all += ids.len() as u64;
        tokens += u64::from(lost > 0);
    }
    Missed {
        choices: missed as f64 / all.max(1) as f64,
        tokens: tokens as f64 / choices.positions.len().max(1) as f64,
    }
}

/// Bytes of weights left when only a share of the experts is kept.
pub fn pruned_bytes(sizes: &Sizes, weights: WeightBytes, kept_share: f64) -> f64 {
    let all = sizes.held_bytes(weights);
    let experts = (sizes.slots() * sizes.per_expert) as f64 * weights.experts;
    all - experts * (1.0 - kept_share)
}
