//! Models, hardware, prices and measured runs that come with the page, as `public/economics/` lists
//! them: each with where it is from and when that was read.

use std::collections::BTreeMap;

use moescope_engine::cost::shape::Attention;
use moescope_engine::cost::{Device, Shape, WeightBytes};
use serde::{Deserialize, Serialize};

/// `models.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    pub date: String,
    pub about: String,
    pub models: Vec<ModelPreset>,
}

/// A model by its published geometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPreset {
    pub id: String,
    pub name: String,
    pub layers: u32,
    pub dense_layers: u32,
    pub d_model: u32,
    pub vocab: u32,
    pub tied: bool,
    pub dense_ff: u32,
    pub n_experts: u32,
    pub top_k: u32,
    pub expert_ff: u32,
    pub shared_ff: u32,
    #[serde(with = "AttentionPreset")]
    pub attention: Attention,
    pub weights: WeightsPreset,
    pub published: Published,
    pub source: String,
    pub date: String,
    /// What was not read again at its source.
    pub unverified: Vec<String>,
    /// The day on which the visitor changed the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

/// The engine's own, as a preset spells it.
#[derive(Serialize, Deserialize)]
#[serde(
    remote = "Attention",
    tag = "kind",
    rename_all = "lowercase",
    deny_unknown_fields
)]
enum AttentionPreset {
    Grouped {
        n_heads: u32,
        n_kv_heads: u32,
        head_dim: u32,
        #[serde(default)]
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

/// The format its makers publish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsPreset {
    pub format: String,
    pub always_bits: f64,
    pub expert_bits: f64,
}

/// Billions of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    pub total: f64,
    pub active: f64,
}

impl ModelPreset {
    pub fn shape(&self) -> Shape {
        Shape {
            layers: self.layers,
            dense_layers: self.dense_layers,
            d_model: self.d_model,
            vocab: self.vocab,
            tied: self.tied,
            dense_ff: self.dense_ff,
            n_experts: self.n_experts,
            top_k: self.top_k,
            expert_ff: self.expert_ff,
            shared_ff: self.shared_ff,
            attention: self.attention,
        }
    }

    pub fn weight_bytes(&self) -> WeightBytes {
        WeightBytes {
            always: self.weights.always_bits / 8.0,
            experts: self.weights.expert_bits / 8.0,
        }
    }
}

/// `hardware.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    pub date: String,
    pub about: String,
    pub devices: Vec<DevicePreset>,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicePreset {
    pub id: String,
    pub name: String,
    pub memory_gb: f64,
    pub bandwidth_tbs: f64,
    pub tflops: Peaks,
    pub watts: f64,
    pub owned: bool,
    /// The first is the page's default.
    pub prices: Vec<Rent>,
    pub source: String,
    pub date: String,
    pub unverified: Vec<String>,
    /// As of a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

/// Dense peaks by format, 10¹² operations per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peaks {
    pub bf16: f64,
    pub fp8: Option<f64>,
    pub fp4: Option<f64>,
    pub int8: Option<f64>,
}

/// What an hour of a device was sold for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rent {
    pub dollars_per_hour: f64,
    pub vendor: String,
    pub date: String,
    pub source: String,
    pub verified: bool,
}

impl DevicePreset {
    /// In the units of the formulas; operations are those of 16-bit math.
    pub fn device(&self) -> Device {
        Device {
            memory_bytes: self.memory_gb * 1e9,
            bandwidth: self.bandwidth_tbs * 1e12,
            flops: self.tflops.bf16 * 1e12,
            watts: self.watts,
        }
    }

    /// The rent the page starts from.
    pub fn rent(&self) -> Option<&Rent> {
        self.prices.first()
    }

    /// Whether a field is from memory or from a secondary page.
    pub fn is_unverified(&self, field: &str) -> bool {
        self.unverified.iter().any(|unverified| unverified == field)
    }
}

/// `prices.json`, or a file of LiteLLM's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PriceSheet {
    pub date: String,
    pub source: String,
    pub prices: BTreeMap<String, TokenPrices>,
}

/// Dollars per million tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenPrices {
    pub seller: String,
    pub input: f64,
    pub output: f64,
    pub cache_read: Option<f64>,
    pub cache_write: Option<f64>,
    pub reasoning: Option<f64>,
    /// As of a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

/// `measured.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredRuns {
    pub date: String,
    pub source: String,
    pub about: String,
    pub runs: Vec<MeasuredRun>,
}

/// A model on some devices, as others measured it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredRun {
    pub model: String,
    pub device: String,
    pub devices: u32,
    pub share_of_roofline: Vec<MeasuredShare>,
    pub joules_per_token: Vec<MeasuredJoules>,
}

/// What was reached of the roofline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredShare {
    pub batch: u32,
    pub share: f64,
}

/// Energy of an output token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredJoules {
    pub batch: u32,
    pub joules: f64,
}
