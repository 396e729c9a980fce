//! A model by its published geometry: what a configuration file says, made into [`Sizes`].
//!
//! Norm gains and biases, under a thousandth of the whole, are left out.

use super::kv::Cache;
use super::parameters::Sizes;

/// Published sizes of a decoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub layers: u32,
    /// Leading layers without experts; all of them in a dense model.
    pub dense_layers: u32,
    pub d_model: u32,
    pub vocab: u32,
    /// The input embedding is the output head.
    pub tied: bool,
    /// Width of the feed-forward layers without experts.
    pub dense_ff: u32,
    pub n_experts: u32,
    pub top_k: u32,
    pub expert_ff: u32,
    /// Width of what every token takes besides its experts, over all shared experts.
    pub shared_ff: u32,
    pub attention: Attention,
}

/// Its attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attention {
    Grouped {
        n_heads: u32,
        n_kv_heads: u32,
        head_dim: u32,
        /// Every so many-th layer sees all positions, the others this window.
        window: Option<(u32, u32)>,
    },
    Latent {
        n_heads: u32,
        q_rank: u32,
        d_latent: u32,
        n_rot: u32,
        d_nope: u32,
        d_value: u32,
    },
}

impl Attention {
    fn parameters(&self, d_model: u64) -> u64 {
        match *self {
            Self::Grouped {
                n_heads,
                n_kv_heads,
                head_dim,
                ..
            } => {
                let (heads, kv, dim) = (u64::from(n_heads), u64::from(n_kv_heads), u64::from(head_dim));
                d_model * dim * (2 * heads + 2 * kv)
            }
            Self::Latent {
                n_heads,
                q_rank,
                d_latent,
                n_rot,
                d_nope,
                d_value,
            } => {
                let (heads, rank, latent) = (u64::from(n_heads), u64::from(q_rank), u64::from(d_latent));
                let (rot, nope, value) = (u64::from(n_rot), u64::from(d_nope), u64::from(d_value));
                let queries = match rank {
                    0 => d_model * heads * (nope + rot),
                    rank => d_model * rank + rank * heads * (nope + rot),
                };
                queries + d_model * (latent + rot) + latent * heads * (nope + value) + heads * value * d_model
            }
        }
    }

    fn cache(&self, layer: u32) -> Cache {
        match *self {
            Self::Grouped {
                n_heads,
                n_kv_heads,
                head_dim,
                window,
            } => Cache::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                window: window
                    .filter(|(every, _)| !(layer + 1).is_multiple_of(*every))
                    .map(|(_, width)| width),
            },
            Self::Latent {
                n_heads,
                d_latent,
                n_rot,
                d_nope,
                d_value,
                ..
            } => Cache::Latent {
                n_heads,
                d_latent,
                n_rot,
                d_head: d_nope + n_rot + d_value,
            },
        }
    }
}

impl Shape {
    /// Its parameters and caches.
    pub fn sizes(&self) -> Sizes {
        let d_model = u64::from(self.d_model);
        let gated = |width: u32| 3 * d_model * u64::from(width);
        let moe_layers = self.layers - self.dense_layers;
        let every_layer = self.attention.parameters(d_model);
        let sparse_layer = d_model * u64::from(self.n_experts) + gated(self.shared_ff);
        let embedding = d_model * u64::from(self.vocab);
        Sizes {
            always: embedding
                + u64::from(self.layers) * every_layer
                + u64::from(self.dense_layers) * gated(self.dense_ff)
                + u64::from(moe_layers) * sparse_layer,
            embedding: if self.tied { 0 } else { embedding },
            moe_layers,
            n_experts: self.n_experts,
            top_k: self.top_k,
            per_expert: gated(self.expert_ff),
            caches: (0..self.layers)
                .map(|layer| self.attention.cache(layer))
                .collect(),
        }
    }
}
