//! What the model expected at one place, before any sampling option: the softmax of its raw logits.

use crate::ids::TokenId;
use crate::sampler::exp;

/// Tokens listed, the likeliest first.
pub const MOST_LISTED: usize = 10;

/// A logit so far below the largest weighs less than 10⁻¹⁷ of it: most of a large vocabulary.
const NEGLIGIBLE: f64 = -40.0;

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
        let finite = || {
            (0..)
                .zip(logits.iter().copied())
                .filter(|(_, logit)| logit.is_finite())
        };
        let largest = f64::from(finite().map(|(_, logit)| logit).fold(f32::MIN, f32::max));
        let (mut total, mut weighted) = (0.0, 0.0);
        for (_, logit) in finite() {
            let below = f64::from(logit) - largest;
            if below < NEGLIGIBLE {
                continue;
            }
            let weight = exp(below);
            total += weight;
            weighted += weight * below;
        }
        if total <= 0.0 {
            return Self::default();
        }
        let mut likeliest: Vec<(TokenId, f32)> = finite().collect();
        let order = |a: &(TokenId, f32), b: &(TokenId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if likeliest.len() > MOST_LISTED {
            likeliest.select_nth_unstable_by(MOST_LISTED, order);
            likeliest.truncate(MOST_LISTED);
        }
        likeliest.sort_by(order);
        for (_, logit) in &mut likeliest {
            *logit = (exp(f64::from(*logit) - largest) / total) as f32;
        }
        // ln Σ w − Σ w (l − max) / Σ w, in bits; rounding must not make it negative.
        let nats = total.ln() - weighted / total;
        Self {
            entropy_bits: (nats * std::f64::consts::LOG2_E).max(0.0) as f32,
            likeliest,
        }
    }
}
