//! Text to tokens and back: byte-level BPE, the tokenizer of nearly every current MoE model, and
//! SentencePiece-style BPE, that of Mixtral and Phi.
//!
//! ```text
//! text ─► special tokens cut out ─► words ─► bytes as letters ─► merges ─► ids       byte_level
//!         specials               └► spaces as letters ─────────► merges ─► ids       sentence_piece
//! ```
//!
//! Results are those of llama.cpp on the same file. The one place where Hugging Face may differ:
//! some `tokenizer.json` files compose accents first (NFC); a GGUF does not say so, and llama.cpp
//! does not do it.

use std::fmt;

use tokenizers::models::bpe::BPE;
use tokenizers::{Model as _, OffsetType, PreTokenizedString};

use crate::TokenId;
use crate::gguf::{GgufError, Metadata};
use byte_level::ByteLevel;
use sentence_piece::SentencePiece;
use specials::Specials;

mod byte_level;
mod bytes;
pub mod pre;
mod sentence_piece;
mod specials;

/// Why a tokenizer cannot be made from a file, or cannot take a text.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error(
        "the tokenizer model {found:?} is not supported, only \"gpt2\" (byte-level BPE) and \"llama\" (SentencePiece BPE)"
    )]
    UnknownModel { found: Box<str> },
    #[error("the pre-tokenizer {found:?} is not known; known are {}", pre::names())]
    UnknownPre { found: Box<str> },
    #[error("the vocabulary has {tokens} tokens but {types} token types")]
    TypeCount { tokens: usize, types: usize },
    #[error("the vocabulary has {tokens} tokens but {scores} scores, by which it merges")]
    ScoreCount { tokens: usize, scores: usize },
    #[error("the vocabulary is empty or has more than 2³² tokens")]
    VocabSize,
    #[error("merge number {index}, {merge:?}, joins or makes what is no token")]
    Merge { index: usize, merge: Box<str> },
    #[error("the vocabulary lacks a token for a byte of {word:?}")]
    MissingByte { word: Box<str> },
    #[error("cutting text into words failed: {why}")]
    Words { why: Box<str> },
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl TokenType {
    /// From ggml's number; what it does not know is ordinary.
    fn from_number(number: i32) -> Self {
        match number {
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => Self::Normal,
        }
    }
}

/// How text becomes what the model merges.
enum Kind {
    ByteLevel(ByteLevel),
    SentencePiece(SentencePiece),
}

impl Kind {
    fn from_gguf(metadata: &Metadata) -> Result<Self, TokenizerError> {
        match metadata.str("tokenizer.ggml.model")? {
            "gpt2" => Ok(Self::ByteLevel(ByteLevel::from_gguf(metadata)?)),
            "llama" => Ok(Self::SentencePiece(SentencePiece::from_gguf(metadata)?)),
            other => Err(TokenizerError::UnknownModel { found: other.into() }),
        }
    }

    /// The merging model.
    fn bpe(
        &self,
        metadata: &Metadata,
        tokens: &[Box<str>],
        types: &[TokenType],
    ) -> Result<BPE, TokenizerError> {
        match self {
            Self::ByteLevel(kind) => kind.bpe(metadata, tokens),
            Self::SentencePiece(_) => sentence_piece::bpe(metadata, tokens, types),
        }
    }

    /// The bytes a token stands for.
    fn piece(&self, token: &str, of: TokenType) -> Vec<u8> {
        match self {
            Self::ByteLevel(_) => byte_level::piece(token, of),
            Self::SentencePiece(_) => sentence_piece::piece(token, of),
        }
    }

    /// Whether a text begins with `bos` where the file does not say.
    fn adds_bos(&self) -> bool {
        match self {
            Self::ByteLevel(kind) => kind.adds_bos(),
            Self::SentencePiece(_) => true,
        }
    }
}

/// Texts of control tokens that end a turn or a document, whether or not the file says so.
const END_TEXTS: [&str; 10] = [
    "<end_of_turn>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|end|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|im_end|>",
    "<|return|>",
    "<|call|>",
    "<｜end▁of▁sentence｜>",
];

