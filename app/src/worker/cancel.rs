//! What the visitor no longer wants: the newest load and generation that were cancelled.
//!
//! Ids only grow, so everything up to the newest cancelled one is cancelled too.

use std::cell::Cell;
use std::rc::Rc;

use moescope_engine::source::SourceError;

use super::source::io;

/// See the module.
#[derive(Default)]
pub struct Cancelled {
    load_id: Cell<u32>,
    generation_id: Cell<u32>,
}

impl Cancelled {
    /// Cancels a load.
    pub fn load(&self, load_id: u32) {
        self.load_id.set(self.load_id.get().max(load_id));
    }

    /// Cancels a generation.
    pub fn generation(&self, generation_id: u32) {
        self.generation_id
            .set(self.generation_id.get().max(generation_id));
    }

    /// Whether a load is no longer wanted.
    pub fn is_load(&self, load_id: u32) -> bool {
        load_id <= self.load_id.get()
    }

    /// Whether a generation is no longer wanted.
    pub fn is_generation(&self, generation_id: u32) -> bool {
        generation_id <= self.generation_id.get()
    }
}

/// One load, and whether it is still wanted.
#[derive(Clone)]
pub struct LoadToken {
    cancelled: Rc<Cancelled>,
    load_id: u32,
}

impl LoadToken {
    pub fn new(cancelled: &Rc<Cancelled>, load_id: u32) -> Self {
        Self {
            cancelled: Rc::clone(cancelled),
            load_id,
        }
    }

    /// An error once the visitor no longer wants this load: that is how it ends. `name`: what is loaded.
    pub fn check(&self, name: &str) -> Result<(), SourceError> {
        if self.cancelled.is_load(self.load_id) {
            Err(io(name, "loading was cancelled"))
        } else {
            Ok(())
        }
    }
}
