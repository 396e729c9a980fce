//! A byte-level BPE vocabulary without training: all bytes, then pairs of lower-case letters, those with
//! a space in front, and words of three letters to fill it up.
//!
//! Every " ab" is one token, so that text of any number of tokens can be written.

use crate::gguf_bytes::Builder;

/// A space, as byte-level vocabularies write it.
const SPACE: char = 'Ġ';
const END: &str = "<|endoftext|>";
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;

/// Adds a vocabulary of `size` tokens to a file.
pub fn vocabulary(file: Builder, size: usize) -> Builder {
    let mut tokens: Vec<String> = (0..=255).map(|byte| letter(byte).to_string()).collect();
    let mut merges = Vec::new();
    let letters = || 'a'..='z';
    let pairs: Vec<(char, char)> = letters().flat_map(|a| letters().map(move |b| (a, b))).collect();
    let parts = pairs.iter().map(|(a, b)| (a.to_string(), b.to_string()));
    let spaced = pairs.iter().map(|(a, b)| (SPACE.to_string(), format!("{a}{b}")));
    let longer = pairs
        .iter()
        .flat_map(|(a, b)| letters().map(move |c| (format!("{a}{b}"), c.to_string())));
    let room = size.saturating_sub(tokens.len() + 1);
    for (left, right) in parts.chain(spaced).chain(longer).take(room) {
        tokens.push(format!("{left}{right}"));
        merges.push(format!("{left} {right}"));
    }
    tokens.push(END.to_owned());
    assert_eq!(
        tokens.len(),
        size,
        "a vocabulary has at least all bytes, and at most all words"
    );
    let mut types = vec![NORMAL; size];
    types[size - 1] = CONTROL;
    file.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", &tokens)
        .i32s("tokenizer.ggml.token_type", &types)
        .texts("tokenizer.ggml.merges", &merges)
        .u32("tokenizer.ggml.bos_token_id", size as u32 - 1)
        .u32("tokenizer.ggml.eos_token_id", size as u32 - 1)
        .bool("tokenizer.ggml.add_bos_token", false)
}

/// GPT-2's letter for a byte: printable ones stand for themselves, the others come from U+0100 on.
fn letter(byte: u8) -> char {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if is_printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|byte| !is_printable(*byte)).count() as u32;
    char::from_u32(0x100 + before).unwrap_or(char::REPLACEMENT_CHARACTER)
}
