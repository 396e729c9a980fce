//! Prompts of an exact number of tokens, the same text for every program that is timed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use moescope_engine::{TokenId, tokenizer::Tokenizer};

/// A text of `n_tokens` tokens: seeded random words that are one token each, wherever they stand.
pub fn text(tokenizer: &Tokenizer, n_tokens: usize) -> Result<String, Box<dyn std::error::Error>> {
    let words = words(tokenizer)?;
    if words.is_empty() {
        return Err("this vocabulary has no word that is one token".into());
    }
    let text: String = (0..n_tokens)
        .map(|at| words[pick(at, words.len())].as_str())
        .collect();
    let found = tokenizer.encode(&text, false)?.len();
    if found != n_tokens {
        return Err(format!("a prompt of {n_tokens} words became {found} tokens").into());
    }
    Ok(text)
}

/// Spaced lower-case words; a space in front keeps neighbours apart.
fn words(tokenizer: &Tokenizer) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut words = Vec::new();
    for id in 0..tokenizer.vocab_size() as TokenId {
        let Some(letters) = tokenizer.token_bytes(id).strip_prefix(b" ") else {
            continue;
        };
        let is_word = letters.len() > 1 && letters.iter().all(u8::is_ascii_lowercase);
        let word = String::from_utf8_lossy(tokenizer.token_bytes(id)).into_owned();
        if is_word && tokenizer.encode(&word, false)? == [id] {
            words.push(word);
        }
    }
    Ok(words)
}

/// The word at a place: a hash, so that a longer prompt begins as a shorter one does.
fn pick(at: usize, n_words: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    at.hash(&mut hasher);
    (hasher.finish() % n_words as u64) as usize
}
