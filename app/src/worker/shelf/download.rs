//! One file on its way to the shelf: written and hashed as it arrives, resumed where it stopped.

use gloo::net::http::{Request, Response};
use moescope_engine::source::SourceError;
use sha2::{Digest, Sha256};
use web_sys::Blob;

use super::disk::{self, Writer};
use super::{Entry, Shelf, file_name, hex};
use crate::format;
use crate::worker::source::{Stream, discard, io, unreachable};

/// Bytes after which what was written is made sure of.
const FLUSH_BYTES: u64 = 64 << 20;
/// Bytes hashed at once of what is already there.
const HASH_BYTES: usize = 4 << 20;
/// Times a lost connection is taken up again, as long as each brings something new.
const RETRIES: u32 = 3;

/// A download and who hears of it.
pub struct Download<'a> {
    pub url: &'a str,
    pub total_bytes: u64,
    pub etag: Option<String>,
    /// An error once the load is no longer wanted.
    pub check_wanted: &'a dyn Fn() -> Result<(), SourceError>,
    pub progress: &'a mut dyn FnMut(u64, u64),
}

/// A file under way.
pub struct Arriving {
    file: Writer,
    hash: Sha256,
    done_bytes: u64,
    flushed_bytes: u64,
}

impl Download<'_> {
    /// Brings the rest of the file to the shelf.
    pub async fn run(mut self, shelf: &Shelf, mut arriving: Arriving) -> Result<Blob, SourceError> {
        let mut retries = RETRIES;
        while arriving.done_bytes < self.total_bytes {
            let before = arriving.done_bytes;
            let arrived = self.go_on(&mut arriving).await;
            (self.check_wanted)()?;
            if let Err(err) = arrived {
                if retries == 0 || arriving.done_bytes == before {
                    arriving.file.flush()?;
                    return Err(self.stopped(&err, arriving.done_bytes));
                }
                retries -= 1;
            }
        }
        arriving.file.flush()?;
        let sha256 = hex(&arriving.hash.finalize());
        drop(arriving.file);
        shelf.keep(self.entry(Some(sha256))).await?;
        let blob = shelf.disk.blob(&file_name(self.url)).await;
        blob.map_err(|_| io(self.url, "what was stored cannot be read again"))
    }

    /// What is there already, hashed, or an empty file. Fails where there is no room, or where another
    /// tab writes this file.
    pub async fn begin(&mut self, shelf: &Shelf) -> Result<Arriving, SourceError> {
        let known = shelf.entry(self.url).await;
        let is_same = known.is_some_and(|known| {
            known.total_bytes == self.total_bytes && known.etag == self.etag && known.sha256.is_none()
        });
        let file = shelf.disk.writer(&file_name(self.url)).await?;
        if !is_same || file.size()? > self.total_bytes {
            file.truncate(0)?;
        }
        let there = file.size()?;
        if let Some((usage, quota)) = disk::estimate().await
            && usage + (self.total_bytes - there) > quota
        {
            let room = quota.saturating_sub(usage);
            let (needed, room) = (format::bytes(self.total_bytes - there), format::bytes(room));
            let why = format!("{needed} are needed and this browser has room for {room}");
            return Err(io(self.url, &why));
        }
        shelf.keep(self.entry(None)).await?;
        let mut arriving = Arriving {
            file,
            hash: Sha256::new(),
            done_bytes: 0,
            flushed_bytes: there,
        };
        let mut chunk = vec![0; HASH_BYTES];
        while arriving.done_bytes < there {
            (self.check_wanted)()?;
            let read = arriving.file.read_at(arriving.done_bytes, &mut chunk)?;
            if read == 0 {
                break;
            }
            arriving.hash.update(&chunk[..read]);
            arriving.done_bytes += read as u64;
        }
        Ok(arriving)
    }

    /// Asks for what is missing.
    async fn go_on(&mut self, arriving: &mut Arriving) -> Result<(), SourceError> {
        let asked = format!("bytes={}-", arriving.done_bytes);
        let response = Request::get(self.url)
            .header("range", &asked)
            .send()
            .await
            .map_err(|err| unreachable(self.url, &err))?;
        match response.status() {
            206 => {}
            // It sends whole files only: from the beginning, then.
            200 => {
                arriving.file.truncate(0)?;
                (arriving.hash, arriving.done_bytes) = (Sha256::new(), 0);
            }
            status => {
                discard(&response);
                return Err(io(self.url, &format!("the server answered {status}")));
            }
        }
        self.receive(arriving, &response).await
    }

    async fn receive(&mut self, arriving: &mut Arriving, response: &Response) -> Result<(), SourceError> {
        let mut stream = Stream::of(response, self.url)?;
        while let Some(bytes) = stream.next().await? {
            if let Err(err) = (self.check_wanted)() {
                discard(response);
                return Err(err);
            }
            if arriving.done_bytes + bytes.len() as u64 > self.total_bytes {
                discard(response);
                return Err(io(self.url, "the server sends more than it announced"));
            }
            arriving.file.write_at(arriving.done_bytes, &bytes)?;
            arriving.hash.update(&bytes);
            arriving.done_bytes += bytes.len() as u64;
            if arriving.done_bytes - arriving.flushed_bytes >= FLUSH_BYTES {
                arriving.file.flush()?;
                arriving.flushed_bytes = arriving.done_bytes;
            }
            (self.progress)(arriving.done_bytes, self.total_bytes);
        }
        if arriving.done_bytes < self.total_bytes {
            return Err(io(self.url, "the connection was lost"));
        }
        Ok(())
    }

    fn stopped(&self, err: &SourceError, done_bytes: u64) -> SourceError {
        let (done, total) = (format::bytes(done_bytes), format::bytes(self.total_bytes));
        let told = err.to_string();
        let why = match err {
            SourceError::Io { why, .. } => why,
            SourceError::Truncated { .. } => &*told,
        };
        io(
            self.url,
            &format!("{why}; {done} of {total} are kept, load it again to go on from there"),
        )
    }

    fn entry(&self, sha256: Option<String>) -> Entry {
        Entry {
            url: self.url.into(),
            total_bytes: self.total_bytes,
            etag: self.etag.clone(),
            sha256,
        }
    }
}
