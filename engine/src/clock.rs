//! Elapsed time, natively and in the browser.

#[cfg(not(target_arch = "wasm32"))]
use std::time::Instant;
#[cfg(target_arch = "wasm32")]
use web_time::Instant;

/// A started stopwatch.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds from this start to another; less than 0 where that was earlier.
    pub fn micros_until(self, other: Self) -> f64 {
        match other.0.checked_duration_since(self.0) {
            Some(elapsed) => elapsed.as_secs_f64() * 1e6,
            None => -self.0.duration_since(other.0).as_secs_f64() * 1e6,
        }
    }

    /// Microseconds since the start.
    pub fn micros(self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e6
    }
}
