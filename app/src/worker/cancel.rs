//! What the visitor no longer wants: the newest load and generation that were cancelled.
//!
//! Ids only grow, so everything up to the newest cancelled one is cancelled too.

use std::cell::Cell;

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
