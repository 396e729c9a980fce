//! Every kernel, three times: the formula in f64, the CPU twin, the GPU. One file per stem, cases
//! named by the edge they stand on.

mod attention;
mod attention_mass;
mod attention_merge;
mod embed;
mod expert_combine;
mod expert_down;
mod expert_gate_up;
mod expert_out;
mod expert_sort;
mod latent_rope;
mod layout;
mod matmul;
mod qk_rope;
mod rms_norm;
mod router;
mod sample;
mod short_conv;
mod swiglu;

use moescope_engine::KvFormat;
use moescope_engine::kernels::PREFILL_TILE;
use moescope_engine::kernels::expert_sort::{NONE, TILE_WORDS, most_tiles};
use moescope_engine::quant::Format;
use moescope_engine::session::Device;
use moescope_tests::devices;

/// f32 sums of up to some thousand terms against f64: a few dozen roundings of 6e-8 each.
const F32_SUMS: f64 = 5e-6;

/// One half-precision rounding of a cache entry.
const F16_ROUNDING: f64 = 1e-3;
/// Half a step of a byte, of the largest entry of its block; a whole one where a tie falls the other way.
const Q8_0_ROUNDING: f64 = 1.0 / 127.0;

/// How far an entry may be from what was stored.
fn kv_tolerance(kv: KvFormat) -> f64 {
    match kv {
        KvFormat::F16 => F16_ROUNDING,
        KvFormat::F32 => F32_SUMS,
        KvFormat::Q8_0 => Q8_0_ROUNDING,
    }
}

/// What kernels that multiply weights with activations make of the activations.
#[derive(Clone, Copy, Debug)]
enum Products {
    Exact,
    /// Each unit of 32 rounded to bytes with a scale of its own.
    Int8,
}

impl Products {
    /// Those that a format of weights has.
    fn of(format: Format) -> &'static [Self] {
        match format.has_bytes() {
            true => &[Self::Exact, Self::Int8],
            false => &[Self::Exact],
        }
    }

    fn devices(self) -> Vec<(String, Device)> {
        match self {
            Self::Exact => devices::every_exact_form(),
            Self::Int8 => devices::int8(),
        }
    }

    /// Rows of `width` activations as they are multiplied.
    fn seen(self, x: &[f32], width: u32) -> Vec<f64> {
        let units = x.chunks(width as usize).flat_map(|row| row.chunks(32));
        match self {
            Self::Exact => x.iter().map(|x| f64::from(*x)).collect(),
            Self::Int8 => units.flat_map(rounded_unit).collect(),
        }
    }
}

fn rounded_unit(unit: &[f32]) -> Vec<f64> {
    let largest = unit.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let step = f64::from(largest) / 127.0;
    let byte = |x: &f32| f64::from((x * (127.0 / largest)).round_ties_even());
    unit.iter().map(|x| byte(x) * step).collect()
}

/// Uses of experts sorted into tiles, and room for the most there may be.
fn sorted(ids: &[u32], n_tokens: u32, n_experts: u32) -> Vec<u32> {
    let mut uses: Vec<(u32, u32)> = ids.iter().copied().zip(0..).collect();
    uses.sort();
    let mut words = Vec::new();
    for of_one in uses.chunk_by(|(a, _), (b, _)| a == b) {
        for tile in of_one.chunks(PREFILL_TILE as usize) {
            words.push(tile[0].0);
            words.extend(tile.iter().map(|(_, use_index)| use_index));
            words.resize(words.len() + PREFILL_TILE as usize - tile.len(), NONE);
        }
    }
    let most = most_tiles(n_tokens, ids.len() as u32 / n_tokens, n_experts) * TILE_WORDS;
    assert!(words.len() <= most as usize);
    words.resize(most as usize, NONE);
    words
}

/// A row normed by its root mean square; with a bias, around its mean. In f64.
fn normed(row: &[f32], gains: &[f32], bias: Option<&[f32]>, eps: f32) -> Vec<f64> {
    let n = row.len() as f64;
    let mean = bias.map_or(0.0, |_| row.iter().map(|x| f64::from(*x)).sum::<f64>() / n);
    let squares: f64 = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum();
    let scale = 1.0 / (squares / n + f64::from(eps)).sqrt();
    let value = |i: usize| {
        let bias = bias.map_or(0.0, |bias| f64::from(bias[i]));
        (f64::from(row[i]) - mean) * scale * f64::from(gains[i]) + bias
    };
    (0..row.len()).map(value).collect()
}
