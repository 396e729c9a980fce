//! Two parts of a run, or of two runs, against each other: how differently they use the experts.
//!
//! Loads are shares of a layer's choices, so that parts of different lengths can be compared; few tokens
//! make any two look more different than they are.

use super::super::{Conversation, Role, Row, Turn};
use super::load::{Counts, sizes};
use crate::protocol::ModelFacts;

/// Which part of a run stands on one side of a comparison; turns are counted from 1, prompt and answer alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Whole,
    Prompt(u64),
    Answer(u64),
    /// Another answer stands in its place now.
    EarlierAnswer(u64),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    pub of: Of,
    /// Positions that were computed.
    pub tokens: u32,
    /// `(moe_layers, n_experts)`
    pub counts: Vec<u32>,
}

/// All there is to compare: the whole run, its turns in order, and then what was replaced.
pub fn sides(facts: &ModelFacts, conversation: &Conversation) -> Vec<Side> {
    let mut counting = Counting::new(facts, conversation);
    for (position, row) in conversation.rows.iter().enumerate() {
        row.iter().for_each(|row| counting.add(position, row));
    }
    counting.sides(conversation)
}

/// The same, counted as positions are added.
pub struct Counting {
    whole: Counts,
    turns: Vec<(Of, Counts)>,
    /// Which turn a position belongs to; none of one that no longer stands in the text. `(positions)`
    turn_of: Vec<Option<usize>>,
}

impl Counting {
    pub fn new(facts: &ModelFacts, conversation: &Conversation) -> Self {
        let mut turn_of = vec![None; conversation.rows.len()];
        for (at, turn) in conversation.turns.iter().enumerate() {
            for position in turn.marks().filter_map(|mark| mark.position) {
                if let Some(place) = turn_of.get_mut(position as usize) {
                    *place = Some(at);
                }
            }
        }
        let turn = |(at, turn): (usize, &Turn)| {
            let number = at as u64 / 2 + 1;
            let of = match turn.role {
                Role::User => Of::Prompt(number),
                Role::Model => Of::Answer(number),
            };
            (of, Counts::new(facts))
        };
        Self {
            whole: Counts::new(facts),
            turns: conversation.turns.iter().enumerate().map(turn).collect(),
            turn_of,
        }
    }

    pub fn add(&mut self, position: usize, row: &Row) {
        self.whole.add(row);
        let turn = self.turn_of.get(position).copied().flatten();
        if let Some((_, counts)) = turn.and_then(|turn| self.turns.get_mut(turn)) {
            counts.add(row);
        }
    }

    /// As far as it was counted.
    pub fn sides(&self, conversation: &Conversation) -> Vec<Side> {
        let side = |of: Of, counts: &Counts| Side {
            of,
            tokens: counts.tokens,
            counts: counts.of_slots.clone(),
        };
        let replaced = conversation.replaced.iter().map(|replaced| Side {
            of: Of::EarlierAnswer(u64::from(replaced.number)),
            tokens: replaced.tokens,
            counts: replaced.load.to_vec(),
        });
        let turns = self.turns.iter().map(|(of, counts)| side(*of, counts));
        let whole = side(Of::Whole, &self.whole);
        [whole].into_iter().chain(turns).chain(replaced).collect()
    }
}

/// Whether loads of two models can be compared: as many MoE layers, of as many experts.
pub fn are_alike(one: &ModelFacts, other: &ModelFacts) -> bool {
    let shape = |facts: &ModelFacts| (facts.moe_layers.len(), facts.n_experts);
    shape(one) == shape(other)
}

/// How much more of a layer's choices each expert got in `one` than in `other`, in units of uniform use:
/// 1 is one expert's even share more. None in layers where one of the two chose nothing.
/// `(moe_layers, n_experts)`
pub fn differences(facts: &ModelFacts, one: &[u32], other: &[u32]) -> Vec<Option<f64>> {
    let (n_experts, _) = sizes(facts);
    let layers = one.chunks_exact(n_experts).zip(other.chunks_exact(n_experts));
    let of_layer = |(one, other): (&[u32], &[u32])| {
        let (all, all_other) = (total(one), total(other));
        let difference = |(&one, &other): (&u32, &u32)| {
            let share = f64::from(one) / all - f64::from(other) / all_other;
            (all > 0.0 && all_other > 0.0).then_some(share * n_experts as f64)
        };
        one.iter().zip(other).map(difference).collect::<Vec<_>>()
    };
    layers.flat_map(of_layer).collect()
}

/// The slots whose load differs most: MoE layer, expert, difference.
pub fn most_different(
    differences: &[Option<f64>],
    n_experts: usize,
    number: usize,
) -> Vec<(usize, u16, f64)> {
    let slots = differences.iter().enumerate();
    let known =
        slots.filter_map(|(at, difference)| Some((at / n_experts, (at % n_experts) as u16, (*difference)?)));
    let mut all: Vec<_> = known.filter(|(_, _, difference)| *difference != 0.0).collect();
    all.sort_by(|(_, _, one), (_, _, other)| other.abs().total_cmp(&one.abs()));
    all.truncate(number);
    all
}

fn total(counts: &[u32]) -> f64 {
    counts.iter().map(|&count| f64::from(count)).sum()
}

/// Jensen–Shannon divergence of two loads, by layer, in bits: 0 where both use the experts alike, 1
/// where they share none. None where one of the two chose nothing. Both are `(moe_layers, n_experts)`.
pub fn divergence(facts: &ModelFacts, one: &[u32], other: &[u32]) -> Vec<Option<f64>> {
    let (n_experts, _) = sizes(facts);
    let layers = one.chunks_exact(n_experts).zip(other.chunks_exact(n_experts));
    layers
        .map(|(one, other)| jensen_shannon_bits(one, other))
        .collect()
}

/// `½ D(P‖M) + ½ D(Q‖M)` with `M = ½ (P + Q)`, logarithms to base 2.
pub fn jensen_shannon_bits(one: &[u32], other: &[u32]) -> Option<f64> {
    let (one_total, other_total) = (total(one), total(other));
    if one_total == 0.0 || other_total == 0.0 {
        return None;
    }
    let term = |own: f64, mean: f64| if own > 0.0 { own * (own / mean).log2() } else { 0.0 };
    let bits = one.iter().zip(other).map(|(&one, &other)| {
        let (p, q) = (f64::from(one) / one_total, f64::from(other) / other_total);
        let mean = 0.5 * (p + q);
        0.5 * (term(p, mean) + term(q, mean))
    });
    Some(bits.sum::<f64>().max(0.0))
}
