//! A second run, opened only to be compared with what is on screen.

use super::replay::{self, Recording};
use super::select::compare::{self, Side};
use crate::protocol::ModelFacts;

/// What a comparison needs of it.
#[derive(Clone, Debug)]
pub struct Beside {
    pub title: String,
    pub facts: ModelFacts,
    pub sides: Vec<Side>,
}

impl Beside {
    /// Counts a recording; nothing else of it is kept.
    pub fn of(recording: Recording) -> Self {
        let (title, facts) = (recording.title.clone(), recording.model.facts.clone());
        let sides = compare::sides(&facts, &replay::fold(recording));
        Self { title, facts, sides }
    }
}
