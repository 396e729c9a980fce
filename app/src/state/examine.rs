//! Looking closely at tokens: what was asked for, and what was found.

use std::rc::Rc;

use super::AppState;
use crate::protocol::{Examined, Request};

/// Tokens that are remembered; each brings the sources of its kernels.
const MOST: usize = 64;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Position that was asked for.
    pub asked: Option<u32>,
    /// In the order they were looked at.
    found: Vec<Rc<Examined>>,
}

impl Examination {
    /// What a recording tells.
    pub fn of(found: Vec<Examined>) -> Self {
        Self {
            asked: None,
            found: found.into_iter().map(Rc::new).collect(),
        }
    }

    /// All there is, in the order of positions.
    pub fn all(&self) -> Vec<Rc<Examined>> {
        let mut all = self.found.clone();
        all.sort_by_key(|found| found.position);
        all
    }

    /// Tokens that were looked at.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Remembers what was found, in the place of what was known of that position.
    pub fn add(&mut self, found: Examined) {
        self.found.retain(|known| known.position != found.position);
        if self.found.len() >= MOST {
            self.found.remove(0);
        }
        self.found.push(Rc::new(found));
    }

    /// Whether something else is asked for or known than in `other`.
    pub fn differs(&self, other: &Self) -> bool {
        let newest = |own: &Self| (own.count(), own.found.last().map(Rc::as_ptr));
        self.asked != other.asked || newest(self) != newest(other)
    }

    /// What was found at a position.
    pub fn at(&self, position: u32) -> Option<&Rc<Examined>> {
        self.found.iter().find(|found| found.position == position)
    }

    /// Positions from here on are computed anew.
    pub fn forget_from(&mut self, position: u32) {
        self.found.retain(|found| found.position < position);
    }
}

/// Whether a token can be looked at just now: nothing is being written, and the run is the model's own.
pub fn is_possible(state: &AppState) -> bool {
    let is_free = state.activity.is_idle() && state.examination.asked.is_none();
    is_free && state.model.is_some() && state.replay.is_none()
}

/// Asks for it.
pub fn ask(state: &mut AppState, position: u32) -> Option<Request> {
    let is_known = state.conversation.row(position).is_some();
    (is_known && is_possible(state)).then(|| {
        state.examination.asked = Some(position);
        Request::Examine { position }
    })
}
