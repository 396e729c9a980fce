//! Two models over the same tokens: how far the second one's predictions are from the first one's.
//!
//! KL divergence from the reference p to q, in bits, `Σ_v p(v)·log₂(p(v) / q(v))`, and whether both
//! expect the same token most: what shows that a file, or a provider, is not the model it is said to be.

use crate::error::Error;
use crate::ids::TokenId;
use crate::session::Session;

/// Means over the positions compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Compared {
    pub positions: u32,
    pub divergence_bits: f64,
    /// Share of positions whose most probable token is the same.
    pub agreement: f64,
    /// Of the tokens that followed.
    pub perplexity: f64,
    pub reference_perplexity: f64,
}

/// Sums on the way to it.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    positions: u32,
    followed: u32,
    divergence: f64,
    agreeing: u32,
    surprise: f64,
    reference_surprise: f64,
}

/// Runs both over the tokens from an empty cache, batch by batch, so that logits of one batch at a time
/// are held. Both sessions return a row of logits for each token of a batch.
pub async fn compare(
    reference: &mut Session,
    other: &mut Session,
    tokens: &[TokenId],
) -> Result<Compared, Error> {
    reference.truncate(0);
    other.truncate(0);
    let mut sums = Sums::default();
    let most = reference.batch_tokens().min(other.batch_tokens()).max(1);
    for (at, batch) in tokens.chunks(most).enumerate() {
        let rows = batch.len() as u32;
        let expected = reference.forward(batch, rows).await?.logits;
        let found = other.forward(batch, rows).await?.logits;
        let vocab = expected.len() / batch.len();
        let followed = tokens[at * most + 1..].iter().copied().map(Some);
        let next = followed.chain([None]);
        for ((p, q), next) in expected.chunks(vocab).zip(found.chunks(vocab)).zip(next) {
            sums.add(p, q, next);
        }
    }
    Ok(sums.means())
}

impl Sums {
    fn add(&mut self, reference: &[f32], other: &[f32], next: Option<TokenId>) {
        let (p_norm, q_norm) = (log_sum(reference), log_sum(other));
        let mut divergence = 0.0;
        for (p, q) in reference.iter().zip(other) {
            let log_p = f64::from(*p) - p_norm;
            divergence += log_p.exp() * (log_p - (f64::from(*q) - q_norm));
        }
        self.positions += 1;
        // Rounding may leave a hair below zero where both are equal.
        self.divergence += divergence.max(0.0);
        self.agreeing += u32::from(first_choice(reference) == first_choice(other));
        let surprise = |logits: &[f32], norm: f64| {
            let logit = next.and_then(|token| logits.get(token as usize));
            logit.map(|logit| norm - f64::from(*logit))
        };
        if let (Some(own), Some(theirs)) = (surprise(reference, p_norm), surprise(other, q_norm)) {
            self.followed += 1;
            self.reference_surprise += own;
            self.surprise += theirs;
        }
    }

    fn means(&self) -> Compared {
        let positions = f64::from(self.positions.max(1));
        let perplexity = |surprise: f64| (surprise / f64::from(self.followed.max(1))).exp();
        Compared {
            positions: self.positions,
            divergence_bits: self.divergence / positions / std::f64::consts::LN_2,
            agreement: f64::from(self.agreeing) / positions,
            perplexity: perplexity(self.surprise),
            reference_perplexity: perplexity(self.reference_surprise),
        }
    }
}

/// ln Σ e^x, without leaving the range of a double.
fn log_sum(logits: &[f32]) -> f64 {
    let most = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|logit| (f64::from(*logit) - most).exp()).sum();
    most + sum.ln()
}

/// The most probable; of several, the first.
fn first_choice(logits: &[f32]) -> Option<usize> {
    let all = logits.iter().enumerate().rev();
    all.max_by(|a, b| a.1.total_cmp(b.1)).map(|(token, _)| token)
}
