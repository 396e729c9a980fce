//! Sizes of a model by role, as the worker counts them in its file: what cost is worked out from.

use moescope_engine::cost::parameters::Counted;
use moescope_engine::cost::{Cache, Sizes, WeightBytes};
use serde::{Deserialize, Serialize};

/// Parameters and bytes by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SizeFacts {
    /// Parameters every token meets.
    pub always: u64,
    /// An input embedding that is not the output head too.
    pub embedding: u64,
    /// Parameters of one expert.
    pub per_expert: u64,
    /// Bytes per weight, mean over the file.
    pub always_bytes_each: f64,
    pub expert_bytes_each: f64,
    /// (layers)
    pub caches: Vec<CacheFacts>,
}

/// What one layer keeps of earlier positions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CacheFacts {
    #[serde(rename_all = "camelCase")]
    KeyValue {
        n_heads: u32,
        n_kv_heads: u32,
        head_dim: u32,
        window: Option<u32>,
    },
    #[serde(rename_all = "camelCase")]
    Latent {
        n_heads: u32,
        d_latent: u32,
        n_rot: u32,
        d_head: u32,
    },
    #[serde(rename_all = "camelCase")]
    State { elements: u64 },
}

impl From<&Counted> for SizeFacts {
    fn from(counted: &Counted) -> Self {
        let Counted { sizes, weights } = counted;
        Self {
            always: sizes.always,
            embedding: sizes.embedding,
            per_expert: sizes.per_expert,
            always_bytes_each: weights.always,
            expert_bytes_each: weights.experts,
            caches: sizes.caches.iter().map(CacheFacts::from).collect(),
        }
    }
}

impl SizeFacts {
    /// As the formulas take them.
    pub fn counted(&self, moe_layers: u32, n_experts: u32, top_k: u32) -> Counted {
        Counted {
            sizes: Sizes {
                always: self.always,
                embedding: self.embedding,
                moe_layers,
                n_experts,
                top_k,
                per_expert: self.per_expert,
                caches: self.caches.iter().map(Cache::from).collect(),
            },
            weights: WeightBytes {
                always: self.always_bytes_each,
                experts: self.expert_bytes_each,
            },
        }
    }
}

impl From<&Cache> for CacheFacts {
    fn from(cache: &Cache) -> Self {
        match *cache {
            Cache::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                window,
            } => Self::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                window,
            },
            Cache::Latent {
                n_heads,
                d_latent,
                n_rot,
                d_head,
            } => Self::Latent {
                n_heads,
                d_latent,
                n_rot,
                d_head,
            },
            Cache::State { elements } => Self::State { elements },
        }
    }
}

impl From<&CacheFacts> for Cache {
    fn from(facts: &CacheFacts) -> Self {
        match *facts {
            CacheFacts::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                window,
            } => Self::KeyValue {
                n_heads,
                n_kv_heads,
                head_dim,
                window,
            },
            CacheFacts::Latent {
                n_heads,
                d_latent,
                n_rot,
                d_head,
            } => Self::Latent {
                n_heads,
                d_latent,
                n_rot,
                d_head,
            },
            CacheFacts::State { elements } => Self::State { elements },
        }
    }
}
