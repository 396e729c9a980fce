//! Cache entries as floats.

use crate::session::KvFormat;

/// Unpacks a row that begins at element `offset`.
pub fn unpack(kv: KvFormat, packed: &[u32], offset: usize, out: &mut [f32]) {
    match kv {
        KvFormat::F16 if cfg!(target_endian = "little") => {
            let halves: &[u16] = bytemuck::cast_slice(&packed[offset / 2..][..out.len() / 2]);
            for (out, half) in out.iter_mut().zip(halves) {
                *out = float(*half);
            }
        }
        _ => kv.load(packed, offset, out),
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
