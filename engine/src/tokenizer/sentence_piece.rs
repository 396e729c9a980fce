//! SentencePiece-style BPE (`tokenizer.ggml.model` = "llama"): spaces are the letter ▁, a text begins
//! with one, pieces merge by the score of what they make, and what has no piece is written in bytes
//! `<0x41>` (arXiv:1808.06226; spaces and special tokens as llama.cpp treats them).
//!
//! The `tokenizers` crate merges by a list of pairs instead of by scores; as transformers does when it
//! converts such tokenizers, the list is every pair that makes a piece, best piece first.

use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::{TokenType, TokenizerError};
use crate::gguf::Metadata;

/// The letter that stands for a space.
const SPACE: char = '▁';

/// Longest piece that is looked for by merging. Real ones are much shorter (runs of spaces); without a
/// bound, a damaged file could ask for endless work.
const MOST_MERGED_BYTES: usize = 512;

/// How text becomes letters.
#[derive(Clone, Copy, Debug)]
pub struct SentencePiece {
    /// A space is put before text that begins the input or follows a special token.
    adds_space: bool,
}

impl SentencePiece {
    pub fn from_gguf(metadata: &Metadata) -> Result<Self, TokenizerError> {
        let adds_space = metadata.opt_bool("tokenizer.ggml.add_space_prefix")?;
        Ok(Self {
            adds_space: adds_space.unwrap_or(true),
        })
    }

    /// The letters of a text; one space more than it has, where it begins the input or follows a
    /// special token.
    pub fn letters(self, text: &str, is_first: bool) -> String {
        let space = (self.adds_space && is_first).then_some(SPACE);
        let letters = text.chars().map(|c| if c == ' ' { SPACE } else { c });
        space.into_iter().chain(letters).collect()
    }

    /// The text of decoded tokens without the space that encoding put before it.
    pub fn without_added_space(self, text: &str) -> &str {
        let stripped = self.adds_space.then(|| text.strip_prefix(' ')).flatten();
        stripped.unwrap_or(text)
    }
}

/// The bytes a piece stands for.
pub fn piece(token: &str, of: TokenType) -> Vec<u8> {
    let byte = || token.strip_prefix("<0x")?.strip_suffix('>');
    match of {
        TokenType::Byte => byte()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .map_or_else(Vec::new, |byte| vec![byte]),
        TokenType::Control => token.as_bytes().to_vec(),
        _ => token.replace(SPACE, " ").into_bytes(),
    }
}

/// The merging model.
pub fn bpe(metadata: &Metadata, tokens: &[Box<str>], types: &[TokenType]) -> Result<BPE, TokenizerError> {
    let scores = metadata.opt_f32s("tokenizer.ggml.scores")?.unwrap_or_default();
    if scores.len() != tokens.len() {
        return Err(TokenizerError::ScoreCount {
            tokens: tokens.len(),
            scores: scores.len(),
        });
    }
    // Control tokens are found before; byte tokens are what is left when nothing else fits.
    let vocab: Vocab = (0..)
        .zip(tokens.iter().zip(types))
        .filter(|(_, (_, of))| !matches!(of, TokenType::Control | TokenType::Unknown | TokenType::Unused))
        .map(|(id, (token, _))| (String::from(&**token), id))
        .collect();
    let mut pairs: Vec<(f32, &str, &str)> = Vec::new();
    for ((token, of), score) in tokens.iter().zip(types).zip(&scores) {
        if !matches!(of, TokenType::Normal | TokenType::UserDefined) || token.len() > MOST_MERGED_BYTES {
            continue;
        }
        let cuts = token.char_indices().skip(1).map(|(at, _)| token.split_at(at));
        let known = cuts.filter(|(left, right)| vocab.contains_key(*left) && vocab.contains_key(*right));
        pairs.extend(known.map(|(left, right)| (*score, left, right)));
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.len().cmp(&a.1.len())));
    let merges: Merges = pairs
        .into_iter()
        .map(|(_, left, right)| (left.into(), right.into()))
        .collect();
    let builder = BPE::builder().vocab_and_merges(vocab, merges).byte_fallback(true);
    builder.build().map_err(|err| TokenizerError::Words {
        why: err.to_string().into(),
    })
}
