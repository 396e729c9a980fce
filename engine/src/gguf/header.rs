//! From the first bytes of a file to a checked [`Gguf`]. Pure: asks for more bytes by [`Stop`].

use std::collections::HashMap;

use super::cursor::{Cursor, Stop};
use super::metadata::{Array, Metadata, Value, ValueType};
use super::recognize::{Looks, recognize};
use super::{Gguf, GgufError, TensorInfo, ggml_types};
use crate::quant::Format;

/// Most tensors; a large model has some thousands.
const MOST_TENSORS: u64 = 1 << 20;
/// Most key-value pairs; a file has some dozens.
const MOST_PAIRS: u64 = 1 << 16;
/// Longest key: the format's own limit.
const LONGEST_KEY: u64 = (1 << 16) - 1;
/// Longest tensor name; ggml itself allows 63.
const LONGEST_NAME: u64 = 1 << 10;
/// Arrays within arrays; no known writer nests at all.
const DEEPEST_ARRAY: u32 = 4;
/// Alignment where the file gives none.
const DEFAULT_ALIGNMENT: u64 = 32;

/// Parses the header, of which `bytes` is the beginning.
pub fn parse(bytes: &[u8], file_bytes: u64) -> Result<Gguf, Stop> {
    let mut cursor = Cursor::new(bytes, file_bytes);
    let version = version(&mut cursor, bytes)?;
    let n_tensors = count(&mut cursor, "tensors", MOST_TENSORS)?;
    let n_pairs = count(&mut cursor, "key-value pairs", MOST_PAIRS)?;

    let metadata = metadata(&mut cursor, n_pairs)?;
    let alignment = alignment(&metadata)?;

    let mut infos = Vec::new();
    for _ in 0..n_tensors {
        infos.push(raw_info(&mut cursor)?);
    }
    let data_start = cursor.at().next_multiple_of(alignment); // `at` is within a header's cap
    let place = Place {
        alignment,
        data_start,
        file_bytes,
    };
    let tensors = infos
        .into_iter()
        .map(|info| place.tensor(info))
        .collect::<Result<Vec<_>, _>>()?;
    let by_name = index(&tensors)?;
    Ok(Gguf {
        version,
        metadata,
        tensors,
        alignment,
        data_start,
        file_bytes,
        by_name,
    })
}

/// Magic and version; a file that has not ours is told what it looks like.
fn version(cursor: &mut Cursor<'_>, bytes: &[u8]) -> Result<u32, Stop> {
    if bytes.is_empty() {
        return Err(GgufError::Empty.into());
    }
    if !bytes.starts_with(b"GGUF") {
        return Err(GgufError::NotGguf(recognize(bytes)).into());
    }
    cursor.take(4)?;
    match cursor.u32()? {
        found @ (2 | 3) => Ok(found),
        // A known version in the wrong byte order.
        found if (1..=3).contains(&found.swap_bytes()) => {
            Err(GgufError::NotGguf(Looks::BigEndianGguf).into())
        }
        found => Err(GgufError::Version { found }.into()),
    }
}

fn count(cursor: &mut Cursor<'_>, what: &'static str, most: u64) -> Result<u64, Stop> {
    match cursor.u64()? {
        found if found > most => Err(GgufError::TooMany { what, found, most }.into()),
        found => Ok(found),
    }
}

fn metadata(cursor: &mut Cursor<'_>, n_pairs: u64) -> Result<Metadata, Stop> {
    let mut metadata = Metadata::default();
    for _ in 0..n_pairs {
        let key = cursor.name(LONGEST_KEY)?;
        let of = value_type(cursor, key)?;
        let value = value(cursor, key, of)?;
        metadata.insert(key, value)?;
    }
    Ok(metadata)
}

fn value_type(cursor: &mut Cursor<'_>, key: &str) -> Result<ValueType, Stop> {
    let found = cursor.u32()?;
    ValueType::from_gguf(found).ok_or_else(|| {
        GgufError::UnknownValueType {
            key: key.into(),
            found,
        }
        .into()
    })
}

fn value(cursor: &mut Cursor<'_>, key: &str, of: ValueType) -> Result<Value, Stop> {
    match of {
        ValueType::Text => Ok(Value::Text(cursor.string()?.into())),
        ValueType::Array => Ok(Value::Array(array(cursor, key, 1)?)),
        _ => {
            let bytes = scalars(cursor, key, of, 1)?;
            // `bytes` has the width of the type, so there always is a value.
            Ok(of.scalar(bytes).unwrap_or(Value::Bool(false)))
        }
    }
}

