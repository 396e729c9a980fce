//! What one token paid attention to, and how much of it a smaller cache would have forgotten.

use super::super::AppState;
use crate::protocol::Examined;

/// Attention of one token: each position's share, mean over heads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention<'a> {
    /// Transformer blocks. `(layers)`
    pub layers: &'a [u32],
    /// `(layers, positions)`
    pub mass: &'a [f32],
    /// Its own included.
    pub positions: usize,
}

/// What a cache with a policy keeps: the first positions, and the most recent ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub sinks: u32,
    pub recent: u32,
}

impl<'a> Attention<'a> {
    /// Of an examined token; none where no layer attends.
    pub fn of(found: &'a Examined) -> Option<Self> {
        let positions = found.position as usize + 1;
        let is_whole = found.attention.len() == found.layers.len() * positions;
        (is_whole && !found.layers.is_empty()).then_some(Self {
            layers: &found.layers,
            mass: &found.attention,
            positions,
        })
    }

    /// Each layer's own. `(positions)`
    pub fn by_layer(&self) -> impl Iterator<Item = &'a [f32]> {
        self.mass.chunks_exact(self.positions)
    }

    /// Mean over layers. `(positions)`
    pub fn mean(&self) -> Vec<f32> {
        let mut mean = vec![0.0; self.positions];
        for mass in self.by_layer() {
            mean.iter_mut().zip(mass).for_each(|(mean, mass)| *mean += mass);
        }
        mean.iter_mut().for_each(|mean| *mean /= self.layers.len() as f32);
        mean
    }

    /// Share of attention that went to positions a policy would not hold any more, mean over layers.
    pub fn forgotten(&self, policy: Policy) -> f64 {
        forgotten(&self.mean(), policy)
    }
}

/// Sum over the positions between the first `sinks` and the last `recent`.
pub fn forgotten(mass: &[f32], policy: Policy) -> f64 {
    let until = mass.len().saturating_sub(policy.recent as usize);
    let gone = mass.get(policy.sinks as usize..until).unwrap_or_default();
    gone.iter().map(|mass| f64::from(*mass)).sum()
}

/// The positions that got most, with their shares.
pub fn most(mass: &[f32], number: usize) -> Vec<(u32, f32)> {
    let mut sorted: Vec<(u32, f32)> = (0..).zip(mass.iter().copied()).collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    sorted.truncate(number);
    sorted
}

/// The text at a position.
pub fn text(state: &AppState, position: u32) -> &str {
    state.conversation.mark(position).map_or("", |mark| &mark.text)
}
