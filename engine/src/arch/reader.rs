//! What every architecture file reads with: keys under the architecture's prefix, checked ranges,
//! tensors of an expected shape.

use std::ops::RangeInclusive;

use super::ArchError;
use crate::gguf::{Gguf, TensorInfo};

/// A file seen through its architecture's prefix.
#[derive(Debug)]
pub struct Reader<'a> {
    pub gguf: &'a Gguf,
    pub architecture: &'a str,
}

impl<'a> Reader<'a> {
    pub fn new(gguf: &'a Gguf, architecture: &'a str) -> Self {
        Self { gguf, architecture }
    }

    /// `general.name`, or the architecture.
    pub fn name(&self) -> String {
        let name = self.gguf.metadata.opt_str("general.name").ok().flatten();
        name.unwrap_or(self.architecture).to_owned()
    }

    fn full(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    /// A size that must lie in a range.
    pub fn size(&self, key: &str, range: RangeInclusive<u32>) -> Result<u32, ArchError> {
        let value = self.gguf.metadata.u32(&self.full(key))?;
        self.in_range(key, value, range)
    }

    /// A size with a default.
    pub fn opt_size(&self, key: &str, default: u32, range: RangeInclusive<u32>) -> Result<u32, ArchError> {
        let value = self.gguf.metadata.opt_u32(&self.full(key))?.unwrap_or(default);
        self.in_range(key, value, range)
    }

    /// A size per layer: a list of as many, or one for all. Each in a range.
    pub fn layer_sizes(
        &self,
        key: &str,
        n_layers: u32,
        range: RangeInclusive<u32>,
    ) -> Result<Vec<u32>, ArchError> {
        let Ok(Some(sizes)) = self.gguf.metadata.opt_u32s(&self.full(key)) else {
            return Ok(vec![self.size(key, range)?; n_layers as usize]);
        };
        if sizes.len() != n_layers as usize {
            let why = "must have one entry per layer";
            return Err(self.contradiction(key, sizes.len() as u32, why));
        }
        let in_range = |size| self.in_range(key, size, range.clone());
        sizes.into_iter().map(in_range).collect()
    }

    /// Refuses a value outside a range.
    pub fn in_range(&self, key: &str, value: u32, range: RangeInclusive<u32>) -> Result<u32, ArchError> {
        if range.contains(&value) {
            return Ok(value);
        }
        let why = "outside the range this engine allows";
        Err(ArchError::Value {
            key: self.full(key),
            value: value.to_string(),
            why,
        })
    }

    /// A finite number, with a default.
    pub fn opt_number(&self, key: &str, default: f32) -> Result<f32, ArchError> {
        let value = self.gguf.metadata.opt_f32(&self.full(key))?.unwrap_or(default);
        if value.is_finite() {
            return Ok(value);
        }
        Err(ArchError::Value {
            key: self.full(key),
            value: value.to_string(),
            why: "not a finite number",
        })
    }

    /// A finite number above zero.
    pub fn positive(&self, key: &str, default: Option<f32>) -> Result<f32, ArchError> {
        let value = match default {
            Some(default) => self.opt_number(key, default)?,
            None => self.gguf.metadata.f32(&self.full(key))?,
        };
        if value.is_finite() && value > 0.0 {
            return Ok(value);
        }
        Err(ArchError::Value {
            key: self.full(key),
            value: value.to_string(),
            why: "must be above zero",
        })
    }

    /// A text.
    pub fn opt_str(&self, key: &str) -> Result<Option<&'a str>, ArchError> {
        Ok(self.gguf.metadata.opt_str(&self.full(key))?)
    }

    /// A truth value with a default.
    pub fn opt_bool(&self, key: &str, default: bool) -> Result<bool, ArchError> {
        Ok(self.gguf.metadata.opt_bool(&self.full(key))?.unwrap_or(default))
    }

    /// Says that a key's value is one we cannot run yet.
    pub fn unsupported(&self, key: &str, value: &str) -> ArchError {
        ArchError::Unsupported {
            key: self.full(key),
            value: value.into(),
        }
    }

    /// Says that a value contradicts another.
    pub fn contradiction(&self, key: &str, value: u32, why: &'static str) -> ArchError {
        ArchError::Value {
            key: self.full(key),
            value: value.to_string(),
            why,
        }
    }

    /// Entries of the vocabulary: the rows of the embedding.
    pub fn vocab(&self) -> Result<u32, ArchError> {
        let name = "token_embd.weight";
        let tensor = self
            .gguf
            .tensor(name)
            .ok_or_else(|| ArchError::MissingTensor { name: name.into() })?;
        u32::try_from(tensor.rows())
            .ok()
            .filter(|rows| (1..=1 << 24).contains(rows))
            .ok_or_else(|| {
                let (value, why) = (tensor.rows().to_string(), "outside the range this engine allows");
                ArchError::Value {
                    key: format!("rows of {name}"),
                    value,
                    why,
                }
            })
    }

    /// A tensor that must be there, `dims` in ggml order: row length first.
    pub fn tensor(&self, name: &str, dims: &[u32]) -> Result<TensorInfo, ArchError> {
        self.opt_tensor(name, dims)?
            .ok_or_else(|| ArchError::MissingTensor { name: name.into() })
    }

    /// A tensor that may be there, but then of this shape. Trailing dimensions of 1 do not matter.
    pub fn opt_tensor(&self, name: &str, dims: &[u32]) -> Result<Option<TensorInfo>, ArchError> {
        let Some(tensor) = self.gguf.tensor(name) else {
            return Ok(None);
        };
        let expected: Vec<u64> = dims.iter().map(|dim| u64::from(*dim)).collect();
        if trimmed(&tensor.dims) == trimmed(&expected) {
            return Ok(Some(tensor.clone()));
        }
        Err(ArchError::Shape {
            name: name.into(),
            expected,
            got: tensor.dims.clone(),
        })
    }
}

/// Dimensions without the 1s at their end.
fn trimmed(dims: &[u64]) -> &[u64] {
    let kept = dims.iter().rposition(|dim| *dim != 1).map_or(0, |last| last + 1);
    &dims[..kept]
}
