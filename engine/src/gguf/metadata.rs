//! Key-value pairs of a GGUF file with typed access. Writers disagree about integer widths, so an
//! integer of any width is accepted wherever its value fits.

use std::collections::HashMap;
use std::fmt;

use super::GgufError;

/// The type of a value, by ggml's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    Array,
    U64,
    I64,
    F64,
}

impl ValueType {
    /// The type behind a `gguf_type` number.
    pub fn from_gguf(id: u32) -> Option<Self> {
        const ALL: [ValueType; 13] = {
            use ValueType::*;
            [U8, I8, U16, I16, U32, I32, F32, Bool, Text, Array, U64, I64, F64]
        };
        ALL.get(usize::try_from(id).ok()?).copied()
    }

    /// Bytes of one value; of a text or an array, the fewest it can take.
    pub fn least_bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::Text => 8,
            Self::Array => 12,
        }
    }

    /// A number or truth value from its bytes; `None` for the types that are neither.
    pub fn scalar(self, bytes: &[u8]) -> Option<Value> {
        Some(match self {
            Self::U8 => Value::Int(u8::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::I8 => Value::Int(i8::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::U16 => Value::Int(u16::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::I16 => Value::Int(i16::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::U32 => Value::Int(u32::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::I32 => Value::Int(i32::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::U64 => Value::Int(u64::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::I64 => Value::Int(i64::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::F32 => Value::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::F64 => Value::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
            Self::Bool => Value::Bool(bytes != [0]),
            Self::Text | Self::Array => return None,
        })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 | Self::I8 | Self::U16 | Self::I16 | Self::U32 | Self::I32 | Self::U64 | Self::I64 => {
                "whole numbers"
            }
            Self::F32 | Self::F64 => "numbers",
            Self::Bool => "truth values",
            Self::Text => "texts",
            Self::Array => "arrays",
        })
    }
}

/// A value. Integers of all widths are one variant, floats another.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Int(i128),
    Float(f64),
    Bool(bool),
    Text(Box<str>),
    Array(Array),
}

/// Many values of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Numbers or truth values, in the file's own bytes: a vocabulary's scores stay as small as
    /// they were.
    Scalars {
        of: ValueType,
        bytes: Box<[u8]>,
    },
    Texts(Vec<Box<str>>),
    Arrays(Vec<Array>),
}

impl Array {
    /// The type of the items.
    pub fn of(&self) -> ValueType {
        match self {
            Self::Scalars { of, .. } => *of,
            Self::Texts(_) => ValueType::Text,
            Self::Arrays(_) => ValueType::Array,
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Scalars { of, bytes } => bytes.len() / of.width(),
            Self::Texts(texts) => texts.len(),
            Self::Arrays(arrays) => arrays.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items, if they are numbers or truth values.
    fn scalars(&self) -> Option<impl Iterator<Item = Value>> {
        let Self::Scalars { of, bytes } = self else {
            return None;
        };
        Some(
            bytes
                .chunks_exact(of.width())
                .filter_map(|bytes| of.scalar(bytes)),
        )
    }
}

impl ValueType {
    /// [`Self::least_bytes`] as a length in memory.
    fn width(self) -> usize {
        self.least_bytes() as usize // at most 12
    }
}

/// All key-value pairs of a file.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    pairs: HashMap<Box<str>, Value>,
    /// Keys in file order.
    keys: Vec<Box<str>>,
}

impl Metadata {
    /// Adds a pair; a key may occur once.
    pub fn insert(&mut self, key: &str, value: Value) -> Result<(), GgufError> {
        if self.pairs.insert(key.into(), value).is_some() {
            return Err(GgufError::DuplicateKey { key: key.into() });
        }
        self.keys.push(key.into());
        Ok(())
    }

    /// All pairs in file order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.keys
            .iter()
            .filter_map(|key| Some((&**key, self.pairs.get(key)?)))
    }

    /// The value of a key, whatever its type.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.pairs.get(key)
    }

    /// A whole number from 0 to 2³² − 1.
    pub fn u32(&self, key: &str) -> Result<u32, GgufError> {
        self.required(key, self.opt_u32(key))
    }

    /// A whole number from 0 to 2⁶⁴ − 1.
    pub fn u64(&self, key: &str) -> Result<u64, GgufError> {
        self.required(key, self.opt_u64(key))
    }

    /// A number.
    pub fn f32(&self, key: &str) -> Result<f32, GgufError> {
        self.required(key, self.opt_f32(key))
    }

    /// A truth value.
    pub fn bool(&self, key: &str) -> Result<bool, GgufError> {
        self.required(key, self.opt_bool(key))
    }

    /// A text.
    pub fn str(&self, key: &str) -> Result<&str, GgufError> {
        self.required(key, self.opt_str(key))
    }

    /// An array of texts.
    pub fn strings(&self, key: &str) -> Result<&[Box<str>], GgufError> {
        self.required(key, self.opt_strings(key))
    }

    /// An array of whole numbers from 0 to 2³² − 1.
    pub fn u32s(&self, key: &str) -> Result<Vec<u32>, GgufError> {
        self.required(key, self.opt_u32s(key))
    }

    /// An array of whole numbers from −2³¹ to 2³¹ − 1.
    pub fn i32s(&self, key: &str) -> Result<Vec<i32>, GgufError> {
        self.required(key, self.opt_i32s(key))
    }

    /// An array of numbers.
    pub fn f32s(&self, key: &str) -> Result<Vec<f32>, GgufError> {
        self.required(key, self.opt_f32s(key))
    }

    /// Like [`Self::u32`], `None` if the key is missing.
    pub fn opt_u32(&self, key: &str) -> Result<Option<u32>, GgufError> {
        self.get(key).map(|value| int(key, value, U32)).transpose()
    }

    /// Like [`Self::u64`], `None` if the key is missing.
    pub fn opt_u64(&self, key: &str) -> Result<Option<u64>, GgufError> {
        self.get(key)
            .map(|value| int(key, value, "a whole number from 0 to 2⁶⁴ − 1"))
            .transpose()
    }

    /// Like [`Self::f32`], `None` if the key is missing.
    pub fn opt_f32(&self, key: &str) -> Result<Option<f32>, GgufError> {
        self.get(key).map(|value| float(key, value)).transpose()
    }

    /// Like [`Self::bool`], `None` if the key is missing.
    pub fn opt_bool(&self, key: &str) -> Result<Option<bool>, GgufError> {
        self.opt(key, "a truth value", |value| match value {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        })
    }

    /// Like [`Self::str`], `None` if the key is missing.
    pub fn opt_str(&self, key: &str) -> Result<Option<&str>, GgufError> {
        self.opt(key, "a text", |value| match value {
            Value::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// Like [`Self::strings`], `None` if the key is missing.
    pub fn opt_strings(&self, key: &str) -> Result<Option<&[Box<str>]>, GgufError> {
        self.opt(key, "an array of texts", |value| match value {
            Value::Array(Array::Texts(texts)) => Some(texts.as_slice()),
            // Writers do not know the item type of an empty array.
            Value::Array(array) if array.is_empty() => Some(&[]),
            _ => None,
        })
    }

    /// Like [`Self::u32s`], `None` if the key is missing.
    pub fn opt_u32s(&self, key: &str) -> Result<Option<Vec<u32>>, GgufError> {
        self.items(key, "an array of whole numbers", |value| int(key, value, U32))
    }

    /// Like [`Self::i32s`], `None` if the key is missing.
    pub fn opt_i32s(&self, key: &str) -> Result<Option<Vec<i32>>, GgufError> {
        self.items(key, "an array of whole numbers", |value| {
            int(key, value, "a whole number from −2³¹ to 2³¹ − 1")
        })
    }

    /// Like [`Self::f32s`], `None` if the key is missing.
    pub fn opt_f32s(&self, key: &str) -> Result<Option<Vec<f32>>, GgufError> {
        self.items(key, "an array of numbers", |value| float(key, value))
    }

    fn required<T>(&self, key: &str, value: Result<Option<T>, GgufError>) -> Result<T, GgufError> {
        value?.ok_or_else(|| GgufError::MissingKey { key: key.into() })
    }

    fn opt<'a, T>(
        &'a self,
        key: &str,
        expected: &'static str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, GgufError> {
        self.get(key)
            .map(|value| convert(value).ok_or_else(|| mismatch(key, expected, value)))
            .transpose()
    }

    fn items<T>(
        &self,
        key: &str,
        expected: &'static str,
        convert: impl Fn(&Value) -> Result<T, GgufError>,
    ) -> Result<Option<Vec<T>>, GgufError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let scalars = match value {
            Value::Array(array) if array.is_empty() => return Ok(Some(Vec::new())),
            Value::Array(array) => array.scalars(),
            _ => None,
        };
        let scalars = scalars.ok_or_else(|| mismatch(key, expected, value))?;
        scalars
            .map(|item| convert(&item))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

const U32: &str = "a whole number from 0 to 2³² − 1";

fn int<T: TryFrom<i128>>(key: &str, value: &Value, expected: &'static str) -> Result<T, GgufError> {
    let Value::Int(found) = *value else {
        return Err(mismatch(key, expected, value));
    };
    T::try_from(found).map_err(|_| GgufError::DoesNotFit {
        key: key.into(),
        expected,
        found,
    })
}

fn float(key: &str, value: &Value) -> Result<f32, GgufError> {
    match value {
        Value::Float(number) => Ok(*number as f32),
        // A writer that stores 10000.0 as 10000 means the same.
        Value::Int(number) => Ok(*number as f32),
        _ => Err(mismatch(key, "a number", value)),
    }
}

/// The error for a value of another type than expected.
fn mismatch(key: &str, expected: &'static str, value: &Value) -> GgufError {
    let key = key.into();
    match value {
        Value::Int(_) => GgufError::WrongType {
            key,
            expected,
            found: "a whole number",
        },
        Value::Float(_) => GgufError::WrongType {
            key,
            expected,
            found: "a number",
        },
        Value::Bool(_) => GgufError::WrongType {
            key,
            expected,
            found: "a truth value",
        },
        Value::Text(_) => GgufError::WrongType {
            key,
            expected,
            found: "a text",
        },
        Value::Array(array) => GgufError::WrongItems {
            key,
            expected,
            found: array.of(),
        },
    }
}
