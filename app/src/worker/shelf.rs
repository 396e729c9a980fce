//! Models kept in this browser (its origin private file system), so that they are fetched once.
//!
//! A file arrives in order and is written as it arrives; what came stays, whatever ends the load, and
//! the next load of the same address goes on from there. SHA-256 of a whole file is computed afterwards,
//! while nothing else is to be done, and kept with it. `index.json` lists what there is.

mod arrival;
mod disk;
mod download;
mod hashing;
mod inflow;

use moescope_engine::source::SourceError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::arrival::Arrival;
use self::disk::Disk;
pub use self::download::Download;
pub use self::hashing::{Hashed, Hashing};
pub use self::inflow::{Inflow, Piece};
use super::source::io;
use crate::format;
use crate::protocol::{Stored, StoredModel};

/// The list of what is kept.
const INDEX: &str = "index.json";

/// One file, whole or in part.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    url: String,
    total_bytes: u64,
    /// The server's mark of this version of the file, if it gave one.
    etag: Option<String>,
    /// All of it is here.
    #[serde(default)]
    is_whole: bool,
    /// Of the whole file, once that is known.
    sha256: Option<String>,
}

impl Entry {
    /// Entries of earlier versions are whole where they have a hash.
    fn is_whole(&self) -> bool {
        self.is_whole || self.sha256.is_some()
    }
}

/// What is kept, and where.
pub struct Shelf {
    disk: Disk,
}

impl Shelf {
    /// The shelf of this page; `None` where the browser has none.
    pub async fn open() -> Option<Self> {
        Disk::open().await.ok().map(|disk| Self { disk })
    }

    /// Everything that is kept, for the screen.
    pub async fn stored(&self) -> Stored {
        let mut models = Vec::new();
        for entry in self.index().await {
            models.push(StoredModel {
                stored_bytes: self.disk.size(&file_name(&entry.url)).await.unwrap_or(0),
                is_whole: entry.is_whole(),
                url: entry.url,
                total_bytes: entry.total_bytes,
                sha256: entry.sha256,
            });
        }
        let (usage_bytes, quota_bytes) = disk::estimate().await.unwrap_or((0, 0));
        Stored {
            models,
            usage_bytes,
            quota_bytes,
        }
    }

    /// Forgets a file.
    pub async fn delete(&self, url: &str) -> Result<(), SourceError> {
        self.disk.remove(&file_name(url)).await?;
        let mut entries = self.index().await;
        entries.retain(|entry| entry.url != url);
        self.write_index(&entries).await
    }

    /// An error where so many more bytes would not fit into this browser.
    pub async fn check_room(&self, name: &str, bytes: u64) -> Result<(), SourceError> {
        let Some((usage, quota)) = disk::estimate().await else {
            return Ok(());
        };
        if usage + bytes <= quota {
            return Ok(());
        }
        let (needed, room) = (format::bytes(bytes), format::bytes(quota.saturating_sub(usage)));
        Err(io(
            name,
            &format!("{needed} are needed and this browser has room for {room}"),
        ))
    }

    /// A file that is here as a whole.
    pub async fn whole(&self, url: &str) -> Option<web_sys::Blob> {
        let entry = self.entry(url).await.filter(Entry::is_whole)?;
        let blob = self.disk.blob(&file_name(url)).await.ok()?;
        (blob.size() as u64 == entry.total_bytes).then_some(blob)
    }

    /// Keeps a file's hash, unless the file has changed or gone meanwhile. Whether it was kept.
    async fn set_hash(&self, entry: Entry, sha256: String) -> bool {
        let same = |known: &Entry| {
            known.is_whole() && known.etag == entry.etag && known.total_bytes == entry.total_bytes
        };
        if !self.entry(&entry.url).await.as_ref().is_some_and(same) {
            return false;
        }
        let sha256 = Some(sha256);
        self.keep(Entry { sha256, ..entry }).await.is_ok()
    }

    async fn entry(&self, url: &str) -> Option<Entry> {
        self.index().await.into_iter().find(|entry| entry.url == url)
    }

    /// A list that cannot be read is an empty one: what it listed is fetched again.
    async fn index(&self) -> Vec<Entry> {
        let text = self.disk.text(INDEX).await.unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn keep(&self, entry: Entry) -> Result<(), SourceError> {
        let mut entries = self.index().await;
        entries.retain(|known| known.url != entry.url);
        entries.push(entry);
        entries.sort_by(|a, b| a.url.cmp(&b.url));
        self.write_index(&entries).await
    }

    async fn write_index(&self, entries: &[Entry]) -> Result<(), SourceError> {
        let text = serde_json::to_string(entries).unwrap_or_default();
        let file = self.disk.writer(INDEX).await?;
        file.truncate(0)?;
        file.write_at(0, text.as_bytes())?;
        file.flush()
    }
}

/// A name that any address fits into.
fn file_name(url: &str) -> String {
    format!("{}.gguf", hex(&Sha256::digest(url.as_bytes())[..16]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
