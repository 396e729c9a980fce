//! Random weights, written block by block as ggml lays them out.

use half::f16;

use crate::rng::Rng;

/// A format of ggml's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types, reason = "ggml's own names")]
pub enum Format {
    F32,
    Q4_0,
    Q4_K,
    Q5_0,
    Q6_K,
    Q8_0,
}

impl Format {
    /// ggml's number of it.
    pub fn ggml_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::Q4_0 => 2,
            Self::Q5_0 => 6,
            Self::Q8_0 => 8,
            Self::Q4_K => 12,
            Self::Q6_K => 14,
        }
    }

    /// A tensor of random weights with standard deviation 1/√row; a vector is a norm, 1 ± 0.1.
    pub fn random(self, dims: &[u64], rng: &mut Rng) -> Vec<u8> {
        let n_elements = dims.iter().product::<u64>() as usize;
        let deviation = 1.0 / (dims[0] as f32).sqrt();
        let mut bytes = Vec::with_capacity(n_elements * 2);
        if dims.len() == 1 {
            assert_eq!(self, Self::F32, "a vector is stored as it is");
            bytes.extend((0..n_elements).flat_map(|_| (1.0 + 0.1 * rng.signed()).to_le_bytes()));
            return bytes;
        }
        for _ in 0..n_elements / self.block_elements() {
            // Quants are not quite centred; scales of either sign are.
            let sign = if rng.bits() & 1 == 0 { 1.0 } else { -1.0 };
            self.block(sign * deviation, rng, &mut bytes);
        }
        bytes
    }

    fn block_elements(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => 32,
            Self::Q4_K | Self::Q6_K => 256,
        }
    }

    /// Appends a block whose weights have the standard deviation |deviation|: the scale is that over
    /// the deviation of uniform quants.
    fn block(self, deviation: f32, rng: &mut Rng, bytes: &mut Vec<u8>) {
        match self {
            Self::F32 => bytes.extend((deviation * 3f32.sqrt() * rng.signed()).to_le_bytes()),
            Self::Q4_0 => {
                bytes.extend(f16::from_f32(deviation / uniform(16)).to_le_bytes());
                random(16, rng, bytes);
            }
            Self::Q5_0 => {
                bytes.extend(f16::from_f32(deviation / uniform(32)).to_le_bytes());
                random(20, rng, bytes);
            }
            Self::Q8_0 => {
                bytes.extend(f16::from_f32(deviation / uniform(256)).to_le_bytes());
                random(32, rng, bytes);
            }
            Self::Q4_K => q4_k(deviation, rng, bytes),
            Self::Q6_K => {
                random(192, rng, bytes);
                bytes.extend((0..16).map(|_| SCALES.start + rng.below(SCALES.len() as u32) as u8));
                bytes.extend(f16::from_f32(deviation / (uniform(64) * SCALE_RMS)).to_le_bytes());
            }
        }
    }
}

/// Scales within a block of 256, of at most 6 bits.
const SCALES: std::ops::Range<u8> = 32..64;
/// Root of their mean square.
const SCALE_RMS: f32 = 48.4;

/// Standard deviation of n whole numbers in a row.
fn uniform(n: u32) -> f32 {
    ((n * n - 1) as f32 / 12.0).sqrt()
}

/// Weights are `d · scale · quant - dmin · min`: with `min` = `scale` and `dmin` = 7.5 d they are centred.
fn q4_k(deviation: f32, rng: &mut Rng, bytes: &mut Vec<u8>) {
    let d = deviation / (uniform(16) * SCALE_RMS);
    bytes.extend(f16::from_f32(d).to_le_bytes());
    bytes.extend(f16::from_f32(7.5 * d).to_le_bytes());
    let scales: [u8; 8] = std::array::from_fn(|_| SCALES.start + rng.below(SCALES.len() as u32) as u8);
    let [low, high] = [&scales[..4], &scales[4..]];
    // Six bits of the first four, with the two high bits of the last four above them; twice, for mins.
    let packed = || low.iter().zip(high).map(|(low, high)| low | high >> 4 << 6);
    bytes.extend(packed().chain(packed()));
    bytes.extend(high.iter().map(|high| high & 15 | high << 4));
    random(128, rng, bytes);
}

/// Appends random bytes.
fn random(n: usize, rng: &mut Rng, bytes: &mut Vec<u8>) {
    let end = bytes.len() + n;
    while bytes.len() < end {
        bytes.extend(rng.bits().to_le_bytes());
    }
    bytes.truncate(end);
}
