//! A place in the first bytes of a file. Reading past the bytes that are here asks for more; past
//! the end of the file, or past the largest header, is refused.

use super::{GgufError, LARGEST_HEADER};

/// Why parsing stopped.
#[derive(Debug)]
pub enum Stop {
    /// The file has these bytes, but they have not been read yet.
    NeedsBytes(u64),
    /// The file is not one we can use.
    Refused(GgufError),
}

impl From<GgufError> for Stop {
    fn from(err: GgufError) -> Self {
        Self::Refused(err)
    }
}

/// A reading position.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: u64,
    file_bytes: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], file_bytes: u64) -> Self {
        Self {
            bytes,
            at: 0,
            file_bytes,
        }
    }

    /// Offset of the next byte in the file.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], Stop> {
        let end = self.check(count)?;
        let range = usize::try_from(self.at).ok().zip(usize::try_from(end).ok());
        let Some(bytes) = range.and_then(|(start, end)| self.bytes.get(start..end)) else {
            return Err(Stop::NeedsBytes(end));
        };
        self.at = end;
        Ok(bytes)
    }

    /// The end of the next `count` bytes, if the file has them and a header may be that long.
    pub fn check(&self, count: u64) -> Result<u64, GgufError> {
        let end = self.at.saturating_add(count);
        if end > self.file_bytes {
            let missing = end - self.file_bytes;
            return Err(GgufError::HeaderTruncated {
                at: self.at,
                missing,
                length: self.file_bytes,
            });
        }
        if end > LARGEST_HEADER {
            return Err(GgufError::HeaderTooLarge {
                needed: end,
                most: LARGEST_HEADER,
            });
        }
        Ok(end)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N as u64)?;
        // `take` returned N bytes, so the conversion holds.
        Ok(bytes.try_into().unwrap_or([0; N]))
    }

    pub fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Stop> {
        self.array().map(u64::from_le_bytes)
    }

    /// A string: its length, then its bytes.
    pub fn string(&mut self) -> Result<&'a str, Stop> {
        let length = self.u64()?;
        let at = self.at;
        let bytes = self.take(length)?;
        Ok(std::str::from_utf8(bytes).map_err(|_| GgufError::NotText { at })?)
    }

    /// A name: a short string.
    pub fn name(&mut self, most: u64) -> Result<&'a str, Stop> {
        let at = self.at;
        let name = self.string()?;
        if name.len() as u64 > most {
            return Err(GgufError::NameTooLong {
                at,
                found: name.len() as u64,
                most,
            }
            .into());
        }
        Ok(name)
    }
}
