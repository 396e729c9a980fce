//! One file on its way to the shelf: written as it arrives, resumed where it stopped.

use std::rc::Rc;

use gloo::net::http::{Request, Response};
use moescope_engine::source::SourceError;

use super::disk::Writer;
use super::{Entry, Inflow, Shelf, file_name};
use crate::format;
use crate::worker::cancel::LoadToken;
use crate::worker::source::{Stream, discard, io, unreachable};

/// Bytes after which what was written is made sure of.
const FLUSH_BYTES: u64 = 64 << 20;
/// Times a lost connection is taken up again, as long as each brings something new.
const RETRIES: u32 = 3;

/// A file that is fetched and written, piece by piece.
pub struct Download {
    url: String,
    total_bytes: u64,
    etag: Option<String>,
    token: LoadToken,
    file: Rc<Writer>,
    done_bytes: u64,
    flushed_bytes: u64,
    inflow: Rc<Inflow>,
}

impl Download {
    /// Goes on where an earlier load of the same file stopped. Fails where another tab writes this file.
    pub async fn begin(
        shelf: &Shelf,
        url: &str,
        total_bytes: u64,
        etag: Option<String>,
        token: &LoadToken,
    ) -> Result<Self, SourceError> {
        let known = shelf.entry(url).await;
        let is_same = known
            .is_some_and(|known| known.total_bytes == total_bytes && known.etag == etag && !known.is_whole());
        let file = Rc::new(shelf.disk.writer(&file_name(url)).await?);
        if !is_same || file.size()? > total_bytes {
            file.truncate(0)?;
        }
        let there = file.size()?;
        Ok(Self {
            url: url.into(),
            total_bytes,
            etag,
            token: token.clone(),
            done_bytes: there,
            flushed_bytes: there,
            inflow: Rc::new(Inflow::new(Rc::clone(&file), there)),
            file,
        })
    }

    /// What it brings, to be read from now on.
    pub fn inflow(&self) -> Rc<Inflow> {
        Rc::clone(&self.inflow)
    }

    /// Bytes that are still to come.
    pub fn missing_bytes(&self) -> u64 {
        self.total_bytes - self.done_bytes
    }

    /// Brings the rest of the file to the shelf. `progress` hears bytes done.
    pub async fn run(mut self, shelf: &Shelf, progress: &mut dyn FnMut(u64)) -> Result<(), SourceError> {
        shelf.keep(self.entry(false)).await?;
        let mut retries = RETRIES;
        while self.done_bytes < self.total_bytes {
            let before = self.done_bytes;
            let arrived = self.go_on(progress).await;
            self.token.check(&self.url)?;
            if let Err(err) = arrived {
                if retries == 0 || self.done_bytes == before {
                    self.file.flush()?;
                    return Err(self.stopped(&err));
                }
                retries -= 1;
            }
        }
        self.file.flush()?;
        shelf.keep(self.entry(true)).await?;
        let blob = shelf.disk.blob(&file_name(&self.url)).await;
        self.inflow
            .complete(blob.map_err(|_| io(&self.url, "what was stored cannot be read again"))?);
        Ok(())
    }

    /// Asks for what is missing.
    async fn go_on(&mut self, progress: &mut dyn FnMut(u64)) -> Result<(), SourceError> {
        let asked = format!("bytes={}-", self.done_bytes);
        let response = Request::get(&self.url)
            .header("range", &asked)
            .send()
            .await
            .map_err(|err| unreachable(&self.url, &err))?;
        match response.status() {
            206 => {}
            // It sends whole files only: from the beginning, then.
            200 => {
                self.file.truncate(0)?;
                self.done_bytes = 0;
                self.inflow.came_to(0);
            }
            status => {
                discard(&response);
                return Err(io(&self.url, &format!("the server answered {status}")));
            }
        }
        let received = self.receive(&response, progress).await;
        if received.is_err() {
            discard(&response);
        }
        received
    }

    async fn receive(
        &mut self,
        response: &Response,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SourceError> {
        let mut stream = Stream::of(response, &self.url)?;
        while let Some(bytes) = stream.next().await? {
            self.token.check(&self.url)?;
            if bytes.len() as u64 > self.missing_bytes() {
                return Err(io(&self.url, "the server sends more than it announced"));
            }
            self.file.write_at(self.done_bytes, &bytes)?;
            self.done_bytes += bytes.len() as u64;
            if self.done_bytes - self.flushed_bytes >= FLUSH_BYTES {
                self.file.flush()?;
                self.flushed_bytes = self.done_bytes;
            }
            self.inflow.came_to(self.done_bytes);
            progress(self.done_bytes);
        }
        if self.missing_bytes() > 0 {
            return Err(io(&self.url, "the connection was lost"));
        }
        Ok(())
    }

    fn stopped(&self, err: &SourceError) -> SourceError {
        let (done, total) = (format::bytes(self.done_bytes), format::bytes(self.total_bytes));
        let told = err.to_string();
        let why = match err {
            SourceError::Io { why, .. } => why,
            SourceError::Truncated { .. } => &*told,
        };
        io(
            &self.url,
            &format!("{why}; {done} of {total} are kept, load it again to go on from there"),
        )
    }

    fn entry(&self, is_whole: bool) -> Entry {
        Entry {
            url: self.url.clone(),
            total_bytes: self.total_bytes,
            etag: self.etag.clone(),
            is_whole,
            sha256: None,
        }
    }
}
