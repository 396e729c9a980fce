//! Looking closely at one token: what was asked for, and what was found last.

use std::rc::Rc;

use super::AppState;
use crate::protocol::{Examined, Request};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Position that was asked for.
    pub asked: Option<u32>,
    pub found: Option<Rc<Examined>>,
}

impl Examination {
    /// Whether something else is asked for or known than in `other`.
    pub fn differs(&self, other: &Self) -> bool {
        let found = |own: &Self| own.found.as_ref().map(Rc::as_ptr);
        self.asked != other.asked || found(self) != found(other)
    }

    /// What was found at a position.
    pub fn at(&self, position: u32) -> Option<&Rc<Examined>> {
        self.found.as_ref().filter(|found| found.position == position)
    }

    /// Positions from here on are computed anew.
    pub fn forget_from(&mut self, position: u32) {
        self.found.take_if(|found| found.position >= position);
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
