//! How fast a device moves memory where nothing else is to be done: what achieved bandwidth is held
//! against.

use std::hint::black_box;

use super::Device;
use crate::clock::Clock;
use crate::error::Error;

/// More than caches usually hold.
const BYTES: usize = 64 << 20;
/// Of one of several workers.
const LEAST_BYTES: usize = 16 << 20;
/// Of which the fastest counts: the others met something else at work.
const TRIES: u32 = 5;

impl Device {
    /// Bytes per second: read on a processor, by as many workers as compute; read and written on a GPU.
    pub async fn bandwidth(&self) -> Result<f64, Error> {
        match self {
            Self::Gpu(context) => Ok(context.bandwidth(BYTES as u64, TRIES).await?),
            Self::Team(lead) => {
                let share = (BYTES / lead.size()).max(LEAST_BYTES);
                Ok(lead.bandwidth(share as u32, TRIES)?)
            }
            Self::Cpu | Self::Twins => Ok(read_rate(BYTES, TRIES)),
        }
    }

    /// Workers of a processor that compute together; none on a GPU.
    pub fn threads(&self) -> usize {
        match self {
            Self::Gpu(_) => 0,
            Self::Team(lead) => lead.size(),
            Self::Cpu | Self::Twins => 1,
        }
    }
}

/// Bytes per second of one worker, the fastest of so many times.
pub(crate) fn read_rate(bytes: usize, times: u32) -> f64 {
    // Nothing but zeroes would be mapped to one page by some systems.
    let words: Vec<u64> = (0..(bytes / 8) as u64).collect();
    let mut shortest = f64::INFINITY;
    for _ in 0..times {
        let clock = Clock::start();
        black_box(sum(black_box(&words)));
        shortest = shortest.min(clock.micros());
    }
    // A clock that did not tick saw less than its own step.
    bytes as f64 / (shortest.max(1.0) / 1e6)
}

/// Eight sums side by side, which the compiler makes vectors of.
fn sum(words: &[u64]) -> u64 {
    let (rows, _) = words.as_chunks::<8>();
    let mut sums = [0u64; 8];
    for row in rows {
        for (sum, word) in sums.iter_mut().zip(row) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.iter().fold(0, |all, sum| all.wrapping_add(*sum))
}
