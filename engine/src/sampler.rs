//! From logits to a token. Stages in the order of llama.cpp's default chain (`common/sampling.cpp`):
//!
//! ```text
//! logits ─► repetition penalty ─► top-k ─► top-p ─► min-p ─► temperature ─► draw
//! ```
//!
//! The same seed gives the same tokens on every platform: candidates are in a total order (logit,
//! then id), sums are f64 in that order, and random numbers and `exp` are computed from additions and
//! multiplications, because the `exp` of system libraries differs in the last bit.

use std::cmp::Ordering;

use crate::TokenId;
use crate::kernels::sample::{Draw, MAX_CANDIDATES};
use crate::random::SplitMix;
use crate::softmax::{Softmax, exp};

/// How a token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplerOptions {
    /// Divides the logits; 0 always takes the likeliest token.
    pub temperature: f32,
    /// Keeps this many of the likeliest tokens; 0 keeps all.
    pub top_k: u32,
    /// Keeps the fewest tokens that together have this probability; 1 keeps all.
    pub top_p: f32,
    /// Keeps tokens at least this probable relative to the likeliest; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of recent tokens; 1 changes nothing.
    pub repetition_penalty: f32,
    /// How many tokens count as recent.
    pub repetition_window: u32,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Default for SamplerOptions {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            repetition_penalty: 1.0,
            repetition_window: 64,
            seed: 1,
        }
    }
}

/// Why a token cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SamplerError {
    #[error("{option} should be {expected}, but it is {found}")]
    Option {
        option: &'static str,
        expected: &'static str,
        found: f32,
    },
    #[error("the model gave no finite logit among {n_logits}; its weights or the computation are damaged")]
    NoFiniteLogit { n_logits: usize },
}

impl SamplerOptions {
    /// The options themselves, if every one makes sense.
    pub fn checked(self) -> Result<Self, SamplerError> {
        let from_0_to_1 = |number: f32| (0.0..=1.0).contains(&number);
        let at_least_0 = |number: f32| number >= 0.0 && number.is_finite();
        let positive = |number: f32| number > 0.0 && number.is_finite();
        let rules = [
            (
                "temperature",
                self.temperature,
                at_least_0(self.temperature),
                "0 or more",
            ),
            ("top_p", self.top_p, from_0_to_1(self.top_p), "from 0 to 1"),
            ("min_p", self.min_p, from_0_to_1(self.min_p), "from 0 to 1"),
            (
                "repetition_penalty",
                self.repetition_penalty,
                positive(self.repetition_penalty),
                "more than 0",
            ),
        ];
        match rules.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((option, found, _, expected)) => Err(SamplerError::Option {
                option,
                expected,
                found,
            }),
            None => Ok(self),
        }
    }
}

/// A chosen token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    pub token: TokenId,
    /// Probability the model gave it: softmax of the raw logits, before any option.
    pub prob: f32,
}

/// Chooses tokens one after the other.
#[derive(Clone, Debug)]
pub struct Sampler {
    options: SamplerOptions,
    random: SplitMix,
    /// Kept between calls to spare an allocation of the vocabulary's size.
    candidates: Vec<Candidate>,
}

/// A token that may be chosen.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    token: TokenId,
    logit: f32,
}

impl Candidate {
    /// Likeliest first; of equals, the lower id first.
    fn order(&self, other: &Self) -> Ordering {
        other
            .logit
            .total_cmp(&self.logit)
            .then(self.token.cmp(&other.token))
    }
}

impl Sampler {
    /// A sampler at the start of its random numbers; refuses options that make no sense.
    pub fn new(options: SamplerOptions) -> Result<Self, SamplerError> {
        let options = options.checked()?;
        Ok(Self {
            options,
            random: SplitMix::new(options.seed),
            candidates: Vec::new(),
        })
    }

    /// How the n-th choice from here can be made on a device; `None`: it cannot. 0 is the next one.
    pub fn draw_ahead(&self, n: u32) -> Option<Draw> {
        let options = &self.options;
        let is_drawn = options.temperature > 0.0;
        let fits = !is_drawn || (1..=MAX_CANDIDATES).contains(&options.top_k);
        let mut random = self.random.clone();
        (0..n).for_each(|_| _ = random.next());
        (fits && options.repetition_penalty == 1.0).then(|| Draw {
            temperature: options.temperature,
            top_k: if is_drawn { options.top_k } else { 1 },
            top_p: options.top_p,
            min_p: options.min_p,
            chance: random.uniform() as f32,
        })
    }

    /// Chooses a token. `recent` are the tokens so far, latest last. Logits that are not finite
    /// mark tokens that cannot be chosen.
    pub fn sample(&mut self, logits: &[f32], recent: &[TokenId]) -> Result<Sampled, SamplerError> {
        self.sample_with(logits, &Softmax::of(logits), recent)
    }

