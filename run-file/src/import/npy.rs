//! NumPy's `.npy`: magic, version, a Python dictionary as text, then the numbers in C order.
//!
//! ```text
//! \x93NUMPY  major minor  header length (u16, from version 2 on u32)  {'descr': '<u2', …}  data
//! ```

use super::ImportError;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Integers of an array, and its shape.
#[derive(Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub numbers: Vec<i64>,
}

/// Reads an array of integers.
pub fn read(bytes: &[u8]) -> Result<Array, ImportError> {
    let wrong = ImportError::Npy;
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or(wrong("it does not begin as one"))?;
    let cut = || wrong("it ends within its header");
    let ([major, _minor], rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        _ => return Err(wrong("its version is unknown")),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| wrong("its header is no text"))?;
    if value(header, "fortran_order").is_some_and(|order| order.starts_with("True")) {
        return Err(wrong("it is in Fortran order"));
    }
    let shape = shape(header).ok_or(wrong("its shape cannot be read"))?;
    let kind = value(header, "descr").ok_or(wrong("it does not name its type"))?;
    let numbers = numbers(kind, data).ok_or(wrong("it does not hold whole numbers of 1 to 8 bytes"))?;
    let told = shape.iter().try_fold(1_usize, |all, dim| all.checked_mul(*dim));
    if told != Some(numbers.len()) {
        return Err(wrong("its shape does not fit its length"));
    }
    Ok(Array { shape, numbers })
}

/// What follows a key of the dictionary.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header.split_once(&format!("'{key}'"))?;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let (inside, _) = value(header, "shape")?.strip_prefix('(')?.split_once(')')?;
    let dims = inside.split(',').map(str::trim).filter(|dim| !dim.is_empty());
    dims.map(|dim| dim.parse().ok()).collect()
}

fn numbers(kind: &str, data: &[u8]) -> Option<Vec<i64>> {
    fn each<const N: usize>(data: &[u8], of: impl Fn([u8; N]) -> i64) -> Option<Vec<i64>> {
        let (items, rest) = data.as_chunks::<N>();
        rest.is_empty()
            .then(|| items.iter().map(|item| of(*item)).collect())
    }
    match kind.get(1..4)? {
        "|u1" => each(data, |[byte]| i64::from(byte)),
        "|i1" => each(data, |[byte]| i64::from(byte as i8)),
        "<u2" => each(data, |bytes| i64::from(u16::from_le_bytes(bytes))),
        "<i2" => each(data, |bytes| i64::from(i16::from_le_bytes(bytes))),
        "<u4" => each(data, |bytes| i64::from(u32::from_le_bytes(bytes))),
        "<i4" => each(data, |bytes| i64::from(i32::from_le_bytes(bytes))),
        "<i8" => each(data, i64::from_le_bytes),
        _ => None,
    }
}
