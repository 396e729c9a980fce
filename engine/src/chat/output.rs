//! Text of bounded length that a template writes into.

use std::io;

/// Takes bytes up to a limit and fails beyond it.
pub struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    is_full: bool,
}

impl Bounded {
    pub fn new(most: usize) -> Self {
        Self {
            bytes: Vec::new(),
            most,
            is_full: false,
        }
    }

    /// Whether more was written than the limit allows.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The text written.
    pub fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.most - self.bytes.len() {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
