//! From a prompt to text, one token at a time: prefill in batches, then sample and decode until
//! something ends it. The caller drives it, so cancelling is not asking for the next step.
//!
//! Where the device can choose tokens itself, passes are submitted before what comes before them has been
//! read. The choice made here, of the same logits, counts: where the device's was another, or the text
//! ended, what was submitted after it is discarded, and nothing of it is ever seen.

use crate::error::Error;
use crate::ids::TokenId;
use crate::prediction::Prediction;
use crate::sampler::{Sampler, SamplerOptions};
use crate::session::{Feed, Session, SessionError};
use crate::softmax::Softmax;
use crate::tokenizer::Tokenizer;
use crate::trace::TokenTrace;
use crate::utf8::Utf8Decoder;

/// What to generate and how.
#[derive(Clone, Debug)]
pub struct GenerationOptions {
    pub sampler: SamplerOptions,
    /// Most tokens to generate.
    pub max_tokens: u32,
    /// Keep going past the end-of-turn token (benchmarks).
    pub ignore_eos: bool,
    /// Keep what the KV cache already holds of this prompt's beginning.
    pub cache_prompt: bool,
}

/// Why generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended its turn.
    Stop,
    /// `max_tokens` were generated.
    MaxTokens,
    /// The KV cache holds as many positions as the context allows.
    ContextFull,
}

/// One sampled token.
#[derive(Clone, Debug)]
pub struct Generated {
    pub token: TokenId,
    /// Where it stands in the sequence. Its own trace comes with the next step, when it is fed
    /// back; a last token that is never fed back has none.
    pub position: u32,
    /// Text that became complete with this token; empty in the middle of a character.
    pub text: String,
    /// Probability the model gave this token: softmax of the raw logits, before sampling options.
    pub prob: f32,
    /// What the model expected in its place.
    pub prediction: Prediction,
}

/// What one call of [`Generation::step`] did.
#[derive(Clone, Debug)]
pub struct Step {
    /// Traces of the positions that went through the model in this call, in order.
    pub traces: Vec<TokenTrace>,
    pub outcome: Outcome,
}

/// How far the generation came.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Part of the prompt was computed: positions held now, and how many the prompt has.
    Prefilling { done: u32, total: u32 },
    /// A token was sampled.
    Token(Generated),
    /// Nothing follows.
    Finished(Finish),
}

/// A generation under way. Drop it to cancel: the session then holds what was computed.
#[derive(Debug)]
pub struct Generation {
    /// The prompt, and then every token sampled. `(positions)`
    sequence: Vec<TokenId>,
    prompt_tokens: u32,
    options: GenerationOptions,
    sampler: Sampler,
    text: Utf8Decoder,
    reused: u32,
    ended: Option<Finish>,
}

impl Generation {
    /// Prepares to continue `prompt`. Nothing is computed yet; a prompt that leaves no room for
    /// an answer is refused here.
    pub fn start(
        session: &mut Session,
        prompt: Vec<TokenId>,
        options: GenerationOptions,
    ) -> Result<Self, Error> {
        let (prompt_tokens, capacity) = (prompt.len() as u32, session.capacity());
        if prompt.is_empty() {
            return Err(SessionError::Empty.into());
        }
        if prompt_tokens > capacity {
            return Err(SessionError::ContextFull {
                capacity,
                wanted: prompt_tokens - capacity,
            }
            .into());
        }
        let sampler = Sampler::new(options.sampler)?;
        let reused = if options.cache_prompt {
            session.keep_prefix(&prompt)
        } else {
            session.truncate(0)
        };
        Ok(Self {
            sequence: prompt,
            prompt_tokens,
            options,
            sampler,
            text: Utf8Decoder::default(),
            reused,
            ended: None,
        })
    }

    /// Positions of the prompt that the cache already held.
    pub fn reused(&self) -> u32 {
        self.reused
    }

