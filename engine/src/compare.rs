//! Two models over the same tokens: how far the second one's predictions are from the first one's.
//!
//! KL divergence from the reference p to q, in bits, `Σ_v p(v)·log₂(p(v) / q(v))`, and whether both
//! expect the same token most: what shows that a file, or a provider, is not the model it is said to be.

use crate::error::Error;
use crate::ids::TokenId;
use crate::session::Session;

/// Why two models cannot be held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error(
        "the reference has a vocabulary of {reference} tokens and the other model one of {other}: they are no versions of one model"
    )]
    Vocabulary { reference: usize, other: usize },
    #[error("the two files cut the same text into different tokens: they are no versions of one model")]
    Tokens,
}

/// One position, after the token that stands there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub divergence_bits: f64,
    /// What each expects most.
    pub reference_choice: TokenId,
    pub choice: TokenId,
    /// Nats of the token that followed, if one did.
    pub reference_surprise: Option<f64>,
    pub surprise: Option<f64>,
}

impl Position {
    pub fn agrees(&self) -> bool {
        self.reference_choice == self.choice
    }
}

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

/// Two sessions on their way over the same tokens, batch by batch, so that logits of one batch at a time
/// are held. Both return a row of logits for each token of a batch.
pub struct Comparison<'a> {
    reference: &'a mut Session,
    other: &'a mut Session,
    tokens: &'a [TokenId],
    at: usize,
    sums: Sums,
}

impl<'a> Comparison<'a> {
    /// From an empty cache.
    pub fn new(reference: &'a mut Session, other: &'a mut Session, tokens: &'a [TokenId]) -> Self {
        reference.truncate(0);
        other.truncate(0);
        Self {
            reference,
            other,
            tokens,
            at: 0,
            sums: Sums::default(),
        }
    }

    /// The next batch; none when all is done.
    pub async fn step(&mut self) -> Result<Option<Vec<Position>>, Error> {
        let most = self
            .reference
            .batch_tokens()
            .min(self.other.batch_tokens())
            .max(1);
        let rest = &self.tokens[self.at..];
        let batch = &rest[..rest.len().min(most)];
        if batch.is_empty() {
            return Ok(None);
        }
        let rows = batch.len() as u32;
        let expected = self.reference.forward(batch, rows).await?.logits;
        let found = self.other.forward(batch, rows).await?.logits;
        if expected.len() != found.len() {
            let [reference, other] = [expected.len(), found.len()].map(|logits| logits / batch.len());
            return Err(CompareError::Vocabulary { reference, other }.into());
        }
        let vocab = expected.len() / batch.len();
        let next = rest[1..].iter().copied().map(Some).chain([None]);
        let pairs = expected.chunks(vocab).zip(found.chunks(vocab)).zip(next);
        let positions: Vec<Position> = pairs.map(|((p, q), next)| Position::of(p, q, next)).collect();
        self.at += batch.len();
        positions.iter().for_each(|position| self.sums.add(position));
        Ok(Some(positions))
    }

    /// Of the positions so far.
    pub fn means(&self) -> Compared {
        self.sums.means()
    }
}

/// All of it at once.
pub async fn compare(
    reference: &mut Session,
    other: &mut Session,
    tokens: &[TokenId],
) -> Result<Compared, Error> {
    let mut comparison = Comparison::new(reference, other, tokens);
    while comparison.step().await?.is_some() {}
    Ok(comparison.means())
}

impl Position {
    fn of(reference: &[f32], other: &[f32], next: Option<TokenId>) -> Self {
        let (p_norm, q_norm) = (log_sum(reference), log_sum(other));
        let mut divergence = 0.0;
        for (p, q) in reference.iter().zip(other) {
            let log_p = f64::from(*p) - p_norm;
            divergence += log_p.exp() * (log_p - (f64::from(*q) - q_norm));
        }
        let surprise = |logits: &[f32], norm: f64| {
            let logit = next.and_then(|token| logits.get(token as usize));
            logit.map(|logit| norm - f64::from(*logit))
        };
        Self {
            // Rounding may leave a hair below zero where both are equal.
            divergence_bits: divergence.max(0.0) / std::f64::consts::LN_2,
            reference_choice: first_choice(reference),
            choice: first_choice(other),
            reference_surprise: surprise(reference, p_norm),
            surprise: surprise(other, q_norm),
        }
    }
}

impl Sums {
    fn add(&mut self, position: &Position) {
        self.positions += 1;
        self.divergence += position.divergence_bits;
        self.agreeing += u32::from(position.agrees());
        if let (Some(own), Some(theirs)) = (position.reference_surprise, position.surprise) {
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
            divergence_bits: self.divergence / positions,
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
fn first_choice(logits: &[f32]) -> TokenId {
    let all = logits.iter().enumerate().rev();
    let best = all.max_by(|a, b| a.1.total_cmp(b.1));
    best.map(|(token, _)| token as TokenId).unwrap_or_default()
}
