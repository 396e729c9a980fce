//! Economies of scale: the batch that demand makes, the devices it needs, and what a token then costs.
//!
//! Little's law ties them: with `d` tokens per second wanted of one copy of the model and `t(B)` seconds
//! per step, `B = d·t(B)` sequences are under way. Below one sequence the device waits; above what
//! memory, or the slowest speed users bear, allows, another copy is needed.

use super::money;
use super::parameters::Sizes;
use super::roofline::{self, Serving, Step, step};

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    pub tokens_per_second: f64,
    /// Positions in the cache of each sequence.
    pub context: f64,
    /// Tokens per second each user must at least get; 0: any.
    pub least_user_speed: f64,
    /// Share of memory kept free.
    pub reserve: f64,
    /// Of one device.
    pub dollars_per_hour: f64,
}

/// What serves it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fleet {
    /// Devices that hold one copy: the entry ticket.
    pub devices_per_copy: f64,
    pub copies: f64,
    /// Largest batch of a copy that memory and users allow.
    pub most_batch: f64,
    /// Tokens per second of a copy at that batch.
    pub saturated: f64,
    /// What a copy does at this demand.
    pub step: Step,
    /// Share of its time a copy is busy; below one only where demand is under one sequence.
    pub busy: f64,
    /// Share of what the fleet could do that is wanted.
    pub utilisation: f64,
    pub dollars_per_hour: f64,
    pub per_million: f64,
    /// Dollars per million tokens with every copy full.
    pub saturated_per_million: f64,
}

impl Fleet {
    pub fn devices(&self) -> f64 {
        self.devices_per_copy * self.copies
    }
}

/// The least fleet that serves a demand. `serving.devices` is found here.
pub fn fleet(sizes: &Sizes, serving: &Serving, demand: &Demand) -> Fleet {
    let devices_per_copy = roofline::fewest_devices(sizes, serving, demand.context, demand.reserve);
    let serving = Serving {
        devices: devices_per_copy,
        ..*serving
    };
    let most_batch = most_batch(sizes, &serving, demand);
    let full = step(sizes, &serving, most_batch, demand.context);
    let saturated = full.tokens_per_second();
    let copies = (demand.tokens_per_second / saturated).ceil().max(1.0);
    let wanted = demand.tokens_per_second / copies;
    let batch = batch_for(sizes, &serving, demand.context, wanted, most_batch);
    let dollars_per_hour = demand.dollars_per_hour * devices_per_copy * copies;
    let now = step(sizes, &serving, batch.max(1.0), demand.context);
    Fleet {
        devices_per_copy,
        copies,
        most_batch,
        saturated,
        step: now,
        busy: batch.min(1.0),
        utilisation: wanted / saturated,
        dollars_per_hour,
        per_million: money::per_million(dollars_per_hour, demand.tokens_per_second),
        saturated_per_million: money::per_million(demand.dollars_per_hour * devices_per_copy, saturated),
    }
}

/// Largest batch of one copy: what memory holds, and no more than users bear.
fn most_batch(sizes: &Sizes, serving: &Serving, demand: &Demand) -> f64 {
    let fits = roofline::most_sequences(sizes, serving, demand.context, demand.reserve).max(1.0);
    let bears =
        |batch: f64| step(sizes, serving, batch, demand.context).user_speed() >= demand.least_user_speed;
    largest(fits, bears)
}

/// Fixed point of `B = d·t(B)`: the step time grows with B more slowly than B itself.
fn batch_for(sizes: &Sizes, serving: &Serving, context: f64, wanted: f64, most: f64) -> f64 {
    let gives = |batch: f64| step(sizes, serving, batch, context).tokens_per_second();
    let alone = gives(1.0);
    if wanted <= alone {
        // Under one sequence the device is idle between tokens.
        return wanted / alone;
    }
    largest(most, |batch| gives(batch) <= wanted)
}

/// Largest batch from 1 to `most` of which something holds that holds for all smaller ones.
fn largest(most: f64, holds: impl Fn(f64) -> bool) -> f64 {
    if holds(most) {
        return most;
    }
    let (mut low, mut high) = (1.0, most);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
