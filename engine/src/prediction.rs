//! What the model expected at one place, before any sampling option: the softmax of its raw logits.

use crate::ids::TokenId;
use crate::softmax::Softmax;

/// Tokens listed, the likeliest first.
pub const MOST_LISTED: usize = 10;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// How undecided it was: −Σ p log₂ p over the vocabulary.
    pub entropy_bits: f32,
    /// The likeliest tokens and their probabilities; of equals, the lower id first.
    pub likeliest: Vec<(TokenId, f32)>,
}

impl Prediction {
    /// Of one row of logits; those that are not finite have no share.
    pub fn of(logits: &[f32]) -> Self {
        Self::with(logits, &Softmax::of(logits))
    }

    /// The same where their softmax is known.
    pub(crate) fn with(logits: &[f32], softmax: &Softmax) -> Self {
        if softmax.is_empty() {
            return Self::default();
        }
        let likeliest = largest(logits).into_iter();
        Self {
            entropy_bits: softmax.entropy_bits(),
            likeliest: likeliest
                .map(|(token, logit)| (token, softmax.prob(logit)))
                .collect(),
        }
    }
}

/// The largest logits that are finite, in order; of equals, the lower id first.
fn largest(logits: &[f32]) -> Vec<(TokenId, f32)> {
    let mut best: Vec<(TokenId, f32)> = Vec::with_capacity(MOST_LISTED + 1);
    let mut least = f32::NEG_INFINITY;
    for (token, &logit) in (0..).zip(logits) {
        // Of those as large as the last one, that one came first.
        if !(logit > least && logit.is_finite()) {
            continue;
        }
        let place = best.partition_point(|(_, other)| *other >= logit);
        best.insert(place, (token, logit));
        best.truncate(MOST_LISTED);
        if best.len() == MOST_LISTED {
            least = best[MOST_LISTED - 1].1;
        }
    }
    best
}
