//! What the worker has to say, as values: the words for it are the page's, in the visitor's language. Why a
//! file or a device was refused is the engine's own sentence, and stays as it is.

use serde::{Deserialize, Serialize};

use super::Executor;

/// Something that went wrong, or that a visitor should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// A sentence that somebody has put into words already.
    Text(String),
    NoModel,
    NoAnswer(String),
    /// The prompt does not fit beside what was said before.
    TooLong {
        tokens: u64,
        capacity: u64,
    },
    /// An answer cannot go on from another token there.
    NoBranch,
    NotLoaded {
        name: String,
        why: String,
    },
    /// The model stays where it was fetched from.
    NotKept(String),
    NothingToExamine,
    NotExamined(String),
    NotMeasured(String),
    NothingToCompare,
    /// To hold a model beside another.
    TooLarge {
        megabytes: u64,
        most: u64,
    },
    NotCompared(String),
    FileNotCompared {
        name: String,
        why: String,
    },
    /// A reference was asked for by its address.
    NotAFile,
    NotDeleted(String),
    OddTemplate(String),
    Fault(String),
    Unknown(String),
    Versions {
        page: u32,
        worker: u32,
    },
}

impl From<&str> for Told {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// Why this executor was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// As a recording has it, or the engine.
    Text(String),
    AskedFor(Executor),
    GpuIsThere,
    NoAdapter,
    SoftwareAdapter,
}

impl From<&str> for Why {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}
