//! Byte-level BPE (`tokenizer.ggml.model` = "gpt2"): text is cut into words, the bytes of a word are
//! written as letters, letters merge by a list in the file.

use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel as Letters;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizedString, PreTokenizer as _, SplitDelimiterBehavior};

use super::pre::{self, PreTokenizer};
use super::{TokenType, TokenizerError, bytes};
use crate::gguf::Metadata;

/// How text becomes words of letters.
pub struct ByteLevel {
    pre: &'static PreTokenizer,
    words: Vec<Split>,
}

impl ByteLevel {
    pub fn from_gguf(metadata: &Metadata) -> Result<Self, TokenizerError> {
        let pre = pre_tokenizer(metadata)?;
        let words = pre.patterns.iter().map(|pattern| words(pattern));
        Ok(Self {
            pre,
            words: words.collect::<Result<_, _>>()?,
        })
    }

    /// Whether a text begins with `bos` where the file does not say.
    pub fn adds_bos(&self) -> bool {
        self.pre.ignores_merges
    }

    /// The words of a text, in letters.
    pub fn words(&self, text: &str) -> Result<PreTokenizedString, tokenizers::Error> {
        let mut words = PreTokenizedString::from(text);
        for cut in &self.words {
            cut.pre_tokenize(&mut words)?;
        }
        Letters::new(false, false, false).pre_tokenize(&mut words)?;
        Ok(words)
    }

    /// The merging model.
    pub fn bpe(&self, metadata: &Metadata, tokens: &[Box<str>]) -> Result<BPE, TokenizerError> {
        // Of equal tokens the last keeps its id, as in llama.cpp.
        let vocab: Vocab = (0..)
            .zip(tokens)
            .map(|(id, token)| (String::from(&**token), id))
            .collect();
        let merges = metadata.opt_strings("tokenizer.ggml.merges")?.unwrap_or_default();
        let merges: Merges = merges
            .iter()
            .enumerate()
            .map(|(index, merge)| pair(&vocab, index, merge))
            .collect::<Result<_, _>>()?;
        let builder = BPE::builder()
            .vocab_and_merges(vocab, merges)
            .ignore_merges(self.pre.ignores_merges);
        builder.build().map_err(|err| TokenizerError::Words {
            why: err.to_string().into(),
        })
    }
}

/// The pre-tokenizer a file names; "default" where it names none, as in llama.cpp.
fn pre_tokenizer(metadata: &Metadata) -> Result<&'static PreTokenizer, TokenizerError> {
    let name = metadata.opt_str("tokenizer.ggml.pre")?.unwrap_or("default");
    pre::by_name(name).ok_or_else(|| TokenizerError::UnknownPre { found: name.into() })
}

/// A cut that keeps matches and what lies between them as words.
fn words(pattern: &str) -> Result<Split, TokenizerError> {
    let pattern = SplitPattern::Regex(pattern.into());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
    split.map_err(|err| TokenizerError::Words {
        why: err.to_string().into(),
    })
}

/// The bytes a token stands for.
pub fn piece(token: &str, of: TokenType) -> Vec<u8> {
    match bytes::from_letters(token) {
        Some(bytes) if !matches!(of, TokenType::Control | TokenType::UserDefined) => bytes,
        // Its text is meant literally.
        _ => token.as_bytes().to_vec(),
    }
}

/// The two sides of a merge, `"left right"`. All three tokens must exist: the builder trusts that.
fn pair(vocab: &Vocab, index: usize, merge: &str) -> Result<(String, String), TokenizerError> {
    let known = |token: &str| vocab.contains_key(token);
    let sides = merge
        .split_once(' ')
        .filter(|(left, right)| known(left) && known(right) && known(&[*left, *right].concat()));
    let (left, right) = sides.ok_or_else(|| TokenizerError::Merge {
        index,
        merge: merge.into(),
    })?;
    Ok((left.into(), right.into()))
}
