//! Activations as bytes: 32 at a time, with one scale, as llama.cpp's Q8_0 and Q8_1.

/// 32 activations `x ≈ scale · q`.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Unit {
    /// Signed bytes of −127 … 127.
    pub q: [u8; 32],
    pub scale: f32,
    /// `scale · Σ q`: what an offset of the weights is multiplied with.
    pub sum: f32,
    /// `Σ q` of each half.
    pub halves: [i32; 2],
}

impl Unit {
    /// Bytes `4k … 4k + 3`.
    #[inline(always)]
    pub fn word(&self, k: usize) -> u32 {
        u32::from_le_bytes(self.q.as_chunks().0[k])
    }

    /// `Σ q`
    #[inline(always)]
    pub fn total(&self) -> i32 {
        self.halves[0] + self.halves[1]
    }
}

/// Added to a number below 2²², it leaves the nearest integer (ties to even) in the lowest bits.
const TO_INTEGER: f32 = 12_582_912.0;

/// Rounds a row of floats; what is missing of the last unit counts as 0.
pub fn quantize(row: &[f32], units: &mut [Unit]) {
    let (whole, rest) = row.as_chunks::<32>();
    for (unit, values) in units.iter_mut().zip(whole) {
        *unit = unit_of(values);
    }
    if let Some(unit) = units.get_mut(whole.len()).filter(|_| !rest.is_empty()) {
        let mut values = [0.0; 32];
        values[..rest.len()].copy_from_slice(rest);
        *unit = unit_of(&values);
    }
}

fn unit_of(values: &[f32; 32]) -> Unit {
    let largest = values
        .iter()
        .fold(0.0f32, |largest, value| largest.max(value.abs()));
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let mut q = [0; 32];
    let mut halves = [0; 2];
    for (half, (q, values)) in q.chunks_exact_mut(16).zip(values.chunks_exact(16)).enumerate() {
        for (q, value) in q.iter_mut().zip(values) {
            let integer = (value * inverse + TO_INTEGER).to_bits() as u8;
            halves[half] += i32::from(integer.cast_signed());
            *q = integer;
        }
    }
    let scale = largest / 127.0;
    Unit {
        q,
        scale,
        sum: scale * (halves[0] + halves[1]) as f32,
        halves,
    }
}
