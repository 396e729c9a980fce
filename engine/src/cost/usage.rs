//! The same counts in each provider's own words, which differ in what they include.
//!
//! | provider         | input field                         | reasoning                                |
//! |------------------|-------------------------------------|------------------------------------------|
//! | OpenAI Chat      | `prompt_tokens` with cached         | inside `completion_tokens`, itemised     |
//! | OpenAI Responses | `input_tokens` with cached          | inside `output_tokens`, itemised         |
//! | Anthropic        | `input_tokens` without cached       | inside `output_tokens`, not itemised     |
//! | Gemini           | `promptTokenCount` with cached      | `thoughtsTokenCount`, beside candidates  |
//!
//! Adding a subset to the count that already has it bills the same tokens twice.

use super::receipt::Usage;

/// Whose words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    #[default]
    OpenAiChat,
    OpenAiResponses,
    Anthropic,
    Gemini,
}

/// A field of a usage object: its path and its value.
pub type Field = (&'static str, u64);

impl Provider {
    pub const ALL: [Provider; 4] = [
        Self::OpenAiChat,
        Self::OpenAiResponses,
        Self::Anthropic,
        Self::Gemini,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "OpenAI Chat",
            Self::OpenAiResponses => "OpenAI Responses",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Gemini",
        }
    }

    /// Whether the input field counts cached tokens too.
    pub fn input_includes_cached(self) -> bool {
        self != Self::Anthropic
    }

    /// Whether reasoning can be told from the answer.
    pub fn itemises_reasoning(self) -> bool {
        self != Self::Anthropic
    }

    /// Whether writing to the cache has a count of its own.
    pub fn itemises_cache_write(self) -> bool {
        self == Self::Anthropic
    }

    /// The usage object this provider would send.
    pub fn fields(self, usage: &Usage) -> Vec<Field> {
        let (input, output) = (usage.input(), usage.output());
        match self {
            Self::OpenAiChat => vec![
                ("prompt_tokens", input),
                ("prompt_tokens_details.cached_tokens", usage.cache_read),
                ("completion_tokens", output),
                ("completion_tokens_details.reasoning_tokens", usage.reasoning),
                ("total_tokens", input + output),
            ],
            Self::OpenAiResponses => vec![
                ("input_tokens", input),
                ("input_tokens_details.cached_tokens", usage.cache_read),
                ("output_tokens", output),
                ("output_tokens_details.reasoning_tokens", usage.reasoning),
                ("total_tokens", input + output),
            ],
            Self::Anthropic => vec![
                ("input_tokens", usage.fresh),
                ("cache_creation_input_tokens", usage.cache_write),
                ("cache_read_input_tokens", usage.cache_read),
                ("output_tokens", output),
            ],
            Self::Gemini => vec![
                ("promptTokenCount", input),
                ("cachedContentTokenCount", usage.cache_read),
                ("candidatesTokenCount", usage.visible),
                ("thoughtsTokenCount", usage.reasoning),
                ("totalTokenCount", input + output),
            ],
        }
    }

    /// The disjoint counts behind a usage object. Missing fields are 0; a subset larger than its whole
    /// leaves nothing of it. What the provider does not itemise stays in `fresh` or `visible`.
    pub fn read(self, field: impl Fn(&str) -> Option<u64>) -> Usage {
        let of = |name: &str| field(name).unwrap_or(0);
        let (input, cached, output, reasoning) = match self {
            Self::OpenAiChat => (
                of("prompt_tokens"),
                of("prompt_tokens_details.cached_tokens"),
                of("completion_tokens"),
                of("completion_tokens_details.reasoning_tokens"),
            ),
            Self::OpenAiResponses => (
                of("input_tokens"),
                of("input_tokens_details.cached_tokens"),
                of("output_tokens"),
                of("output_tokens_details.reasoning_tokens"),
            ),
            Self::Anthropic => {
                return Usage {
                    fresh: of("input_tokens"),
                    cache_read: of("cache_read_input_tokens"),
                    cache_write: of("cache_creation_input_tokens"),
                    visible: of("output_tokens"),
                    reasoning: 0,
                };
            }
            Self::Gemini => {
                let reasoning = of("thoughtsTokenCount");
                let output = of("candidatesTokenCount").saturating_add(reasoning);
                (
                    of("promptTokenCount"),
                    of("cachedContentTokenCount"),
                    output,
                    reasoning,
                )
            }
        };
        Usage {
            fresh: input.saturating_sub(cached),
            cache_read: cached,
            cache_write: 0,
            visible: output.saturating_sub(reasoning),
            reasoning,
        }
    }
}