/// The tokenizer of a model file.
pub struct Tokenizer {
    /// The token a text starts with, if the model has one.
    pub bos: Option<TokenId>,
    /// The token a text ends with, if the model has one.
    pub eos: Option<TokenId>,
    /// Whether the model expects `bos` before a text. [`Self::encode`] leaves that to its caller,
    /// because chat templates write it themselves.
    pub add_bos: bool,
    model: BPE,
    kind: Kind,
    specials: Specials,
    /// Bytes of every token, one after the other; of a control token, its text.
    pieces: Vec<u8>,
    /// Where each token's bytes end in `pieces`.
    piece_ends: Vec<usize>,
    /// Sorted.
    controls: Vec<TokenId>,
    /// Sorted.
    ends: Vec<TokenId>,
}

impl Tokenizer {
    /// Builds the tokenizer that a file's metadata describes.
    pub fn from_gguf(metadata: &Metadata) -> Result<Self, TokenizerError> {
        let kind = Kind::from_gguf(metadata)?;
        let tokens = metadata.strings("tokenizer.ggml.tokens")?;
        let n_tokens = u32::try_from(tokens.len())
            .ok()
            .filter(|&n| n > 0)
            .ok_or(TokenizerError::VocabSize)?;
        let types = token_types(metadata, tokens.len())?;
        let of_type = |wanted: TokenType| {
            (0..n_tokens)
                .zip(&types)
                .filter(move |(_, of)| **of == wanted)
                .map(|(id, _)| id)
        };
        let id = |key: &str| Ok::<_, GgufError>(metadata.opt_u32(key)?.filter(|&id| id < n_tokens));

        let controls: Vec<TokenId> = of_type(TokenType::Control).collect();
        let specials = Specials::new(tokens, &controls, of_type(TokenType::UserDefined));
        let (pieces, piece_ends) = pieces(tokens, &types, &kind);
        let bos = id("tokenizer.ggml.bos_token_id")?;
        let eos = id("tokenizer.ggml.eos_token_id")?;
        let turn_ends = [
            eos,
            id("tokenizer.ggml.eot_token_id")?,
            id("tokenizer.ggml.eom_token_id")?,
        ];
        let add_bos = metadata
            .opt_bool("tokenizer.ggml.add_bos_token")?
            .unwrap_or(kind.adds_bos());
        Ok(Self {
            bos,
            eos,
            add_bos: add_bos && bos.is_some(),
            model: kind.bpe(metadata, tokens, &types)?,
            kind,
            ends: ends(tokens, &controls, turn_ends.into_iter().flatten()),
            specials,
            pieces,
            piece_ends,
            controls,
        })
    }

    /// The tokens of a text, without `bos`. With `parse_special`, texts of control tokens become
    /// those tokens; without, they are ordinary text, so that a user cannot forge a turn.
    pub fn encode(&self, text: &str, parse_special: bool) -> Result<Vec<TokenId>, TokenizerError> {
        let mut ids = Vec::new();
        let mut is_first = true;
        for part in self.specials.cut(text, parse_special) {
            match part {
                specials::Part::Special(id) => ids.push(id),
                specials::Part::Text(text) => self.encode_text(text, is_first, &mut ids)?,
            }
            is_first = matches!(part, specials::Part::Special(_));
        }
        Ok(ids)
    }

    /// Appends the tokens of text in which nothing is special. `is_first`: it begins the input or
    /// follows a special token.
    fn encode_text(&self, text: &str, is_first: bool, ids: &mut Vec<TokenId>) -> Result<(), TokenizerError> {
        let failed = |err: tokenizers::Error| TokenizerError::Words {
            why: err.to_string().into(),
        };
        let (mut words, n_letters) = match &self.kind {
            Kind::ByteLevel(cut) => (cut.words(text).map_err(failed)?, text.len()),
            Kind::SentencePiece(pieces) => {
                let letters = pieces.letters(text, is_first);
                let n_bytes = sentence_piece::piece(&letters, TokenType::Normal).len();
                (PreTokenizedString::from(letters), n_bytes)
            }
        };
        words
            .tokenize(|word| self.model.tokenize(word.get()))
            .map_err(failed)?;
        let encoding = words.into_encoding(None, 0, OffsetType::None).map_err(failed)?;
        // The model skips what it has no token for; nothing may get lost.
        let n_bytes: usize = encoding
            .get_ids()
            .iter()
            .map(|&id| self.piece_bytes(id).len())
            .sum();
        if n_bytes != n_letters {
            return Err(TokenizerError::MissingByte {
                word: text.chars().take(40).collect::<String>().into(),
            });
        }
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }

