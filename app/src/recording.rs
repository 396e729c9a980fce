//! Between the state of the page and the run file: a conversation is written as columns, and columns are
//! read as the events that fold into the same conversation.

mod examined;
mod facts;
mod read;
mod write;

pub use read::recording;
pub use write::{About, Writing, run, title};

use crate::protocol::Finish;

/// Names of the ways a generation ends, as the file has them.
const FINISHES: [(Finish, &str); 4] = [
    (Finish::Stop, "stop"),
    (Finish::MaxTokens, "maxTokens"),
    (Finish::ContextFull, "contextFull"),
    (Finish::Cancelled, "cancelled"),
];
