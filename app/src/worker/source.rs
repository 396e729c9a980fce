//! Where a model's bytes come from in a browser: an address, read whole when small and by ranges
//! when large, or a file of the visitor, which never leaves the page. A large file can be read while it
//! is on its way to the shelf.

use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

use gloo::file::Blob;
use gloo::net::http::{Request, Response};
use js_sys::{Reflect, Uint8Array};
use moescope_engine::source::{ByteSource, Parts, SourceError, part_names};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

use super::cancel::LoadToken;
use super::shelf::{Arrival, Download, Inflow, Piece, Shelf};
use crate::protocol::Told;

/// Up to this size a file is fetched whole, in one stream; above, by ranges.
const WHOLE_BYTES: u64 = 64 << 20;

/// Bytes of a model, while its load is still wanted.
pub struct Source {
    bytes: Bytes,
    name: String,
    token: LoadToken,
}

enum Bytes {
    Memory(Vec<u8>),
    Ranges {
        url: String,
        length: u64,
        etag: Option<String>,
    },
    File(Blob),
    /// On its way to the shelf.
    Arriving {
        inflow: Rc<Inflow>,
        length: u64,
    },
    /// A split model's.
    Parts(Parts<Source>),
}

impl Source {
    /// Opens an address, and those of all other parts where it is one part's.
    pub async fn fetch_all(
        url: &str,
        token: &LoadToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, SourceError> {
        let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let Some(names) = part_names(path) else {
            return Self::fetch(url, token, progress).await;
        };
        let mut parts = Vec::new();
        for name in names {
            parts.push(Self::fetch(&format!("{name}{query}"), token, progress).await?);
        }
        Ok(Self::of_parts(url.into(), parts, token))
    }

    /// The files of a split model.
    pub fn of_parts(name: String, parts: Vec<Self>, token: &LoadToken) -> Self {
        Self {
            bytes: Bytes::Parts(Parts(parts)),
            name,
            token: token.clone(),
        }
    }

    /// Opens an address. A small file is read into memory, one kept in this browser from there, another
    /// by ranges. `progress` hears bytes done and bytes in all while a small file arrives.
    pub async fn fetch(
        url: &str,
        token: &LoadToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, SourceError> {
        let made = |bytes| Self {
            bytes,
            name: url.into(),
            token: token.clone(),
        };
        let shelf = Shelf::open().await;
        if let Some(shelf) = &shelf
            && let Some(blob) = shelf.whole(url).await
        {
            return Ok(made(Bytes::File(blob.into())));
        }
        let response = Request::get(url)
            .send()
            .await
            .map_err(|err| unreachable(url, &err))?;
        if !response.ok() {
            return Err(io(
                url,
                &format!(
                    "the server answered {} {}",
                    response.status(),
                    response.status_text()
                ),
            ));
        }
        let length = response
            .headers()
            .get("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        if length > WHOLE_BYTES {
            discard(&response);
            return Ok(made(Bytes::Ranges {
                url: url.into(),
                length,
                etag: response.headers().get("etag"),
            }));
        }
        let empty = made(Bytes::Memory(Vec::new()));
        let bytes = empty.read_stream(&response, length, progress).await?;
        Ok(made(Bytes::Memory(bytes)))
    }

    /// Opens a file of the visitor.
    pub fn file(name: String, blob: web_sys::Blob, token: &LoadToken) -> Self {
        Self {
            bytes: Bytes::File(blob.into()),
            name,
            token: token.clone(),
        }
    }

    /// Whether some of its bytes are still elsewhere.
    pub fn is_remote(&self) -> bool {
        match &self.bytes {
            Bytes::Ranges { .. } => true,
            Bytes::Parts(parts) => parts.0.iter().any(Self::is_remote),
            Bytes::Memory(_) | Bytes::File(_) | Bytes::Arriving { .. } => false,
        }
    }

    /// Whether some of its bytes are on their way.
    pub fn is_arriving(&self) -> bool {
        match &self.bytes {
            Bytes::Arriving { inflow, .. } => !inflow.is_whole(),
            Bytes::Parts(parts) => parts.0.iter().any(Self::is_arriving),
            Bytes::Memory(_) | Bytes::File(_) | Bytes::Ranges { .. } => false,
        }
    }

    /// Starts to bring what is remote to the shelf, which the [`Arrival`] then does; from now on it is read
    /// from there, as it comes. Where there is no shelf, or no room on it, `notice` hears why, and files
    /// stay where they are.
    pub async fn begin_arriving(&mut self, notice: &dyn Fn(Told)) -> Result<Arrival, SourceError> {
        let mut arrival = Arrival::new(self.length());
        match self.downloads().await {
            Ok((shelf, downloads)) => {
                let mut start = 0;
                for (file, download) in self.files_mut().iter_mut().zip(downloads) {
                    let length = file.length();
                    if let Some(download) = download {
                        let inflow = download.inflow();
                        file.bytes = Bytes::Arriving { inflow, length };
                        arrival.add(start, download);
                    }
                    start += length;
                }
                Ok(arrival.on(shelf))
            }
            Err(err) => {
                self.token.check(&self.name)?;
                notice(Told::NotKept(err.to_string()));
                Ok(arrival)
            }
        }
    }

    /// A download for every file that is remote.
    async fn downloads(&self) -> Result<(Shelf, Vec<Option<Download>>), SourceError> {
        let shelf = Shelf::open().await;
        let shelf = shelf.ok_or_else(|| io(&self.name, "there is no storage for it"))?;
        let (mut downloads, mut missing_bytes) = (Vec::new(), 0);
        for file in self.files() {
            let download = match &file.bytes {
                Bytes::Ranges { url, length, etag } => {
                    Some(Download::begin(&shelf, url, *length, etag.clone(), &self.token).await?)
                }
                _ => None,
            };
            missing_bytes += download.as_ref().map_or(0, Download::missing_bytes);
            downloads.push(download);
        }
        shelf.check_room(&self.name, missing_bytes).await?;
        Ok((shelf, downloads))
    }

    /// The parts of a split model, or the one file.
    fn files(&self) -> &[Self] {
        match &self.bytes {
            Bytes::Parts(Parts(parts)) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    fn files_mut(&mut self) -> &mut [Self] {
        if !matches!(self.bytes, Bytes::Parts(_)) {
            return std::slice::from_mut(self);
        }
        match &mut self.bytes {
            Bytes::Parts(Parts(parts)) => parts,
            _ => &mut [],
        }
    }

    async fn read_stream(
        &self,
        response: &Response,
        length: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<u8>, SourceError> {
        let mut stream = Stream::of(response, &self.name)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        while let Some(chunk) = stream.next().await? {
            self.token.check(&self.name)?;
            bytes.extend_from_slice(&chunk);
            progress(bytes.len() as u64, length.max(bytes.len() as u64));
        }
        Ok(bytes)
    }

    async fn read_range(&self, url: &str, range: &Range<u64>) -> Result<Vec<u8>, SourceError> {
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let response = Request::get(url)
            .header("range", &asked)
            .send()
            .await
            .map_err(|err| unreachable(url, &err))?;
        if response.status() != 206 {
            discard(&response);
            return Err(io(
                url,
                "its server sends only whole files, and this one is large; download it and open it from your computer",
            ));
        }
        response.binary().await.map_err(|err| unreachable(url, &err))
    }

    async fn read_slice(&self, blob: &Blob, range: &Range<u64>) -> Result<Vec<u8>, SourceError> {
        let slice = blob.slice(range.start, range.end);
        let slice: &web_sys::Blob = slice.as_ref();
        let buffer = JsFuture::from(slice.array_buffer()).await;
        buffer
            .map(|buffer| Uint8Array::new(&buffer).to_vec())
            .map_err(|err| io(&self.name, &told(&err)))
    }
}

impl ByteSource for Source {
    fn part_starts(&self) -> Vec<u64> {
        match &self.bytes {
            Bytes::Parts(parts) => parts.part_starts(),
            _ => vec![0],
        }
    }

    fn length(&self) -> u64 {
        match &self.bytes {
            Bytes::Memory(bytes) => bytes.len() as u64,
            Bytes::Ranges { length, .. } | Bytes::Arriving { length, .. } => *length,
            Bytes::File(blob) => blob.size(),
            Bytes::Parts(parts) => parts.length(),
        }
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        self.token.check(&self.name)?;
        let truncated = || SourceError::Truncated {
            start: range.start,
            end: range.end,
            length: self.length(),
        };
        if range.start > range.end || range.end > self.length() {
            return Err(truncated());
        }
        let bytes = match &self.bytes {
            _ if range.is_empty() => Vec::new(),
            Bytes::Memory(bytes) => bytes
                .get(range.start as usize..range.end as usize)
                .unwrap_or_default()
                .to_vec(),
            Bytes::Ranges { url, .. } => self.read_range(url, &range).await?,
            Bytes::File(blob) => self.read_slice(blob, &range).await?,
            Bytes::Arriving { inflow, .. } => match inflow.read(&self.name, &range).await? {
                Piece::Bytes(bytes) => bytes,
                Piece::Within(blob) => self.read_slice(&blob.into(), &range).await?,
            },
            Bytes::Parts(parts) => read_parts(parts, range.clone()).await?,
        };
        if bytes.len() as u64 == range.end - range.start {
            Ok(bytes)
        } else {
            Err(truncated())
        }
    }
}

/// Boxed: a source may hold sources.
fn read_parts(
    parts: &Parts<Source>,
    range: Range<u64>,
) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, SourceError>> + '_>> {
    Box::pin(parts.read(range))
}

/// The bytes of an answer as they arrive.
pub struct Stream<'a> {
    reader: ReadableStreamDefaultReader,
    name: &'a str,
}

impl<'a> Stream<'a> {
    pub fn of(response: &Response, name: &'a str) -> Result<Self, SourceError> {
        let body = response.body().ok_or_else(|| io(name, "the answer is empty"))?;
        let reader = body.get_reader().unchecked_into();
        Ok(Self { reader, name })
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let failed = |err: JsValue| io(self.name, &told(&err));
        let chunk = JsFuture::from(self.reader.read()).await.map_err(failed)?;
        if Reflect::get(&chunk, &"done".into()).is_ok_and(|done| done.is_truthy()) {
            return Ok(None);
        }
        let chunk: Uint8Array = Reflect::get(&chunk, &"value".into())
            .map_err(failed)?
            .unchecked_into();
        Ok(Some(chunk.to_vec()))
    }
}

/// Ends an answer whose bytes are not wanted.
pub fn discard(response: &Response) {
    if let Some(body) = response.body() {
        // Whether or not the stream still lives, nobody reads it.
        let _ = body.cancel();
    }
}

pub fn unreachable(url: &str, err: &gloo::net::Error) -> SourceError {
    io(
        url,
        &format!("{err}; check the address, and that its server allows other pages to read it"),
    )
}

pub fn io(what: &str, why: &str) -> SourceError {
    SourceError::Io {
        what: what.into(),
        why: why.into(),
    }
}

pub fn told(err: &JsValue) -> String {
    err.dyn_ref::<js_sys::Error>()
        .map_or_else(|| format!("{err:?}"), |err| String::from(err.message()))
}
