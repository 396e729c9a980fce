//! Cache entries as floats.

use super::simd::{LANES, Simd};
use crate::session::KvFormat;

/// Unpacks a row that begins at element `offset`.
#[inline(always)]
pub fn unpack<S: Simd>(simd: S, kv: KvFormat, packed: &[u32], offset: usize, out: &mut [f32]) {
    let mut whole = 0;
    if kv == KvFormat::F16 && cfg!(target_endian = "little") {
        let halves: &[u8] = bytemuck::cast_slice(&packed[offset / 2..][..out.len() / 2]);
        for (out, halves) in out
            .as_chunks_mut::<LANES>()
            .0
            .iter_mut()
            .zip(halves.as_chunks().0)
        {
            *out = simd.store(simd.halves(halves));
            whole += LANES;
        }
    }
    if whole < out.len() {
        kv.load(packed, offset + whole, &mut out[whole..]);
    }
}

/// A half float. Exact for every finite one; infinities become 2¹⁶.
#[inline(always)]
pub fn float(half: u16) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((112 + 127) << 23);
    let bits = u32::from(half);
    let size = f32::from_bits((bits & 0x7fff) << 13) * TWO_TO_112;
    f32::from_bits(size.to_bits() | (bits & 0x8000) << 16)
}
