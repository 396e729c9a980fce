//! A file that the loaded model is held against, from its choice to what came of it.

use std::rc::Rc;

use super::Economics;
use crate::protocol::{Event, FileFacts};

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reference {
    #[default]
    None,
    /// What it will take is told before it is opened.
    Chosen {
        name: String,
        bytes: u64,
    },
    UnderWay {
        name: String,
        bytes: u64,
        load_id: u32,
        done: u32,
        total: u32,
    },
    Known(Rc<FileFacts>),
}

impl Reference {
    /// It is asked for.
    pub(super) fn start(&mut self, load_id: u32) {
        if let Self::Chosen { name, bytes } = self {
            *self = Self::UnderWay {
                name: std::mem::take(name),
                bytes: *bytes,
                load_id,
                done: 0,
                total: 0,
            };
        }
    }

    /// It does not come; it may be asked for again.
    pub(super) fn end(&mut self) {
        if let Self::UnderWay { name, bytes, .. } = self {
            *self = Self::Chosen {
                name: std::mem::take(name),
                bytes: *bytes,
            };
        }
    }
}

impl Economics {
    /// What is heard of it.
    pub(super) fn hear_of_reference(&mut self, event: &Event) {
        match (&mut self.reference, event) {
            (
                Reference::UnderWay { done, total, .. },
                Event::Comparing {
                    done: now,
                    total: all,
                },
            ) => {
                (*done, *total) = (*now, *all);
            }
            (reference, Event::FileCompared(facts)) => *reference = Reference::Known(Rc::new(facts.clone())),
            (reference, _) => reference.end(),
        }
    }
}