/// An array: item type, count, items. `depth` counts the arrays it lies in, itself included.
fn array(cursor: &mut Cursor<'_>, key: &str, depth: u32) -> Result<Array, Stop> {
    if depth > DEEPEST_ARRAY {
        return Err(GgufError::NestedTooDeep {
            key: key.into(),
            most: DEEPEST_ARRAY,
        }
        .into());
    }
    let of = value_type(cursor, key)?;
    let n_items = cursor.u64()?;
    // Before anything is kept: the file must be long enough for so many items.
    cursor.check(n_items.saturating_mul(of.least_bytes()))?;
    match of {
        ValueType::Text => (0..n_items)
            .map(|_| Ok(cursor.string()?.into()))
            .collect::<Result<_, _>>()
            .map(Array::Texts),
        ValueType::Array => (0..n_items)
            .map(|_| array(cursor, key, depth + 1))
            .collect::<Result<_, _>>()
            .map(Array::Arrays),
        _ => Ok(Array::Scalars {
            of,
            bytes: scalars(cursor, key, of, n_items)?.into(),
        }),
    }
}

/// The bytes of some numbers or truth values.
fn scalars<'a>(cursor: &mut Cursor<'a>, key: &str, of: ValueType, n_items: u64) -> Result<&'a [u8], Stop> {
    let bytes = cursor.take(n_items.saturating_mul(of.least_bytes()))?;
    let neither = bytes
        .iter()
        .copied()
        .find(|&byte| of == ValueType::Bool && byte > 1);
    match neither {
        Some(found) => Err(GgufError::NotBool {
            key: key.into(),
            found,
        }
        .into()),
        None => Ok(bytes),
    }
}

fn alignment(metadata: &Metadata) -> Result<u64, GgufError> {
    let found = metadata
        .opt_u32("general.alignment")?
        .map_or(DEFAULT_ALIGNMENT, u64::from);
    if found.is_power_of_two() {
        Ok(found)
    } else {
        Err(GgufError::Alignment { found })
    }
}

/// A tensor info as it stands in the file.
struct RawInfo {
    name: Box<str>,
    dims: Vec<u64>,
    format_id: u32,
    offset: u64,
}

fn raw_info(cursor: &mut Cursor<'_>) -> Result<RawInfo, Stop> {
    let name: Box<str> = cursor.name(LONGEST_NAME)?.into();
    let found = cursor.u32()?;
    if !(1..=4).contains(&found) {
        return Err(GgufError::Dimensions { tensor: name, found }.into());
    }
    let dims = (0..found).map(|_| cursor.u64()).collect::<Result<_, _>>()?;
    Ok(RawInfo {
        name,
        dims,
        format_id: cursor.u32()?,
        offset: cursor.u64()?,
    })
}

/// What the place of a tensor depends on.
struct Place {
    alignment: u64,
    data_start: u64,
    file_bytes: u64,
}

impl Place {
    /// Checks one tensor and finds its bytes.
    fn tensor(&self, info: RawInfo) -> Result<TensorInfo, GgufError> {
        let RawInfo {
            name,
            dims,
            format_id,
            offset,
        } = info;
        let format = format(&name, format_id)?;
        let elements = elements(&name, &dims)?;
        let cols = dims.first().copied().unwrap_or(1);
        if !cols.is_multiple_of(format.block_elements() as u64) {
            return Err(GgufError::RowNotBlocks {
                tensor: name,
                format,
                cols,
            });
        }
        let bytes = format.bytes_for(elements).ok_or_else(|| GgufError::Shape {
            tensor: name.clone(),
            dims: dims.clone().into(),
        })?;
        if !offset.is_multiple_of(self.alignment) {
            return Err(GgufError::Unaligned {
                tensor: name,
                offset,
                alignment: self.alignment,
            });
        }
        let start = self.data_start.saturating_add(offset);
        let end = start.saturating_add(bytes);
        if end > self.file_bytes {
            let missing = end - self.file_bytes;
            return Err(GgufError::TensorTruncated {
                tensor: name,
                missing,
                length: self.file_bytes,
            });
        }
        Ok(TensorInfo {
            name: name.into(),
            format,
            dims,
            range: start..end,
        })
    }
}

fn format(tensor: &str, id: u32) -> Result<Format, GgufError> {
    let unsupported = || match ggml_types::name(id) {
        Some(name) => GgufError::UnsupportedFormat {
            tensor: tensor.into(),
            name,
        },
        None => GgufError::UnknownFormat {
            tensor: tensor.into(),
            found: id,
        },
    };
    Format::from_ggml(id).ok_or_else(unsupported)
}

/// The product of the sizes.
fn elements(tensor: &str, dims: &[u64]) -> Result<u64, GgufError> {
    let product = dims
        .iter()
        .try_fold(1u64, |product, &size| product.checked_mul(size));
    let shape = || GgufError::Shape {
        tensor: tensor.into(),
        dims: dims.into(),
    };
    product
        .filter(|&elements| elements > 0 && elements < 1 << 63)
        .ok_or_else(shape)
}

pub fn index(tensors: &[TensorInfo]) -> Result<HashMap<Box<str>, usize>, GgufError> {
    let mut by_name = HashMap::with_capacity(tensors.len());
    for (index, tensor) in tensors.iter().enumerate() {
        let name: Box<str> = tensor.name.as_str().into();
        if by_name.insert(name.clone(), index).is_some() {
            return Err(GgufError::DuplicateTensor { tensor: name });
        }
    }
    Ok(by_name)
}
