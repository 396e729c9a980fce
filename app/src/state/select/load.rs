//! How evenly experts are used, how much of the model a conversation touches, and which are chosen
//! together.
//!
//! All of it is counted from the chosen experts of recorded positions. Chance is uniform, independent
//! routing: an expert is met with probability k/E, `n` tokens cover `1 − (1 − k/E)ⁿ` of a layer, and two
//! tokens share k/E of their experts.

use moescope_engine::cost::batch::distinct;

use super::super::{Conversation, Role, Row, Turn};
use super::measure::is_written;
use crate::protocol::ModelFacts;

/// Which positions count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    All,
    /// What the model was given: prefill.
    Prompt,
    /// What it wrote: decode.
    Answer,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::All, Self::Prompt, Self::Answer];
}

/// Rows of the positions of one part; the others are none.
pub fn rows_of(conversation: &Conversation, part: Part) -> Vec<Option<&Row>> {
    let written = is_written(conversation);
    let is_in = |at: usize| match part {
        Part::All => true,
        Part::Prompt => written[at] == Some(false),
        Part::Answer => written[at] == Some(true),
    };
    let rows = conversation.rows.iter().enumerate();
    rows.map(|(at, row)| row.as_ref().filter(|_| is_in(at))).collect()
}

/// Rows of the positions of one turn; the others are none.
pub fn rows_of_turn(conversation: &Conversation, generation_id: u32, role: Role) -> Vec<Option<&Row>> {
    let mut rows = vec![None; conversation.rows.len()];
    let is_it = |turn: &&Turn| turn.generation_id == generation_id && turn.role == role;
    for turn in conversation.turns.iter().filter(is_it) {
        for position in turn.marks().filter_map(|mark| mark.position) {
            if let Some(place) = rows.get_mut(position as usize) {
                *place = conversation.row(position);
            }
        }
    }
    rows
}

/// How often each expert was chosen. `(moe_layers, n_experts)`
pub fn counts(facts: &ModelFacts, rows: &[Option<&Row>]) -> Vec<u32> {
    let (n_experts, top_k) = sizes(facts);
    let mut counts = vec![0; facts.moe_layers.len() * n_experts];
    for row in rows.iter().flatten() {
        let layers = row
            .ids()
            .chunks_exact(top_k)
            .zip(counts.chunks_exact_mut(n_experts));
        for (ids, counts) in layers {
            for id in ids {
                if let Some(count) = counts.get_mut(usize::from(*id)) {
                    *count += 1;
                }
            }
        }
    }
    counts
}

/// How one MoE layer was used.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerUse {
    /// Transformer block.
    pub layer: u32,
    /// Experts chosen at least once.
    pub used: usize,
    /// Standard deviation of the counts over their mean.
    pub variation: f64,
    /// Of the counts: 0 where all are alike, towards 1 where one has all.
    pub gini: f64,
    /// Greatest count over the mean.
    pub peak: f64,
    /// Share of experts that a token has in common with the one before; none below two tokens.
    pub overlap: Option<f64>,
}

/// Every MoE layer over some positions.
pub fn layers(facts: &ModelFacts, rows: &[Option<&Row>]) -> Vec<LayerUse> {
    let (n_experts, _) = sizes(facts);
    let counts = counts(facts, rows);
    let overlaps = overlaps(facts, rows);
    let layers = facts.moe_layers.iter().zip(counts.chunks_exact(n_experts));
    layers
        .zip(overlaps)
        .map(|((&layer, counts), overlap)| layer_use(layer, counts, overlap))
        .collect()
}

fn layer_use(layer: u32, counts: &[u32], overlap: Option<f64>) -> LayerUse {
    let mean = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / counts.len() as f64;
    let over_mean = |value: f64| if mean > 0.0 { value / mean } else { 0.0 };
    let variance = counts
        .iter()
        .map(|&count| (f64::from(count) - mean).powi(2))
        .sum::<f64>()
        / counts.len() as f64;
    LayerUse {
        layer,
        used: counts.iter().filter(|&&count| count > 0).count(),
        variation: over_mean(variance.sqrt()),
        gini: gini(counts),
        peak: over_mean(f64::from(counts.iter().copied().max().unwrap_or(0))),
        overlap,
    }
}

/// Gini coefficient: `Σ (2i − n − 1)·xᵢ / (n·Σ xᵢ)` over the counts in order, i from 1.
pub fn gini(counts: &[u32]) -> f64 {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let n = sorted.len() as f64;
    let total: f64 = sorted.iter().map(|&count| f64::from(count)).sum();
    let weighed = sorted
        .iter()
        .zip(1_u32..)
        .map(|(&count, rank)| (2.0 * f64::from(rank) - n - 1.0) * f64::from(count));
    if total > 0.0 {
        weighed.sum::<f64>() / (n * total)
    } else {
        0.0
    }
}

