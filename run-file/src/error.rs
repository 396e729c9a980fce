//! Why a file is no run that can be shown.

use crate::columns::Dim;

/// What is wrong, with the values a person needs.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("it is {bytes} bytes long, and runs of up to {most} bytes are opened")]
    TooLarge { bytes: u64, most: u64 },
    #[error("it is not a whole safetensors file ({0})")]
    Carrier(String),
    #[error("it is a safetensors file, but its header does not say that it holds a recorded run")]
    NoRun,
    #[error("it is of version {got} of the format, and this program reads version {known}")]
    Version { got: String, known: u32 },
    #[error("its header cannot be read ({0})")]
    Header(#[from] serde_json::Error),
    #[error("the array {name} is missing")]
    Missing { name: &'static str },
    #[error("the array {name} holds {got}, where {expected} belongs")]
    Type {
        name: &'static str,
        expected: String,
        got: String,
    },
    #[error("the array {name} has the shape {got:?}, where {expected:?} is {dims:?}")]
    Shape {
        name: &'static str,
        dims: &'static [Dim],
        expected: Vec<usize>,
        got: Vec<usize>,
    },
    #[error("{what} is {got}, which is more than the {most} that can be shown")]
    Limit { what: &'static str, got: u64, most: u64 },
    #[error("expert {got} was chosen, but the model has {n_experts}")]
    Expert { got: u16, n_experts: u32 },
    #[error("its generations hold {told} {what}, and its arrays {held}")]
    Count {
        what: &'static str,
        told: u64,
        held: u64,
    },
    #[error("the offsets of {name} do not divide its bytes")]
    Offsets { name: &'static str },
    #[error("position {position} was computed, but there are only {tokens} tokens")]
    Position { position: u64, tokens: u64 },
}
