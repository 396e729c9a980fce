//! The way to the page.

use serde::Serialize;
use web_sys::DedicatedWorkerGlobalScope;

use crate::protocol::{Envelope, Event};

/// Posts events to the page.
#[derive(Clone)]
pub struct Post {
    scope: DedicatedWorkerGlobalScope,
}

impl Post {
    /// The way out of this worker.
    pub fn new(scope: DedicatedWorkerGlobalScope) -> Self {
        Self { scope }
    }

    /// Tells some events in one message.
    pub fn events(&self, events: Vec<Event>) {
        let message = Envelope::new(events).serialize(&serde_wasm_bindgen::Serializer::new());
        // Events are plain data and always serialize; a page that is gone hears nothing.
        let _ = message.map(|message| self.scope.post_message(&message));
    }

    /// Smallest step seen of this worker's clock, microseconds.
    pub fn clock_micros(&self) -> f64 {
        const STEPS: usize = 5;
        const MOST_READINGS: usize = 1_000_000;
        let (mut last, mut steps, mut smallest) = (self.now_millis(), 0, f64::INFINITY);
        for _ in 0..MOST_READINGS {
            let now = self.now_millis();
            if now > last {
                smallest = smallest.min(now - last);
                last = now;
                steps += 1;
            }
            if steps == STEPS {
                break;
            }
        }
        if smallest.is_finite() {
            (smallest * 1e3).round()
        } else {
            0.0
        }
    }

    /// Milliseconds on this worker's clock.
    pub fn now_millis(&self) -> f64 {
        self.scope.performance().map_or(0.0, |clock| clock.now())
    }
}