/// Mean share of experts that consecutive positions have in common, by layer.
fn overlaps(facts: &ModelFacts, rows: &[Option<&Row>]) -> Vec<Option<f64>> {
    let (_, top_k) = sizes(facts);
    let mut shared = vec![0_u64; facts.moe_layers.len()];
    let mut pairs = 0_u64;
    for pair in rows.windows(2) {
        let [Some(before), Some(row)] = pair else { continue };
        pairs += 1;
        let layers = row
            .ids()
            .chunks_exact(top_k)
            .zip(before.ids().chunks_exact(top_k));
        for ((ids, others), shared) in layers.zip(&mut shared) {
            *shared += ids.iter().filter(|id| others.contains(id)).count() as u64;
        }
    }
    let mean = |shared: u64| (pairs > 0).then(|| shared as f64 / (pairs * top_k as u64) as f64);
    shared.into_iter().map(mean).collect()
}

/// (Layer, expert) slots touched as tokens come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Share of all slots after each token of the part; the first item is before any. `(tokens + 1)`
    pub measured: Vec<f64>,
    /// The same by chance. `(tokens + 1)`
    pub by_chance: Vec<f64>,
}

impl Coverage {
    /// After the last token: measured, and by chance.
    pub fn last(&self) -> (f64, f64) {
        let last = |shares: &[f64]| shares.last().copied().unwrap_or_default();
        (last(&self.measured), last(&self.by_chance))
    }
}

/// Coverage over some positions.
pub fn coverage(facts: &ModelFacts, rows: &[Option<&Row>]) -> Coverage {
    let (n_experts, top_k) = sizes(facts);
    let slots = facts.moe_layers.len() * n_experts;
    let (mut touched, mut covered) = (vec![false; slots], 0_usize);
    let share = |covered: usize| covered as f64 / slots.max(1) as f64;
    let mut measured = vec![0.0];
    for row in rows.iter().flatten() {
        for (at, id) in row.ids().iter().enumerate() {
            let slot = at / top_k * n_experts + usize::from(*id);
            if let Some(slot) = touched.get_mut(slot).filter(|slot| !**slot) {
                *slot = true;
                covered += 1;
            }
        }
        measured.push(share(covered));
    }
    let chance = |tokens: usize| distinct(tokens as f64, facts.n_experts, facts.top_k) / n_experts as f64;
    let by_chance = (0..measured.len()).map(chance).collect();
    Coverage { measured, by_chance }
}

/// How often experts of one layer were chosen together, for the same token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Together {
    /// Tokens looked at.
    pub tokens: u32,
    /// Each expert's own count. `(n_experts)`
    pub counts: Vec<u32>,
    /// Symmetric, zero on the diagonal. `(n_experts, n_experts)`
    pub pairs: Vec<u32>,
}

/// Two experts that were chosen together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    pub experts: (u16, u16),
    pub times: u32,
    /// Times over what independent choices of both would give.
    pub lift: f64,
}

/// Co-activation in one layer.
pub fn together(facts: &ModelFacts, rows: &[Option<&Row>], layer: usize) -> Together {
    let (n_experts, top_k) = sizes(facts);
    let mut found = Together {
        counts: vec![0; n_experts],
        pairs: vec![0; n_experts * n_experts],
        tokens: 0,
    };
    for row in rows.iter().flatten() {
        let ids = row
            .ids()
            .get(layer * top_k..(layer + 1) * top_k)
            .unwrap_or_default();
        found.tokens += 1;
        for &one in ids {
            if let Some(count) = found.counts.get_mut(usize::from(one)) {
                *count += 1;
            }
            for &other in ids.iter().filter(|&&other| other != one) {
                if let Some(count) = found
                    .pairs
                    .get_mut(usize::from(one) * n_experts + usize::from(other))
                {
                    *count += 1;
                }
            }
        }
    }
    found
}

impl Together {
    /// How much more often a pair came than independent choices would: 1 is chance; none where one of
    /// the two was never chosen.
    pub fn lift(&self, one: usize, other: usize) -> Option<f64> {
        let count = |expert: usize| f64::from(self.counts.get(expert).copied().unwrap_or_default());
        let expected = count(one) * count(other) / f64::from(self.tokens.max(1));
        let times = self.pairs.get(one * self.counts.len() + other)?;
        (expected > 0.0).then(|| f64::from(*times) / expected)
    }

    /// The pairs that came most often.
    pub fn most(&self, number: usize) -> Vec<Pair> {
        let n_experts = self.counts.len();
        let pair = |(one, other): (usize, usize)| Pair {
            experts: (one as u16, other as u16),
            times: self.pairs[one * n_experts + other],
            lift: self.lift(one, other).unwrap_or_default(),
        };
        let all = (0..n_experts).flat_map(|one| (one + 1..n_experts).map(move |other| (one, other)));
        let mut pairs: Vec<Pair> = all.map(pair).filter(|pair| pair.times > 0).collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.times));
        pairs.truncate(number);
        pairs
    }
}

/// Experts of a layer, and those chosen; never zero.
pub(super) fn sizes(facts: &ModelFacts) -> (usize, usize) {
    (facts.n_experts.max(1) as usize, facts.top_k.max(1) as usize)
}
