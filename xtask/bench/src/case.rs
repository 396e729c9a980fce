//! One file to be timed with its prompts, and what a run of one program on it gives.

use std::path::{Path, PathBuf};

use anyhow::Result;
use moescope_tests::random_model::Mix;

use crate::models::Model;
use crate::native;

/// Before the word of what is timed without traces.
const UNTRACED: &str = "untraced ";
/// Tokens of the prompt that warms up.
const WARM_UP_TOKENS: u32 = 8;

/// A file, the prompts that are the same for every program, and how many tokens follow each.
#[derive(Clone, Debug)]
pub struct Case {
    pub model: Model,
    pub mix: Mix,
    pub file: PathBuf,
    /// A short one.
    pub warm_up: String,
    /// Shortest first. Text and its number of tokens.
    pub prompts: Vec<(u32, String)>,
    /// Decoded after the first prompt.
    pub decode: u32,
}

/// Something timed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub measure: Measure,
    pub millis: f64,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// From a file at hand to a model that answers.
    Load,
    /// The same, fetched from a server on this machine.
    LoadFromUrl,
    /// Only the fetch.
    Fetch,
    /// From opening the page to the first token, nothing kept in the browser.
    ColdStart,
    /// From opening the page again to the first token.
    WarmStart,
    /// From a prompt of so many tokens to the first sampled token.
    Prefill { tokens: u32 },
    /// So many tokens, one after the other.
    Decode { tokens: u32 },
    /// The same with the session's traces turned off.
    UntracedDecode { tokens: u32 },
}

/// What one run of one program gave.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What computed: an adapter's name, a number of threads.
    pub device: String,
    pub samples: Vec<Sample>,
    /// Counts and sizes by name, the same in every run.
    pub facts: Vec<(String, f64)>,
}

impl Case {
    /// Makes the file and the prompts.
    pub fn prepare(folder: &Path, model: Model, mix: Mix, prefill: &[u32], decode: u32) -> Result<Self> {
        let file = model.file(folder, mix)?;
        let warm_up = native::prompt(&file, WARM_UP_TOKENS)?;
        let prompt = |n_tokens: &u32| Ok((*n_tokens, native::prompt(&file, *n_tokens)?));
        let prompts = prefill.iter().map(prompt).collect::<Result<_>>()?;
        Ok(Self {
            model,
            mix,
            file,
            warm_up,
            prompts,
            decode,
        })
    }
}

impl Measure {
    /// The word in results.
    pub fn name(self) -> String {
        match self {
            Self::Load => "load".into(),
            Self::LoadFromUrl => "load from URL".into(),
            Self::Fetch => "fetch".into(),
            Self::ColdStart => "cold start".into(),
            Self::WarmStart => "warm start".into(),
            Self::Prefill { tokens } => format!("prefill {tokens}"),
            Self::Decode { tokens } => format!("decode {tokens}"),
            Self::UntracedDecode { tokens } => format!("{UNTRACED}decode {tokens}"),
        }
    }

    /// The measure of a word.
    pub fn of(name: &str) -> Option<Self> {
        let plain = [
            Self::Load,
            Self::LoadFromUrl,
            Self::Fetch,
            Self::ColdStart,
            Self::WarmStart,
        ];
        if let Some(found) = plain.into_iter().find(|measure| measure.name() == name) {
            return Some(found);
        }
        let (is_untraced, plain) = match name.strip_prefix(UNTRACED) {
            Some(plain) => (true, plain),
            None => (false, name),
        };
        let (word, tokens) = plain.split_once(' ')?;
        let tokens = tokens.parse().ok()?;
        match (word, is_untraced) {
            ("prefill", false) => Some(Self::Prefill { tokens }),
            ("decode", true) => Some(Self::UntracedDecode { tokens }),
            ("decode", false) => Some(Self::Decode { tokens }),
            _ => None,
        }
    }

    /// Tokens, where a rate is what people compare.
    pub fn tokens(self) -> Option<u32> {
        match self {
            Self::Prefill { tokens } | Self::Decode { tokens } | Self::UntracedDecode { tokens } => {
                Some(tokens)
            }
            _ => None,
        }
    }
}

impl Run {
    pub fn push(&mut self, measure: Measure, millis: f64) {
        self.samples.push(Sample { measure, millis });
    }

    pub fn fact(&mut self, name: &str, value: f64) {
        self.facts.push((name.to_owned(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_found_by_its_word() {
        let all = [
            Measure::Load,
            Measure::LoadFromUrl,
            Measure::Fetch,
            Measure::ColdStart,
            Measure::WarmStart,
            Measure::Prefill { tokens: 128 },
            Measure::Decode { tokens: 64 },
            Measure::UntracedDecode { tokens: 64 },
        ];
        for measure in all {
            assert_eq!(Measure::of(&measure.name()), Some(measure));
        }
        assert_eq!(Measure::of("prefill of some"), None);
    }
}
