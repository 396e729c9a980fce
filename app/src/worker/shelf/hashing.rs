//! SHA-256 of whole files, a piece at a time between requests: loading a file does not wait for it.

use js_sys::Uint8Array;
use sha2::{Digest, Sha256};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Entry, Shelf, file_name, hex};

/// Bytes of a piece: some ten milliseconds.
const PIECE_BYTES: u64 = 4 << 20;

/// The file that is being hashed, and those that could not be.
#[derive(Default)]
pub struct Hashing {
    file: Option<(Entry, Blob)>,
    hash: Sha256,
    done_bytes: u64,
    unreadable: Vec<String>,
}

/// What a step of it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashed {
    /// There is more to do.
    Some,
    /// A file's hash is known now.
    File,
    /// Nothing is left.
    All,
}

impl Hashing {
    /// Hashes the next piece.
    pub async fn step(&mut self) -> Hashed {
        let Some((entry, blob)) = self.file.take() else {
            return self.begin().await;
        };
        let end = (self.done_bytes + PIECE_BYTES).min(entry.total_bytes);
        let Some(bytes) = read(&blob, self.done_bytes, end).await else {
            // It may have come anew meanwhile, but not again and again.
            if self.done_bytes == 0 {
                self.unreadable.push(entry.url);
            }
            return Hashed::Some;
        };
        self.hash.update(&bytes);
        self.done_bytes = end;
        if end < entry.total_bytes {
            self.file = Some((entry, blob));
            return Hashed::Some;
        }
        let sha256 = hex(&std::mem::take(&mut self.hash).finalize());
        let url = entry.url.clone();
        let kept = match Shelf::open().await {
            Some(shelf) => shelf.set_hash(entry, sha256).await,
            None => false,
        };
        if !kept {
            self.unreadable.push(url);
        }
        Hashed::File
    }

    /// Takes up the next file that has no hash.
    async fn begin(&mut self) -> Hashed {
        let Some(shelf) = Shelf::open().await else {
            return Hashed::All;
        };
        let mut entries = shelf.index().await.into_iter();
        let is_due = |entry: &Entry| {
            entry.is_whole() && entry.sha256.is_none() && !self.unreadable.contains(&entry.url)
        };
        let Some(entry) = entries.find(is_due) else {
            return Hashed::All;
        };
        match shelf.disk.blob(&file_name(&entry.url)).await {
            Ok(blob) => {
                (self.hash, self.done_bytes) = (Sha256::new(), 0);
                self.file = Some((entry, blob));
            }
            Err(_) => self.unreadable.push(entry.url),
        }
        Hashed::Some
    }
}

/// A piece of a file; none where the file is not what it was.
async fn read(blob: &Blob, start: u64, end: u64) -> Option<Vec<u8>> {
    let piece = blob.slice_with_f64_and_f64(start as f64, end as f64).ok()?;
    let buffer = JsFuture::from(piece.array_buffer()).await.ok()?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    (bytes.len() as u64 == end - start).then_some(bytes)
}
