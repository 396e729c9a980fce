//! Distinct experts of a batch: what B tokens decoded together touch, in one layer.
//!
//! Uniform, independent routing of k among E: `N(B) = E·(1 − (1 − k/E)^B)`. A router that prefers some
//! experts, p_e of the time: `N(B) = Σ_e 1 − (1 − p_e)^B`, which is never more. And measured: the union
//! of what recorded tokens chose, when B of them are taken to have arrived together.

use crate::random::SplitMix;

/// N(B), uniform.
pub fn distinct(batch: f64, n_experts: u32, top_k: u32) -> f64 {
    let experts = f64::from(n_experts);
    if n_experts == 0 {
        return 0.0;
    }
    experts * (1.0 - (1.0 - f64::from(top_k) / experts).powf(batch))
}

/// N(B) where each expert is chosen at its own rate. `rates` sum to k. (n_experts)
pub fn distinct_skewed(batch: f64, rates: &[f64]) -> f64 {
    rates.iter().map(|rate| 1.0 - (1.0 - rate).powf(batch)).sum()
}

/// B at which a share of all experts is touched.
pub fn batch_for_share(share: f64, n_experts: u32, top_k: u32) -> f64 {
    (1.0 - share).ln() / (1.0 - f64::from(top_k) / f64::from(n_experts)).ln()
}

/// Tokens that each touched expert serves: the batch an expert sees. B·k / N(B)
pub fn tokens_per_expert(batch: f64, n_experts: u32, top_k: u32) -> f64 {
    batch * f64::from(top_k) / distinct(batch, n_experts, top_k)
}

/// Recorded choices. `(positions, moe_layers, top_k)`
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a> {
    /// One slice per position. `(moe_layers, top_k)`
    pub positions: &'a [&'a [u16]],
    pub moe_layers: usize,
    pub n_experts: usize,
    pub top_k: usize,
}

/// Distinct experts per layer at one batch size, over several draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub batch: u32,
    pub mean: f64,
    /// Least and greatest of the draws.
    pub low: f64,
    pub high: f64,
}

impl Choices<'_> {
    /// Distinct experts of batches of 1, 2, 4 … up to `most`, mean over layers. Each draw shuffles the
    /// positions and lets them arrive in that order; batches end where the recording does, because a
    /// larger one would have to repeat tokens.
    pub fn measured(&self, most: u32, draws: u32, seed: u64) -> Vec<Spread> {
        let mut random = SplitMix::new(seed);
        let mut spreads: Vec<Spread> = Vec::new();
        for _ in 0..draws {
            for (at, (batch, distinct)) in self.one_draw(most, &mut random).into_iter().enumerate() {
                match spreads.get_mut(at) {
                    Some(spread) => {
                        spread.mean += distinct;
                        spread.low = spread.low.min(distinct);
                        spread.high = spread.high.max(distinct);
                    }
                    None => spreads.push(Spread {
                        batch,
                        mean: distinct,
                        low: distinct,
                        high: distinct,
                    }),
                }
            }
        }
        spreads
            .iter_mut()
            .for_each(|spread| spread.mean /= f64::from(draws));
        spreads
    }

    fn one_draw(&self, most: u32, random: &mut SplitMix) -> Vec<(u32, f64)> {
        let mut order: Vec<usize> = (0..self.positions.len()).collect();
        let mut touched = vec![false; self.moe_layers * self.n_experts];
        let (mut distinct, mut next, mut found) = (0u32, 1u32, Vec::new());
        let most = (most as usize).min(order.len());
        for arrived in 0..most {
            let left = order.len() - arrived;
            order.swap(arrived, arrived + (random.next() % left as u64) as usize);
            distinct += self.touch(order[arrived], &mut touched);
            if arrived + 1 == next as usize || arrived + 1 == most {
                found.push((
                    arrived as u32 + 1,
                    f64::from(distinct) / self.moe_layers.max(1) as f64,
                ));
                next *= 2;
            }
        }
        found
    }

    /// Marks what a position chose and tells how much of it is new.
    fn touch(&self, position: usize, touched: &mut [bool]) -> u32 {
        let mut fresh = 0;
        for (at, &expert) in self.positions[position].iter().enumerate() {
            let slot = at / self.top_k.max(1) * self.n_experts + usize::from(expert);
            if let Some(touched) = touched.get_mut(slot).filter(|touched| !**touched) {
                *touched = true;
                fresh += 1;
            }
        }
        fresh
    }

    /// How often each expert of each layer was chosen, per position. `(moe_layers, n_experts)`
    pub fn rates(&self) -> Vec<f64> {
        let mut rates = vec![0.0; self.moe_layers * self.n_experts];
        for (at, &expert) in self.positions.iter().flat_map(|ids| ids.iter().enumerate()) {
            let slot = at / self.top_k.max(1) * self.n_experts + usize::from(expert);
            if let Some(rate) = rates.get_mut(slot) {
                *rate += 1.0 / self.positions.len() as f64;
            }
        }
        rates
    }

    /// N(B) at the rates recorded, mean over layers.
    pub fn skewed(&self, batch: f64) -> f64 {
        distinct_skewed(batch, &self.rates()) / self.moe_layers.max(1) as f64
    }
}
