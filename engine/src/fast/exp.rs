//! The exponential function in a form that compilers vectorise, with the same bits on every machine.

use std::f32::consts::LOG2_E;

/// ln 2 in two parts; the first has so few bits that its products with whole numbers are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Below this the result is 0.
const LOWEST: f32 = -87.3;
const HIGHEST: f32 = 88.3;
/// Added to a number below 2²², it leaves the nearest integer in the lowest bits.
const TO_INTEGER: f32 = 12_582_912.0;

/// `e^x`, within 2 units in the last place: 2ⁿ times the Taylor series of what is left of x.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x_in = x.clamp(LOWEST, HIGHEST);
    let shifted = x_in * LOG2_E + TO_INTEGER;
    let n = shifted - TO_INTEGER;
    let r = x_in - n * LN_2[0] - n * LN_2[1];
    let series = 1.0
        + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let power = f32::from_bits(((shifted.to_bits() << 23) as i32 + (127 << 23)) as u32);
    if x < LOWEST { 0.0 } else { series * power }
}
