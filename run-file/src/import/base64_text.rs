//! Base64 as servers write it: the standard alphabet, with or without padding, perhaps in lines.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::ImportError;

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes behind a text.
pub fn decode(text: &str) -> Result<Vec<u8>, ImportError> {
    let joined: String = text.split_ascii_whitespace().collect();
    Ok(ANY_PADDING.decode(joined)?)
}
