//! Runs recorded by other programs. A format is a file here and a line in [`FORMATS`].
//!
//! What a source does not tell stays unknown: no weight, probability or time is made up. Where it tells
//! chosen experts and no more, the number of experts is the least that the chosen ones prove.

mod atlas;
mod base64_text;
mod llama_cpp;
mod npy;
mod response;
mod routed;
mod sglang;
mod vllm;

use serde_json::Value;

use crate::{Run, RunError};

/// Longest text that is read.
pub const MOST_TEXT_BYTES: usize = 256 << 20;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What people call it.
    pub name: &'static str,
    /// Whether a text looks like it; the first format that says so reads it.
    pub knows: fn(&Text<'_>) -> bool,
    pub read: fn(&Text<'_>) -> Result<Run, ImportError>,
}

/// Every format, the most particular first.
pub const FORMATS: &[Format] = &[atlas::FORMAT, sglang::FORMAT, vllm::FORMAT, llama_cpp::FORMAT];

/// A text, and its JSON if it is JSON as a whole.
#[derive(Debug)]
pub struct Text<'a> {
    pub text: &'a str,
    pub json: Option<Value>,
}

/// Why a text is no run that can be shown.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(
        "it is neither a run file, nor a MoE Atlas trace, a moe-trace CSV, or a vLLM or SGLang response with `routed_experts`"
    )]
    Unknown,
    #[error("it is {bytes} bytes long, and texts of up to {most} bytes are read")]
    TooLong { bytes: usize, most: usize },
    #[error("line {line} is not as the format has it ({what})")]
    Line { line: usize, what: String },
    #[error("`{field}` is missing or not as the format has it")]
    Field { field: &'static str },
    #[error("its base64 is damaged ({0})")]
    Base64(#[from] base64::DecodeError),
    #[error("its NumPy array is damaged: {0}")]
    Npy(&'static str),
    #[error("{what}: {got} numbers do not divide into {into}")]
    Uneven {
        what: &'static str,
        got: usize,
        into: usize,
    },
    #[error(
        "an SGLang response does not say how many experts a token chooses in how many layers; add \"moe_layers\" and \"top_k\" to it as numbers"
    )]
    NoShape,
    #[error("token {token} names {got} experts in layer {layer}, where {top_k} belong")]
    Choices {
        token: usize,
        layer: u32,
        got: usize,
        top_k: usize,
    },
    #[error("its traces are of different models ({first} and {other})")]
    Mixed { first: String, other: String },
    #[error("it names expert {0}, which no model has")]
    Expert(i64),
    #[error("no token in it has chosen an expert")]
    Empty,
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Reads a file, of ours or of another program.
pub fn open(bytes: &[u8]) -> Result<(Run, &'static str), ImportError> {
    match crate::read(bytes) {
        Ok(run) => Ok((run, "moescope run")),
        // A text begins with no length of a header that a safetensors file could have.
        Err(err @ (RunError::Carrier(_) | RunError::Limit { .. })) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.starts_with(|first: char| first.is_control()) => import(text),
            _ => Err(err.into()),
        },
        Err(err) => Err(err.into()),
    }
}

/// Reads a text in whichever format it is, and tells its name.
pub fn import(text: &str) -> Result<(Run, &'static str), ImportError> {
    if text.len() > MOST_TEXT_BYTES {
        return Err(ImportError::TooLong {
            bytes: text.len(),
            most: MOST_TEXT_BYTES,
        });
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = Text {
        text,
        json: serde_json::from_str(text).ok(),
    };
    let format = FORMATS.iter().find(|format| (format.knows)(&text));
    let format = format.ok_or(ImportError::Unknown)?;
    let run = (format.read)(&text)?;
    crate::check::check(&run)?;
    Ok((run, format.name))
}