    /// The prompt and every token sampled so far.
    pub fn sequence(&self) -> &[TokenId] {
        &self.sequence
    }

    /// Runs one pass and says what came of it: a piece of the prompt, a token, or the end.
    pub async fn step(&mut self, tokenizer: &Tokenizer, session: &mut Session) -> Result<Step, Error> {
        if let Some(finish) = self.ended {
            return Ok(Step {
                traces: Vec::new(),
                outcome: Outcome::Finished(finish),
            });
        }
        if self.generated() >= self.options.max_tokens {
            return Ok(self.end(Vec::new(), Finish::MaxTokens));
        }
        if session.position() >= session.capacity() {
            return Ok(self.end(Vec::new(), Finish::ContextFull));
        }
        while session.under_way() < session.most_under_way() && self.submit_next(session)? {}
        let pass = session.collect().await?;
        if session.position() < self.sequence.len() as u32 {
            let outcome = Outcome::Prefilling {
                done: session.position(),
                total: self.prompt_tokens,
            };
            return Ok(Step {
                traces: pass.traces,
                outcome,
            });
        }
        let chosen = pass.chosen;
        let step = self.sample(tokenizer, &pass.logits, pass.traces)?;
        let is_as_chosen = self.ended.is_none() && chosen == self.sequence.last().copied();
        if !is_as_chosen {
            session.discard();
        }
        Ok(step)
    }

    /// Submits the pass after those under way; false where there is none, or its token is not known.
    fn submit_next(&self, session: &mut Session) -> Result<bool, Error> {
        let (ahead, known) = (session.position_ahead(), self.sequence.len() as u32);
        if ahead >= session.capacity() {
            return Ok(false);
        }
        let until = known.min(ahead + session.batch_tokens() as u32);
        if until < known {
            session.submit(
                Feed::Tokens(&self.sequence[ahead as usize..until as usize]),
                0,
                None,
            )?;
            return Ok(true);
        }
        // Choices between the next one and the one this pass makes.
        let choices_ahead = (ahead + 1).saturating_sub(known);
        if self.generated() + choices_ahead >= self.options.max_tokens {
            return Ok(false);
        }
        let draw = match session.most_under_way() {
            1 => None,
            _ => self.sampler.draw_ahead(choices_ahead),
        };
        let feed = match choices_ahead {
            0 => Feed::Tokens(&self.sequence[ahead as usize..]),
            _ if draw.is_some() => Feed::Chosen,
            _ => return Ok(false),
        };
        session.submit(feed, 1, draw)?;
        Ok(true)
    }

    /// What is left of a character cut off by the end, as replacement characters.
    pub fn rest_of_text(&mut self) -> &'static str {
        self.text.finish()
    }

    fn sample(
        &mut self,
        tokenizer: &Tokenizer,
        logits: &[f32],
        traces: Vec<TokenTrace>,
    ) -> Result<Step, Error> {
        let softmax = Softmax::of(logits);
        let sampled = self.sampler.sample_with(logits, &softmax, &self.sequence)?;
        if tokenizer.is_end_of_generation(sampled.token) && !self.options.ignore_eos {
            return Ok(self.end(traces, Finish::Stop));
        }
        let position = self.sequence.len() as u32;
        self.sequence.push(sampled.token);
        let text = self.text.push(tokenizer.piece_bytes(sampled.token));
        let token = Generated {
            token: sampled.token,
            position,
            text,
            prob: sampled.prob,
            prediction: Prediction::with(logits, &softmax),
        };
        Ok(Step {
            traces,
            outcome: Outcome::Token(token),
        })
    }

    fn generated(&self) -> u32 {
        self.sequence.len() as u32 - self.prompt_tokens
    }

    fn end(&mut self, traces: Vec<TokenTrace>, finish: Finish) -> Step {
        self.ended = Some(finish);
        Step {
            traces,
            outcome: Outcome::Finished(finish),
        }
    }
}
