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

    /// Its name in addresses and in tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Prompt => "prompt",
            Self::Answer => "answer",
        }
    }
}

/// Rows of the positions of one part; the others are none.
pub fn rows_of(conversation: &Conversation, part: Part) -> Vec<Option<&Row>> {
    let rows = conversation.rows.iter().zip(is_in(conversation, part));
    rows.map(|(row, is_in)| row.as_ref().filter(|_| is_in)).collect()
}

/// Which positions belong to a part. `(positions)`
pub fn is_in(conversation: &Conversation, part: Part) -> Vec<bool> {
    let is_it = |written: Option<bool>| match part {
        Part::All => true,
        Part::Prompt => written == Some(false),
        Part::Answer => written == Some(true),
    };
    is_written(conversation).into_iter().map(is_it).collect()
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
    let mut counts = Counts::new(facts);
    rows.iter().flatten().for_each(|row| counts.add(row));
    counts.of_slots
}

/// How often each expert was chosen, counted as tokens are added.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Tokens added.
    pub tokens: u32,
    /// `(moe_layers, n_experts)`
    pub of_slots: Vec<u32>,
    n_experts: usize,
    top_k: usize,
    /// Slots that are not zero.
    touched: usize,
}

impl Counts {
    pub fn new(facts: &ModelFacts) -> Self {
        let (n_experts, top_k) = sizes(facts);
        Self {
            tokens: 0,
            of_slots: vec![0; facts.moe_layers.len() * n_experts],
            n_experts,
            top_k,
            touched: 0,
        }
    }

    pub fn add(&mut self, row: &Row) {
        self.tokens += 1;
        let layers = row.ids().chunks_exact(self.top_k);
        for (ids, counts) in layers.zip(self.of_slots.chunks_exact_mut(self.n_experts)) {
            for id in ids {
                if let Some(count) = counts.get_mut(usize::from(*id)) {
                    self.touched += usize::from(*count == 0);
                    *count += 1;
                }
            }
        }
    }

    fn touched_share(&self) -> f64 {
        self.touched as f64 / self.of_slots.len().max(1) as f64
    }
}

/// All that is counted of one part of a conversation, as its tokens are added in order.
pub struct Tally {
    pub counts: Counts,
    /// Share of all slots after each token; the first is before any. `(tokens + 1)`
    covered: Vec<f64>,
    /// Experts that consecutive tokens shared. `(moe_layers)`
    shared: Vec<u64>,
    /// Of consecutive tokens.
    pairs: u64,
}

impl Tally {
    pub fn new(facts: &ModelFacts) -> Self {
        Self {
            counts: Counts::new(facts),
            covered: vec![0.0],
            shared: vec![0; facts.moe_layers.len()],
            pairs: 0,
        }
    }

    /// Of all these positions.
    pub fn of(facts: &ModelFacts, rows: &[Option<&Row>]) -> Self {
        let mut tally = Self::new(facts);
        let mut before = None;
        for row in rows {
            if let Some(row) = row {
                tally.add(row, before);
            }
            before = *row;
        }
        tally
    }

    /// One more token; `before` is the one that it follows directly.
    pub fn add(&mut self, row: &Row, before: Option<&Row>) {
        self.counts.add(row);
        self.covered.push(self.counts.touched_share());
        let Some(before) = before else { return };
        self.pairs += 1;
        let top_k = self.counts.top_k;
        let layers = row.ids().chunks_exact(top_k);
        let layers = layers.zip(before.ids().chunks_exact(top_k));
        for ((ids, others), shared) in layers.zip(&mut self.shared) {
            *shared += ids.iter().filter(|id| others.contains(id)).count() as u64;
        }
    }

    /// Every MoE layer.
    pub fn layers(&self, facts: &ModelFacts) -> Vec<LayerUse> {
        let of_layers = self.counts.of_slots.chunks_exact(self.counts.n_experts);
        let layers = facts.moe_layers.iter().zip(of_layers).zip(&self.shared);
        layers
            .map(|((&layer, counts), shared)| layer_use(layer, counts, self.overlap(*shared)))
            .collect()
    }

    /// Mean share of experts that consecutive positions have in common.
    fn overlap(&self, shared: u64) -> Option<f64> {
        let chosen = self.pairs * self.counts.top_k as u64;
        (chosen > 0).then(|| shared as f64 / chosen as f64)
    }

    pub fn coverage(&self, facts: &ModelFacts) -> Coverage {
        let chance = |tokens: usize| {
            distinct(tokens as f64, facts.n_experts, facts.top_k) / self.counts.n_experts as f64
        };
        Coverage {
            by_chance: (0..self.covered.len()).map(chance).collect(),
            measured: self.covered.clone(),
        }
    }
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
