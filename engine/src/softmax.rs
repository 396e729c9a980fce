//! The softmax over a vocabulary, in f64 and in the order of ids: the same bits on every platform.

/// Weights computed at a time, which compilers do in vectors.
const CHUNK: usize = 8;

/// Sums over one row of logits; those that are not finite have no share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    /// The largest logit.
    largest: f64,
    /// Σ w, where w = e^(logit − largest).
    total: f64,
    /// Σ w · (logit − largest)
    weighted: f64,
}

impl Softmax {
    /// Of one row.
    pub fn of(logits: &[f32]) -> Self {
        let finite = |logit: f32| if logit.is_finite() { logit } else { f32::MIN };
        let largest = logits
            .iter()
            .fold(f32::MIN, |largest, logit| largest.max(finite(*logit)));
        let largest = f64::from(largest);
        let (mut total, mut weighted) = (0.0, 0.0);
        for chunk in logits.chunks(CHUNK) {
            let mut below = [f64::NEG_INFINITY; CHUNK];
            for (below, logit) in below.iter_mut().zip(chunk) {
                if logit.is_finite() {
                    *below = f64::from(*logit) - largest;
                }
            }
            let mut weights = [0.0; CHUNK];
            for (weight, below) in weights.iter_mut().zip(below) {
                *weight = exp(below);
            }
            for (weight, below) in weights.into_iter().zip(below) {
                total += weight;
                weighted += weight * below.max(LOWEST);
            }
        }
        Self {
            largest,
            total,
            weighted,
        }
    }

    /// Whether any logit is finite.
    pub fn is_empty(&self) -> bool {
        self.total <= 0.0
    }

    /// The share of a finite logit.
    pub fn prob(&self, logit: f32) -> f32 {
        (exp(f64::from(logit) - self.largest) / self.total) as f32
    }

    /// −Σ p log₂ p, by ln Σ w − Σ w (logit − largest) / Σ w; rounding does not make it negative.
    pub fn entropy_bits(&self) -> f32 {
        let nats = self.total.ln() - self.weighted / self.total;
        (nats * std::f64::consts::LOG2_E).max(0.0) as f32
    }
}

/// Below this, `exp` is 0.
const LOWEST: f64 = -700.0;

/// 1 / n!
const COEFFICIENTS: [f64; 15] = {
    let mut coefficients = [1.0; 15];
    let mut n = 1;
    while n < 15 {
        coefficients[n] = coefficients[n - 1] / n as f64;
        n += 1;
    }
    coefficients
};

/// eˣ for x ≤ 0, to about one unit in the last place: 2ᵏ · eʳ with |r| ≤ ln 2 / 2, eʳ by its series. Without
/// branches, so that several are computed at once.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // ln 2 in two parts, the first with so few bits that k · LN_2_HIGH is exact (fdlibm's split).
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// Added to a number below 2⁵¹, it leaves the nearest integer in the lowest bits.
    const TO_INTEGER: f64 = 6_755_399_441_055_744.0;
    let x_in = x.max(LOWEST);
    let shifted = x_in * std::f64::consts::LOG2_E + TO_INTEGER;
    let k = shifted - TO_INTEGER;
    let r = (x_in - k * LN_2_HIGH) - k * LN_2_LOW;
    let series = COEFFICIENTS
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * r + coefficient);
    // k is a whole number from −1010 to 0, so the exponent field stays positive.
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    if x < LOWEST { 0.0 } else { series * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_the_last_places() {
        for step in 0..70_000 {
            let x = -f64::from(step) / 100.0;
            let (found, expected) = (exp(x), x.exp());
            assert!(
                (found - expected).abs() <= 4e-16 * expected,
                "e^{x} is {expected}, not {found}"
            );
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
    }
}
