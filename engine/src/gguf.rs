//! The GGUF container: what a model file says it holds, nothing interpreted.
//!
//! ```text
//! "GGUF" │ version u32 │ tensors u64 │ pairs u64 │ pairs… │ tensor infos… │ padding │ tensor data
//! pair         key string │ type u32 │ value
//! tensor info  name string │ n_dims u32 │ dims u64… │ type u32 │ offset u64 from the tensor data
//! string       length u64 │ UTF-8 bytes
//! ```
//!
//! Versions 2 and 3, little-endian. The file is not trusted: every count, length and offset is
//! checked against a cap and against the bytes that are there before it is used. Reading asks the
//! source for growing chunks, so that a header of any size takes few requests.
//!
//! Source: ggml `docs/gguf.md` and `ggml/src/gguf.cpp`.

use std::collections::HashMap;
use std::ops::Range;

use crate::quant::Format;
use crate::source::{ByteSource, SourceError};

mod cursor;
mod error;
mod ggml_types;
mod header;
mod metadata;
mod recognize;

pub use error::GgufError;
pub use metadata::{Array, Metadata, Value, ValueType};
pub use recognize::Looks;

/// Bytes asked for first; most files without a large vocabulary need no second request.
const FIRST_CHUNK: u64 = 256 << 10;
/// Most bytes in one request.
const LARGEST_CHUNK: u64 = 8 << 20;
/// Largest header (everything before the tensor data) that is accepted. The largest seen, with a
/// vocabulary of 256 k and all merges, is under 30 MiB.
pub const LARGEST_HEADER: u64 = 512 << 20;

/// A model file: its metadata and where its tensors lie.
#[derive(Clone, Debug)]
pub struct Gguf {
    /// Version of the container: 2 or 3.
    pub version: u32,
    /// Key-value pairs, uninterpreted.
    pub metadata: Metadata,
    /// All tensors, in file order.
    pub tensors: Vec<TensorInfo>,
    /// Tensor data starts at multiples of this many bytes.
    pub alignment: u64,
    /// First byte of the tensor data.
    pub data_start: u64,
    /// Length of the file.
    pub file_bytes: u64,
    by_name: HashMap<Box<str>, usize>,
}

/// A tensor in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Unique name.
    pub name: String,
    /// How its elements are stored.
    pub format: Format,
    /// Sizes in ggml order: `dims[0]` is the length of a row, whose elements are adjacent.
    pub dims: Vec<u64>,
    /// Its bytes in the file.
    pub range: Range<u64>,
}

impl Gguf {
    /// Reads and checks the header, or those of all parts of a split model; the tensor data stays where
    /// it is.
    pub async fn read(source: &impl ByteSource) -> Result<Self, GgufError> {
        let starts = source.part_starts();
        let mut whole: Option<Self> = None;
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(source.length());
            let mut part = Self::read_part(&Part {
                source,
                range: *start..end,
            })
            .await?;
            part.check_part(index, starts.len())?;
            part.tensors.iter_mut().for_each(|tensor| {
                tensor.range = tensor.range.start + start..tensor.range.end + start;
            });
            whole = Some(match whole {
                None => part,
                Some(whole) => whole.joined(part)?,
            });
        }
        whole.ok_or(GgufError::Empty)
    }

    async fn read_part(source: &impl ByteSource) -> Result<Self, GgufError> {
        let file_bytes = source.length();
        let mut start = Vec::new();
        let mut needed = FIRST_CHUNK.min(file_bytes);
        loop {
            extend(source, &mut start, needed).await?;
            match header::parse(&start, file_bytes) {
                Ok(gguf) => return Ok(gguf),
                Err(cursor::Stop::Refused(err)) => return Err(err),
                // Doubling keeps the work of parsing again from the start proportional to the size.
                Err(cursor::Stop::NeedsBytes(end)) => {
                    needed = end.max(start.len() as u64 * 2).min(file_bytes)
                }
            }
        }
    }

    /// Whether this is the part it should be, of as many as there are.
    fn check_part(&self, index: usize, given: usize) -> Result<(), GgufError> {
        let parts = self.metadata.opt_u64("split.count")?.unwrap_or(1).max(1);
        let number = self.metadata.opt_u64("split.no")?.unwrap_or(0);
        if parts != given as u64 {
            let part = number.saturating_add(1);
            return Err(GgufError::Split { part, parts, given });
        }
        if parts > 1 && number != index as u64 {
            let (part, expected) = (number.saturating_add(1), index + 1);
            return Err(GgufError::SplitOrder { part, expected });
        }
        Ok(())
    }

    /// With the tensors of another part.
    fn joined(mut self, part: Self) -> Result<Self, GgufError> {
        self.tensors.extend(part.tensors);
        self.by_name = header::index(&self.tensors)?;
        self.file_bytes += part.file_bytes;
        Ok(self)
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.by_name.get(name).and_then(|&index| self.tensors.get(index))
    }
}

impl TensorInfo {
    /// Elements of a row.
    pub fn cols(&self) -> u64 {
        self.dims.first().copied().unwrap_or(1)
    }

    /// Rows: the product of all sizes but the first.
    pub fn rows(&self) -> u64 {
        self.dims.iter().skip(1).product()
    }

    /// Elements.
    pub fn elements(&self) -> u64 {
        self.dims.iter().product()
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Some elements of a single row of floats, seen as a tensor of their own.
    pub fn elements_part(&self, part: &Range<u32>) -> Self {
        let at = |element: u32| self.range.start + 4 * u64::from(element);
        Self {
            name: format!("{}[{}..{}]", self.name, part.start, part.end),
            format: self.format,
            dims: vec![u64::from(part.end - part.start)],
            range: at(part.start)..at(part.end),
        }
    }

    /// A part of it, seen as a tensor of its own: some of `items` equal runs of rows.
    pub fn part(&self, items: u32, part: &Range<u32>) -> Self {
        let per_item = |total: u64| total / u64::from(items.max(1));
        let (rows, bytes) = (per_item(self.rows()), per_item(self.bytes()));
        let at = |item: u32| self.range.start + u64::from(item) * bytes;
        Self {
            name: format!("{}[{}..{}]", self.name, part.start, part.end),
            format: self.format,
            dims: vec![self.cols(), rows * u64::from(part.end - part.start)],
            range: at(part.start)..at(part.end),
        }
    }
}

/// One file of several.
struct Part<'a, S> {
    source: &'a S,
    range: Range<u64>,
}

impl<S: ByteSource> ByteSource for Part<'_, S> {
    fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let start = self.range.start;
        self.source.read(start + range.start..start + range.end).await
    }
}

/// Reads on until `bytes` holds the first `needed` bytes of the source.
async fn extend(source: &impl ByteSource, bytes: &mut Vec<u8>, needed: u64) -> Result<(), SourceError> {
    while (bytes.len() as u64) < needed {
        let from = bytes.len() as u64;
        let range = from..needed.min(from + LARGEST_CHUNK);
        let wanted = range.end - range.start;
        let chunk = source.read(range.clone()).await?;
        if chunk.len() as u64 != wanted {
            let why = format!("{wanted} bytes were asked for at {from} and {} came", chunk.len());
            return Err(SourceError::Io {
                what: "the model file".into(),
                why: why.into(),
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(())
}
