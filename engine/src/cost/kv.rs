//! What a layer keeps of earlier positions, and the work of attending to it.
//!
//! | layer          | elements at S positions        | operations for one token |
//! |----------------|--------------------------------|--------------------------|
//! | MHA, GQA, MQA  | 2·g·c·S                        | 4·h·c·S                  |
//! | window of W    | 2·g·c·min(S, W)                | 4·h·c·min(S, W)          |
//! | MLA, absorbed  | (r_kv + r_rope)·S              | 2·h·S·(2·r_kv + r_rope)  |
//! | recurrent      | constant                       | left out: constant, small |
//!
//! g key-value heads, h query heads, c elements per head. Fewer key-value heads save bytes, never
//! operations.

use super::parameters::{Sizes, WeightBytes};

/// What one layer keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cache {
    /// Keys and values per key-value head.
    KeyValue {
        n_heads: u32,
        n_kv_heads: u32,
        head_dim: u32,
        /// Positions a token sees; `None`: all.
        window: Option<u32>,
    },
    /// One latent and one rotated key per position for all heads.
    Latent {
        n_heads: u32,
        d_latent: u32,
        n_rot: u32,
        /// Elements of one head's key and value, were they kept.
        d_head: u32,
    },
    /// As much at every length.
    State { elements: u64 },
}

impl Cache {
    /// Positions kept of so many.
    fn seen(&self, positions: f64) -> f64 {
        match self {
            Self::KeyValue {
                window: Some(window), ..
            } => positions.min(f64::from(*window)),
            _ => positions,
        }
    }

    /// Elements one position adds while it is kept.
    pub fn elements_per_position(&self) -> f64 {
        match *self {
            Self::KeyValue {
                n_kv_heads, head_dim, ..
            } => 2.0 * f64::from(n_kv_heads) * f64::from(head_dim),
            Self::Latent { d_latent, n_rot, .. } => f64::from(d_latent) + f64::from(n_rot),
            Self::State { .. } => 0.0,
        }
    }

    /// Elements kept at so many positions.
    pub fn elements(&self, positions: f64) -> f64 {
        match self {
            Self::State { elements } => *elements as f64,
            _ => self.elements_per_position() * self.seen(positions),
        }
    }

    /// The same layer, were keys and values of every head of every position kept.
    pub fn unshared(&self) -> Self {
        match *self {
            Self::KeyValue {
                n_heads, head_dim, ..
            } => Self::KeyValue {
                n_heads,
                n_kv_heads: n_heads,
                head_dim,
                window: None,
            },
            Self::Latent { n_heads, d_head, .. } => Self::Latent {
                n_heads,
                d_latent: n_heads * d_head,
                n_rot: 0,
                d_head,
            },
            state @ Self::State { .. } => state,
        }
    }

    /// The same layer without a window.
    pub fn unwindowed(&self) -> Self {
        match *self {
            Self::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                ..
            } => Self::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                window: None,
            },
            other => other,
        }
    }

    /// Operations per position attended to.
    fn flops_per_position(&self) -> f64 {
        match *self {
            Self::KeyValue {
                n_heads, head_dim, ..
            } => 4.0 * f64::from(n_heads) * f64::from(head_dim),
            Self::Latent {
                n_heads,
                d_latent,
                n_rot,
                ..
            } => 2.0 * f64::from(n_heads) * (2.0 * f64::from(d_latent) + f64::from(n_rot)),
            Self::State { .. } => 0.0,
        }
    }

    /// Operations of one token that attends to so many positions.
    pub fn flops(&self, positions: f64) -> f64 {
        self.flops_per_position() * self.seen(positions)
    }

    /// Operations of the tokens from `from` positions to `to`, each attending to all before it.
    fn flops_between(&self, from: f64, to: f64) -> f64 {
        // ∫ min(s, W) ds: half the square up to the window, a rectangle beyond.
        let until = |positions: f64| {
            let seen = self.seen(positions);
            seen * seen / 2.0 + (positions - seen) * seen
        };
        self.flops_per_position() * (until(to) - until(from))
    }
}

impl Sizes {
    /// Bytes kept of so many positions. `kv_bytes` per element
    pub fn kv_bytes(&self, positions: f64, kv_bytes: f64) -> f64 {
        let elements: f64 = self.caches.iter().map(|cache| cache.elements(positions)).sum();
        elements * kv_bytes
    }

    /// Bytes one position adds while no window is full.
    pub fn kv_bytes_per_position(&self, kv_bytes: f64) -> f64 {
        let elements: f64 = self.caches.iter().map(Cache::elements_per_position).sum();
        elements * kv_bytes
    }

    /// Operations of attention for one token at so many positions.
    pub fn attention_flops(&self, positions: f64) -> f64 {
        self.caches.iter().map(|cache| cache.flops(positions)).sum()
    }

    /// Operations of a prompt of `tokens`, of which the cache already holds `cached`.
    pub fn prefill_flops(&self, tokens: f64, cached: f64) -> f64 {
        let attention: f64 = self
            .caches
            .iter()
            .map(|cache| cache.flops_between(cached, tokens))
            .sum();
        self.weight_flops() * (tokens - cached) + attention
    }

    /// Context at which attention is as much work as the weights. S*
    pub fn flops_crossover(&self) -> Option<f64> {
        crossing(self.weight_flops(), |positions| self.attention_flops(positions))
    }

    /// Context at which one token reads as many bytes of cache as of weights. S**
    pub fn bytes_crossover(&self, weights: WeightBytes, kv_bytes: f64) -> Option<f64> {
        crossing(self.active_bytes(weights), |positions| {
            self.kv_bytes(positions, kv_bytes)
        })
    }
}

/// Where something that grows with the context reaches a value; `None`: not within a billion.
fn crossing(value: f64, of: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut low, mut high) = (0.0, 1e9);
    if of(high) < value {
        return None;
    }
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if of(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}