    /// The bytes a token stands for in text: nothing for a control token or an unknown id. They
    /// may end in the middle of a character; see [`crate::utf8::Utf8Decoder`].
    pub fn piece_bytes(&self, id: TokenId) -> &[u8] {
        if self.is_control(id) {
            &[]
        } else {
            self.token_bytes(id)
        }
    }

    /// Like [`Self::piece_bytes`], but a control token gives its own text, as `<|im_end|>`.
    pub fn token_bytes(&self, id: TokenId) -> &[u8] {
        let Ok(index) = usize::try_from(id) else {
            return &[];
        };
        let start = index
            .checked_sub(1)
            .and_then(|before| self.piece_ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.piece_ends.get(index).copied().unwrap_or(start);
        self.pieces.get(start..end).unwrap_or(&[])
    }

    /// The text of tokens; control tokens are left out, broken characters become U+FFFD.
    pub fn decode(&self, ids: &[TokenId]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.piece_bytes(id)).copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        match &self.kind {
            Kind::ByteLevel(_) => text.into_owned(),
            Kind::SentencePiece(pieces) => pieces.without_added_space(&text).to_owned(),
        }
    }

    /// How many tokens there are.
    pub fn vocab_size(&self) -> usize {
        self.piece_ends.len()
    }

    /// Whether a token steers the conversation and is no text.
    pub fn is_control(&self, id: TokenId) -> bool {
        self.controls.binary_search(&id).is_ok()
    }

    /// Whether the model ends its turn with this token.
    pub fn is_end_of_generation(&self, id: TokenId) -> bool {
        self.ends.binary_search(&id).is_ok()
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("vocab_size", &self.vocab_size())
            .field("bos", &self.bos)
            .field("eos", &self.eos)
            .field("add_bos", &self.add_bos)
            .finish_non_exhaustive()
    }
}

/// The type of every token; a file without types has ordinary tokens only.
fn token_types(metadata: &Metadata, n_tokens: usize) -> Result<Vec<TokenType>, TokenizerError> {
    let types = metadata
        .opt_i32s("tokenizer.ggml.token_type")?
        .unwrap_or_else(|| vec![1; n_tokens]);
    if types.len() != n_tokens {
        return Err(TokenizerError::TypeCount {
            tokens: n_tokens,
            types: types.len(),
        });
    }
    Ok(types.into_iter().map(TokenType::from_number).collect())
}

/// The bytes of all tokens and where each one's end.
fn pieces(tokens: &[Box<str>], types: &[TokenType], kind: &Kind) -> (Vec<u8>, Vec<usize>) {
    let (mut pieces, mut ends) = (Vec::new(), Vec::with_capacity(tokens.len()));
    for (token, &of) in tokens.iter().zip(types) {
        pieces.extend(kind.piece(token, of));
        ends.push(pieces.len());
    }
    (pieces, ends)
}

/// Tokens that end a generation: those the file names and control tokens with a telling text.
fn ends(tokens: &[Box<str>], controls: &[TokenId], named: impl Iterator<Item = TokenId>) -> Vec<TokenId> {
    let text = |id: TokenId| usize::try_from(id).ok().and_then(|index| tokens.get(index));
    // In the harmony form an answer goes on after `<|end|>`, which only ends one of its messages.
    let has = |wanted: &str| {
        controls
            .iter()
            .any(|id| text(*id).is_some_and(|text| **text == *wanted))
    };
    let is_harmony = has("<|return|>") && has("<|call|>");
    let telling = |id: &TokenId| {
        text(*id).is_some_and(|text| END_TEXTS.contains(&&**text) && !(is_harmony && **text == *"<|end|>"))
    };
    let mut ends: Vec<TokenId> = controls.iter().copied().filter(telling).chain(named).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}