    /// The same where the softmax of the logits is known.
    pub(crate) fn sample_with(
        &mut self,
        logits: &[f32],
        softmax: &Softmax,
        recent: &[TokenId],
    ) -> Result<Sampled, SamplerError> {
        let token = match self.options.temperature > 0.0 || self.options.repetition_penalty != 1.0 {
            true => self.choose(logits, recent),
            false => likeliest(logits),
        };
        let token = token.ok_or(SamplerError::NoFiniteLogit {
            n_logits: logits.len(),
        })?;
        let logit = usize::try_from(token).ok().and_then(|index| logits.get(index));
        Ok(Sampled {
            token,
            prob: logit.map_or(0.0, |logit| softmax.prob(*logit)),
        })
    }

    /// Chooses among all tokens by every option.
    fn choose(&mut self, logits: &[f32], recent: &[TokenId]) -> Option<TokenId> {
        self.candidates.clear();
        let finite = (0..).zip(logits).filter(|(_, logit)| logit.is_finite());
        // Adding 0 makes −0 equal to 0, so that their order is by id.
        self.candidates.extend(finite.map(|(token, logit)| Candidate {
            token,
            logit: logit + 0.0,
        }));
        self.penalize(recent);
        if self.options.temperature > 0.0 {
            self.draw()
        } else {
            self.likeliest()
        }
    }

    /// The likeliest candidate.
    fn likeliest(&self) -> Option<TokenId> {
        self.candidates
            .iter()
            .min_by(|a, b| a.order(b))
            .map(|best| best.token)
    }

    /// Repetition penalty of the tokens in the window, once each however often they occur.
    fn penalize(&mut self, recent: &[TokenId]) {
        let penalty = self.options.repetition_penalty;
        if penalty == 1.0 {
            return;
        }
        let window = usize::try_from(self.options.repetition_window).unwrap_or(usize::MAX);
        let mut recent = recent.iter().rev().take(window).copied().collect::<Vec<_>>();
        recent.sort_unstable();
        for candidate in &mut self.candidates {
            if recent.binary_search(&candidate.token).is_ok() {
                let logit = candidate.logit;
                let penalized = if logit > 0.0 {
                    logit / penalty
                } else {
                    logit * penalty
                };
                candidate.logit = penalized.clamp(f32::MIN, f32::MAX);
            }
        }
    }

    /// Narrows the candidates down and draws one of them.
    fn draw(&mut self) -> Option<TokenId> {
        self.keep_top_k();
        self.keep_top_p();
        self.keep_min_p();
        let likeliest = f64::from(self.candidates.first()?.logit);
        let temperature = f64::from(self.options.temperature);
        let weight = |candidate: &Candidate| exp((f64::from(candidate.logit) - likeliest) / temperature);
        let total: f64 = self.candidates.iter().map(weight).sum();
        let mut left = self.random.uniform() * total;
        let drawn = self.candidates.iter().find(|candidate| {
            left -= weight(candidate);
            left < 0.0
        });
        // Rounding may leave a little over after the last: it is the last one's.
        drawn.or(self.candidates.last()).map(|candidate| candidate.token)
    }

    /// Sorts the candidates, likeliest first, and keeps the first k.
    fn keep_top_k(&mut self) {
        let k = usize::try_from(self.options.top_k).unwrap_or(usize::MAX);
        if (1..self.candidates.len()).contains(&k) {
            self.candidates.select_nth_unstable_by(k - 1, Candidate::order);
            self.candidates.truncate(k);
        }
        self.candidates.sort_unstable_by(Candidate::order);
    }

    /// Keeps candidates up to and with the one whose probability reaches the sum p.
    fn keep_top_p(&mut self) {
        let p = f64::from(self.options.top_p);
        let Some(likeliest) = self.candidates.first().map(|best| f64::from(best.logit)) else {
            return;
        };
        if p >= 1.0 {
            return;
        }
        let weight = |candidate: &Candidate| exp(f64::from(candidate.logit) - likeliest);
        let enough = p * self.candidates.iter().map(weight).sum::<f64>();
        let mut sum = 0.0;
        let reached = self.candidates.iter().position(|candidate| {
            sum += weight(candidate);
            sum >= enough
        });
        self.candidates
            .truncate(reached.map_or(usize::MAX, |index| index + 1));
    }

    /// Keeps candidates at least p times as probable as the likeliest.
    fn keep_min_p(&mut self) {
        let p = f64::from(self.options.min_p);
        let Some(likeliest) = self.candidates.first().map(|best| f64::from(best.logit)) else {
            return;
        };
        let kept = self
            .candidates
            .iter()
            .take_while(|candidate| exp(f64::from(candidate.logit) - likeliest) >= p);
        let n_kept = kept.count();
        self.candidates.truncate(n_kept);
    }
}

/// The largest finite logit's token; of equals, the lower id.
fn likeliest(logits: &[f32]) -> Option<TokenId> {
    let finite = (0..).zip(logits).filter(|(_, logit)| logit.is_finite());
    let larger = |best: (TokenId, f32), (token, logit): (TokenId, &f32)| match *logit > best.1 {
        true => (token, *logit),
        false => best,
    };
    let mut finite = finite;
    let first = finite.next().map(|(token, logit)| (token, *logit))?;
    Some(finite.fold(first, larger).0)
}
