//! The 256 letters that stand for bytes in a byte-level vocabulary (GPT-2's `bytes_to_unicode`):
//! printable Latin-1 stands for itself, the other 68 bytes for the letters from U+0100 on, so that
//! a space is Ġ and a newline Ċ.

/// The bytes a token's letters stand for; `None` if some letter stands for none.
pub fn from_letters(token: &str) -> Option<Vec<u8>> {
    token.chars().map(byte).collect()
}

fn byte(letter: char) -> Option<u8> {
    match u32::from(letter) {
        code @ (33..=126 | 161..=172 | 174..=255) => u8::try_from(code).ok(),
        // The others in order: 0–32, 127–160, 173.
        code @ 0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        code @ 0x121..=0x142 => u8::try_from(code - 0x121 + 127).ok(),
        0x143 => Some(173),
        _ => None,
    }
}
