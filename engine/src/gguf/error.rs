//! Why a file is refused, each with the numbers a person needs to find the fault.

use super::{Looks, ValueType};
use crate::quant::Format;
use crate::source::SourceError;

/// What is wrong with a GGUF file, or with the use of its metadata.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    #[error(transparent)]
    Source(#[from] SourceError),

    // The file as a whole.
    #[error("the file is empty; perhaps its download was interrupted")]
    Empty,
    #[error("this is not a GGUF file: it looks like {0}")]
    NotGguf(Looks),
    #[error(
        "GGUF version {found} is not supported, only 2 and 3; convert the model again with a current llama.cpp"
    )]
    Version { found: u32 },
    #[error(
        "the file is part {part} of a model split into {parts}, and {given} came; open all parts together, \
         or by the address of the first"
    )]
    Split { part: u64, parts: u64, given: usize },
    #[error(
        "the parts of the split model are in another order: number {part} stands where number {expected} should"
    )]
    SplitOrder { part: u64, expected: usize },
    #[error(
        "the file ends at byte {length}, {missing} bytes before the end of what its header says at byte {at}: it is truncated or damaged"
    )]
    HeaderTruncated { at: u64, missing: u64, length: u64 },
    #[error("the header takes {needed} bytes or more; the most accepted is {most}: the file is damaged")]
    HeaderTooLarge { needed: u64, most: u64 },
    #[error("the header announces {found} {what}; the most accepted is {most}: the file is damaged")]
    TooMany {
        what: &'static str,
        found: u64,
        most: u64,
    },
    #[error("the name at byte {at} is {found} bytes long; the most accepted is {most}: the file is damaged")]
    NameTooLong { at: u64, found: u64, most: u64 },
    #[error("the text at byte {at} is not UTF-8: the file is damaged")]
    NotText { at: u64 },

    // Key-value pairs.
    #[error("the key {key:?} occurs twice")]
    DuplicateKey { key: Box<str> },
    #[error("the value of {key:?} has the unknown type number {found}")]
    UnknownValueType { key: Box<str>, found: u32 },
    #[error("the value of {key:?} is {found}, which is neither true (1) nor false (0)")]
    NotBool { key: Box<str>, found: u8 },
    #[error("the value of {key:?} is an array of arrays nested more than {most} deep")]
    NestedTooDeep { key: Box<str>, most: u32 },
    #[error("general.alignment is {found}, which is no power of two")]
    Alignment { found: u64 },
    #[error("the file does not say {key:?}")]
    MissingKey { key: Box<str> },
    #[error("{key:?} should be {expected}, but it is {found}")]
    WrongType {
        key: Box<str>,
        expected: &'static str,
        found: &'static str,
    },
    #[error("{key:?} should be {expected}, but it is an array of {found}")]
    WrongItems {
        key: Box<str>,
        expected: &'static str,
        found: ValueType,
    },
    #[error("{key:?} should be {expected}, but {found} does not fit")]
    DoesNotFit {
        key: Box<str>,
        expected: &'static str,
        found: i128,
    },

    // Tensors.
    #[error("the tensor {tensor:?} occurs twice")]
    DuplicateTensor { tensor: Box<str> },
    #[error("the tensor {tensor:?} has {found} dimensions; 1 to 4 are possible")]
    Dimensions { tensor: Box<str>, found: u32 },
    #[error(
        "the tensor {tensor:?} has the sizes {dims:?}: no size may be 0 and their product must fit 63 bits"
    )]
    Shape { tensor: Box<str>, dims: Box<[u64]> },
    #[error("the tensor {tensor:?} is stored as {name}; supported are {}", supported())]
    UnsupportedFormat { tensor: Box<str>, name: &'static str },
    #[error(
        "the tensor {tensor:?} has the unknown type number {found}; supported are {}",
        supported()
    )]
    UnknownFormat { tensor: Box<str>, found: u32 },
    #[error("a row of the tensor {tensor:?} has {cols} elements, no multiple of the {} of a {format} block", format.block_elements())]
    RowNotBlocks {
        tensor: Box<str>,
        format: Format,
        cols: u64,
    },
    #[error("the tensor {tensor:?} starts at offset {offset}, no multiple of the alignment {alignment}")]
    Unaligned {
        tensor: Box<str>,
        offset: u64,
        alignment: u64,
    },
    #[error(
        "the tensor {tensor:?} ends {missing} bytes past the end of the file ({length} bytes): the file is truncated; download it again"
    )]
    TensorTruncated {
        tensor: Box<str>,
        missing: u64,
        length: u64,
    },
}

/// The formats this engine reads, for a sentence.
fn supported() -> String {
    Format::ALL
        .iter()
        .map(|format| format.name())
        .collect::<Vec<_>>()
        .join(", ")
}
