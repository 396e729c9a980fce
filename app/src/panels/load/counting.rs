//! Counting in pieces: a long conversation of a large model has millions of choices, which is more than a
//! frame's time.

use super::Traced;
use crate::gradual::Work;
use crate::same::Same;
use crate::state::Model;
use crate::state::select::compare::{self, Side};
use crate::state::select::load::{Coverage, LayerUse, Part, Tally, is_in};

/// Positions of one step: far less than a piece of time.
const STEP: usize = 16;

/// What is counted of one part; it does not change with the selection.
pub struct Counted {
    pub layers: Vec<LayerUse>,
    pub counts: Vec<u32>,
    pub coverage: Coverage,
}

/// Counts one part.
pub struct OfPart {
    model: Same<Model>,
    traced: Traced,
    is_in: Vec<bool>,
    tally: Tally,
    next: usize,
}

impl OfPart {
    pub fn new(model: &Same<Model>, traced: &Traced, part: Part) -> Self {
        Self {
            is_in: is_in(traced.conversation(), part),
            tally: Tally::new(&model.facts),
            next: 0,
            model: model.clone(),
            traced: traced.clone(),
        }
    }
}

impl Work for OfPart {
    type Found = Counted;

    fn step(&mut self) -> bool {
        let until = (self.next + STEP).min(self.traced.positions());
        for position in self.next..until {
            let Self {
                traced, is_in, tally, ..
            } = self;
            let row = |at: usize| traced.row(at).filter(|_| is_in[at]);
            if let Some(own) = row(position) {
                tally.add(own, position.checked_sub(1).and_then(row));
            }
        }
        self.next = until;
        until < self.traced.positions()
    }

    fn found(&self) -> Option<Counted> {
        let facts = &self.model.facts;
        (self.next == self.traced.positions()).then(|| Counted {
            layers: self.tally.layers(facts),
            counts: self.tally.counts.of_slots.clone(),
            coverage: self.tally.coverage(facts),
        })
    }
}

/// Counts every side of a comparison.
pub struct OfSides {
    traced: Traced,
    counting: compare::Counting,
    next: usize,
}

impl OfSides {
    pub fn new(model: &Same<Model>, traced: &Traced) -> Self {
        Self {
            counting: compare::Counting::new(&model.facts, traced.conversation()),
            traced: traced.clone(),
            next: 0,
        }
    }
}

impl Work for OfSides {
    type Found = Vec<Side>;

    fn step(&mut self) -> bool {
        let until = (self.next + STEP).min(self.traced.positions());
        for position in self.next..until {
            if let Some(row) = self.traced.row(position) {
                self.counting.add(position, row);
            }
        }
        self.next = until;
        until < self.traced.positions()
    }

    fn found(&self) -> Option<Vec<Side>> {
        let is_done = self.next == self.traced.positions();
        is_done.then(|| self.counting.sides(self.traced.conversation()))
    }
}
