//! Conversations kept in this browser.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// What the page knows of them.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The newest first.
    pub entries: Rc<[KeptEntry]>,
    /// Why nothing is kept, if nothing is.
    pub trouble: Option<String>,
}

/// One of them, as it stands in the browser's database beside its run file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptEntry {
    pub id: String,
    pub title: String,
    /// Of the last change, RFC 3339.
    pub date: String,
    pub model: String,
    /// Of prompts and answers.
    pub tokens: u64,
    /// Of its run file.
    pub bytes: u64,
}
