//! From a prompt to text, one token at a time: prefill in batches, then sample and decode until
//! something ends it. The caller drives it, so cancelling is not asking for the next step.

use crate::TokenId;
use crate::sampler::SamplerOptions;
use crate::trace::TokenTrace;

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

/// A generation under way. Drop it to cancel.
#[derive(Debug)]
pub struct Generation;
