//! Time of one decode step: bytes over bandwidth or operations over peak, whichever takes longer.
//!
//! ```text
//! t_mem = (P_on·b + L_m·N(B)·p_x·b_x + B·KV(S)) / (BW·n)
//! t_cmp = (2·P_act·B + B·attention(S)) / (F·n)
//! t     = max(t_mem, t_cmp) / η + t_fix
//! ```
//! η is what real serving reaches of this bound: an assumption, never hidden.

use super::batch::distinct;
use super::parameters::{Sizes, WeightBytes};

/// What one device can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Device {
    pub memory_bytes: f64,
    /// Bytes per second. BW
    pub bandwidth: f64,
    /// Dense operations per second at the format computed in. F
    pub flops: f64,
    pub watts: f64,
}

impl Device {
    /// Operations per byte at which both bounds meet. I
    pub fn balance(&self) -> f64 {
        self.flops / self.bandwidth
    }
}

/// How a model is served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serving {
    pub device: Device,
    /// Devices that share one copy of the weights. n
    pub devices: f64,
    /// η
    pub efficiency: f64,
    /// t_fix
    pub fixed_seconds: f64,
    pub weights: WeightBytes,
    /// Bytes per element of the KV cache.
    pub kv_bytes: f64,
}

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Memory,
    Compute,
    /// The fixed part: launches and communication.
    Latency,
}

impl Bound {
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Compute => "compute",
            Self::Latency => "latency",
        }
    }
}

/// One decode step: each of `batch` sequences gets one token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub batch: f64,
    /// Distinct experts per layer. N(B)
    pub distinct: f64,
    pub always_bytes: f64,
    pub expert_bytes: f64,
    pub kv_bytes: f64,
    pub flops: f64,
    pub memory_seconds: f64,
    pub compute_seconds: f64,
    pub seconds: f64,
    pub bound: Bound,
}

impl Step {
    pub fn bytes(&self) -> f64 {
        self.always_bytes + self.expert_bytes + self.kv_bytes
    }

    /// Of all sequences together.
    pub fn tokens_per_second(&self) -> f64 {
        self.batch / self.seconds
    }

    /// Of one sequence.
    pub fn user_speed(&self) -> f64 {
        1.0 / self.seconds
    }
}

/// A step with the distinct experts of uniform routing.
pub fn step(sizes: &Sizes, serving: &Serving, batch: f64, context: f64) -> Step {
    let expected = distinct(batch, sizes.n_experts, sizes.top_k);
    step_with(sizes, serving, batch, context, expected)
}

/// A step with so many distinct experts per layer, measured or expected.
pub fn step_with(sizes: &Sizes, serving: &Serving, batch: f64, context: f64, distinct: f64) -> Step {
    let device = &serving.device;
    let always_bytes = sizes.always as f64 * serving.weights.always;
    let expert_bytes =
        f64::from(sizes.moe_layers) * distinct * sizes.per_expert as f64 * serving.weights.experts;
    // Read what is there, write what is new.
    let kv_bytes =
        batch * (sizes.kv_bytes(context, serving.kv_bytes) + sizes.kv_bytes_per_position(serving.kv_bytes));
    let flops = batch * (sizes.weight_flops() + sizes.attention_flops(context));
    let memory_seconds = (always_bytes + expert_bytes + kv_bytes) / (device.bandwidth * serving.devices);
    let compute_seconds = flops / (device.flops * serving.devices);
    let bounded = memory_seconds.max(compute_seconds) / serving.efficiency;
    let bound = match (bounded, memory_seconds >= compute_seconds) {
        (bounded, _) if serving.fixed_seconds > bounded => Bound::Latency,
        (_, true) => Bound::Memory,
        (_, false) => Bound::Compute,
    };
    Step {
        batch,
        distinct,
        always_bytes,
        expert_bytes,
        kv_bytes,
        flops,
        memory_seconds,
        compute_seconds,
        seconds: bounded + serving.fixed_seconds,
        bound,
    }
}

/// Batch at which a matrix stops being bound by memory: I·b/2, and E/k times that for experts, which
/// each see only B·k/E of the tokens.
pub fn critical_batch(device: &Device, bytes_per_weight: f64, n_experts: u32, top_k: u32) -> f64 {
    let sparsity = match top_k {
        0 => 1.0,
        top_k => f64::from(n_experts) / f64::from(top_k),
    };
    device.balance() * bytes_per_weight / 2.0 * sparsity
}

/// Time of a prompt: bound by operations for any usual length.
pub fn prefill_seconds(sizes: &Sizes, serving: &Serving, tokens: f64, cached: f64, efficiency: f64) -> f64 {
    let flops = sizes.prefill_flops(tokens, cached);
    flops / (serving.device.flops * serving.devices * efficiency) + serving.fixed_seconds
}

/// Tokens per second of one sequence with nothing in its cache and nothing lost: BW / bytes.
pub fn ceiling(sizes: &Sizes, weights: WeightBytes, bandwidth: f64) -> f64 {
    bandwidth / sizes.active_bytes(weights)
}

/// Least devices whose memory holds the weights and one sequence; `reserve` is the share kept free.
pub fn fewest_devices(sizes: &Sizes, serving: &Serving, context: f64, reserve: f64) -> f64 {
    let needed = sizes.held_bytes(serving.weights) + sizes.kv_bytes(context, serving.kv_bytes);
    (needed / (serving.device.memory_bytes * (1.0 - reserve)))
        .ceil()
        .max(1.0)
}

/// Sequences whose caches fit beside the weights.
pub fn most_sequences(sizes: &Sizes, serving: &Serving, context: f64, reserve: f64) -> f64 {
    let memory = serving.device.memory_bytes * serving.devices * (1.0 - reserve);
    let left = memory - sizes.held_bytes(serving.weights);
    (left / sizes.kv_bytes(context, serving.kv_bytes))
        .floor()
        .max(0.0)
}
