//! Text out of bytes that arrive in pieces: a token may end in the middle of a character. What is
//! complete comes out at once; an unfinished character waits for the next piece. Invalid bytes
//! become U+FFFD exactly where [`String::from_utf8_lossy`] would put it.

/// A decoder that is fed bytes and gives text.
#[derive(Clone, Debug, Default)]
pub struct Utf8Decoder {
    /// The beginning of a character: at most three bytes.
    tail: Vec<u8>,
}

impl Utf8Decoder {
    /// A decoder that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more bytes and gives the text completed by them.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut rest = std::mem::take(&mut self.tail);
        rest.extend_from_slice(bytes);
        let mut text = String::new();
        let mut chunks = rest.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            if chunks.peek().is_none() && is_unfinished(chunk.invalid()) {
                self.tail = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// Ends the text: an unfinished character becomes U+FFFD.
    pub fn finish(&mut self) -> &'static str {
        if std::mem::take(&mut self.tail).is_empty() {
            ""
        } else {
            "\u{fffd}"
        }
    }
}

/// Whether bytes could still become a character.
fn is_unfinished(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|err| err.error_len().is_none())
}
