//! Every kernel, three times: the formula in f64, the CPU twin, the GPU. One file per stem, cases
//! named by the edge they stand on.

mod attention;
mod embed;
mod expert_down;
mod expert_gate_up;
mod latent_rope;
mod layout;
mod matmul;
mod qk_rope;
mod rms_norm;
mod router;
mod short_conv;
mod swiglu;

/// f32 sums of up to some thousand terms against f64: a few dozen roundings of 6e-8 each.
const F32_SUMS: f64 = 5e-6;

/// One half-precision rounding of a cache entry.
const F16_ROUNDING: f64 = 1e-3;
