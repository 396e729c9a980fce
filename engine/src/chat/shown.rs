//! Tokens as a reader sees them: their text, and whether it was said, reasoned, or is the template's.

use super::channels::{Channel, Channels};
use crate::ids::TokenId;
use crate::tokenizer::Tokenizer;
use crate::utf8::Utf8Decoder;

/// What a token is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Said,
    /// What leads to an answer.
    Reasoned,
    /// The chat template's, or a mark or control token the model wrote.
    Template,
}

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub token: TokenId,
    pub text: String,
    pub part: Part,
}

/// Tokens of a prompt; what lies outside the typed text is the template's.
pub fn prompt(tokenizer: &Tokenizer, tokens: &[TokenId], typed: &str) -> Vec<Shown> {
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|&token| tokenizer.token_bytes(token))
        .copied()
        .collect();
    let typed = last_match(&bytes, typed.as_bytes());
    let (mut end, mut decoder) = (0, Utf8Decoder::new());
    let shown = |&token: &TokenId| {
        let own = tokenizer.token_bytes(token);
        end += own.len();
        let is_typed = typed.contains(&(end.saturating_sub(1)));
        Shown {
            token,
            text: decoder.push(own),
            part: if is_typed { Part::Said } else { Part::Template },
        }
    };
    tokens.iter().map(shown).collect()
}

/// A sampled token: the text of a control token or a mark is its name.
pub fn sampled(tokenizer: &Tokenizer, token: TokenId, text: &str, channels: &mut Channels) -> Shown {
    let name = String::from_utf8_lossy(tokenizer.token_bytes(token)).into_owned();
    let channel = channels.push(&name);
    let part = match channel {
        _ if tokenizer.is_control(token) => Part::Template,
        Channel::Answer => Part::Said,
        Channel::Reasoning => Part::Reasoned,
        Channel::Mark => Part::Template,
    };
    Shown {
        token,
        text: match part {
            Part::Template => name,
            Part::Said | Part::Reasoned => text.to_owned(),
        },
        part,
    }
}

/// Where `part` stands last in `bytes`.
fn last_match(bytes: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let at = bytes
        .windows(part.len().max(1))
        .rposition(|window| window == part);
    at.map_or(0..0, |at| at..at + part.len())
}
