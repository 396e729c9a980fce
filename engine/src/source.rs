//! Where the bytes of a model come from: anything that has a length and can read a range.
//!
//! The engine never asks for more than a bounded chunk at a time, so a source may stand for a
//! file of many gigabytes (a local file, HTTP ranges, a browser `File`).

use std::ops::Range;

/// Why bytes could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A range reaches past the end of the source.
    #[error("the file ends at byte {length}, but bytes {start}–{end} are needed: it is truncated")]
    Truncated { start: u64, end: u64, length: u64 },
    /// The carrier failed (disk, network, a server that ignores ranges).
    #[error("reading {what} failed: {why}")]
    Io { what: Box<str>, why: Box<str> },
}

/// A readable sequence of bytes of known length.
#[allow(
    async_fn_in_trait,
    reason = "used through generics only; browser futures are not Send"
)]
pub trait ByteSource {
    /// Length in bytes.
    fn length(&self) -> u64;

    /// Reads exactly `range`; shorter answers are an error of the source.
    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError>;

    /// Where each file begins, of a model that is split into several; one file begins at 0.
    fn part_starts(&self) -> Vec<u64> {
        vec![0]
    }
}

/// The files of a split model, one after the other.
pub struct Parts<S>(pub Vec<S>);

impl<S: ByteSource> ByteSource for Parts<S> {
    fn length(&self) -> u64 {
        self.0.iter().map(ByteSource::length).sum()
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        for (part, start) in self.0.iter().zip(self.part_starts()) {
            let own = range.start.max(start)..range.end.min(start + part.length());
            if own.start < own.end {
                bytes.extend(part.read(own.start - start..own.end - start).await?);
            }
        }
        if bytes.len() as u64 == range.end.saturating_sub(range.start) {
            return Ok(bytes);
        }
        Err(SourceError::Truncated {
            start: range.start,
            end: range.end,
            length: self.length(),
        })
    }

    fn part_starts(&self) -> Vec<u64> {
        let mut next = 0;
        let start = |part: &S| {
            next += part.length();
            next - part.length()
        };
        self.0.iter().map(start).collect()
    }
}

/// Most files a model may be split into.
const MOST_PARTS: u32 = 999;

/// The names of all files of a split model, if `name` is that of one: `…-00001-of-00003.gguf`.
pub fn part_names(name: &str) -> Option<Vec<String>> {
    let (before, numbers) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, number) = before.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let count: u32 = numbers
        .parse()
        .ok()
        .filter(|_| is_number(numbers) && is_number(number))?;
    let name = |index: u32| format!("{stem}-{index:05}-of-{numbers}.gguf");
    (2..=MOST_PARTS)
        .contains(&count)
        .then(|| (1..=count).map(name).collect())
}

/// A source whose bytes are already in memory.
pub struct MemorySource(pub Vec<u8>);

impl ByteSource for MemorySource {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let truncated = SourceError::Truncated {
            start: range.start,
            end: range.end,
            length: self.length(),
        };
        let bounds = usize::try_from(range.start)
            .ok()
            .zip(usize::try_from(range.end).ok());
        let bytes = bounds.and_then(|(start, end)| self.0.get(start..end));
        bytes.map(<[u8]>::to_vec).ok_or(truncated)
    }
}

/// A file on this computer, read by seeking.
#[cfg(not(target_arch = "wasm32"))]
pub struct FileSource {
    file: std::cell::RefCell<std::fs::File>,
    length: u64,
    name: Box<str>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Parts<FileSource> {
    /// Opens a file, and all others where it is one of a split model.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let names = path
            .file_name()
            .and_then(|name| part_names(&name.to_string_lossy()));
        let Some(names) = names else {
            return Ok(Self(vec![FileSource::open(path)?]));
        };
        let files = names
            .iter()
            .map(|name| FileSource::open(path.with_file_name(name)));
        Ok(Self(files.collect::<Result<_, _>>()?))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl FileSource {
    /// Opens `path` for reading.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, SourceError> {
        let name: Box<str> = path.as_ref().display().to_string().into();
        let io = |err: std::io::Error| SourceError::Io {
            what: name.clone(),
            why: err.to_string().into(),
        };
        let file = std::fs::File::open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Ok(Self {
            file: std::cell::RefCell::new(file),
            length,
            name,
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ByteSource for FileSource {
    fn length(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        use std::io::{Read, Seek, SeekFrom};
        if range.start > range.end || range.end > self.length {
            return Err(SourceError::Truncated {
                start: range.start,
                end: range.end,
                length: self.length,
            });
        }
        let io = |err: std::io::Error| SourceError::Io {
            what: self.name.clone(),
            why: err.to_string().into(),
        };
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(range.start)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }
}
