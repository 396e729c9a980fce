//! A column of numbers that crosses the worker boundary as bytes (a `Uint8Array`), not as a
//! JavaScript array of boxed numbers: `#[serde(with = "column")]` on a `Vec` of plain numbers.

use std::fmt;
use std::marker::PhantomData;

use bytemuck::Pod;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Writes the numbers as their bytes, little-endian as wasm is.
pub fn serialize<T: Pod, S: Serializer>(numbers: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytemuck::cast_slice(numbers))
}

/// Reads what [`serialize`] wrote; a length that is no whole number of items is an error.
pub fn deserialize<'de, T: Pod, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_byte_buf(Bytes(PhantomData))
}

struct Bytes<T>(PhantomData<T>);

impl<T: Pod> Bytes<T> {
    fn numbers<E: Error>(bytes: &[u8]) -> Result<Vec<T>, E> {
        if !bytes.len().is_multiple_of(size_of::<T>()) {
            return Err(E::custom(format_args!(
                "a column of {} bytes is no whole number of items",
                bytes.len()
            )));
        }
        Ok(bytemuck::pod_collect_to_vec(bytes))
    }
}

impl<'de, T: Pod> Visitor<'de> for Bytes<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes of a column of numbers")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<T>, E> {
        Self::numbers(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element::<u8>()? {
            bytes.push(byte);
        }
        Self::numbers(&bytes)
    }
}
