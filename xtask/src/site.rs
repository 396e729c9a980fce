//! A static site on this machine: `dist/` as a strict host would serve it.
//!
//! Ranges, revalidation and the security headers are here so that the page meets on a developer's
//! machine, and in the browser tests, what it will meet elsewhere.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Method, Request, Server, StatusCode};

mod headers;
mod path;
mod range;

pub use path::percent_encode;
use range::Wanted;

/// Requests answered at the same time. A model's download holds one for as long as it takes.
const N_THREADS: usize = 16;

/// What is served: a folder, perhaps below a sub-path, and single files from elsewhere.
#[derive(Clone, Debug)]
pub struct Site {
    folder: PathBuf,
    prefix: String,
    files: BTreeMap<String, PathBuf>,
    /// Says what a page may load and run.
    has_policy: bool,
}

/// A site being served, until this is dropped.
pub struct Running {
    server: Arc<Server>,
    threads: Vec<JoinHandle<()>>,
    address: String,
}

impl Site {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            prefix: String::new(),
            files: BTreeMap::new(),
            has_policy: true,
        }
    }

    /// Serves below `/prefix/` instead of `/`.
    pub fn below(mut self, prefix: &str) -> Self {
        self.prefix = prefix.trim_matches('/').to_owned();
        self
    }

    /// Serves the file `source` as `path`, wherever it lies.
    pub fn with_file(mut self, path: &str, source: PathBuf) -> Self {
        self.files.insert(path.to_owned(), source);
        self
    }

    /// Leaves the content security policy out: for pages that are not ours.
    pub fn without_policy(mut self) -> Self {
        self.has_policy = false;
        self
    }

    /// Starts to answer on any free port.
    pub fn serve_anywhere(self) -> Result<Running> {
        self.serve(TcpListener::bind("127.0.0.1:0")?)
    }

    /// Starts to answer; returns at once.
    pub fn serve(self, listener: TcpListener) -> Result<Running> {
        let address = self.address(listener.local_addr()?);
        let server = Server::from_listener(listener, None).map_err(|err| anyhow!("{err}"));
        let server = Arc::new(server.context("could not start the server")?);
        let site = Arc::new(self);
        let thread = |_| {
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            std::thread::spawn(move || answer_all(&server, &site))
        };
        let threads = (0..N_THREADS).map(thread).collect();
        Ok(Running {
            server,
            threads,
            address,
        })
    }

    fn address(&self, addr: SocketAddr) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("http://{addr}/{}{slash}", self.prefix)
    }
}

impl Running {
    /// The page's address, with a slash at its end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Serves until the process is ended.
    pub fn wait(mut self) {
        for thread in std::mem::take(&mut self.threads) {
            let _ended = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for _ in 0..self.threads.len() {
            self.server.unblock();
        }
    }
}

/// Answers requests until the server is unblocked.
fn answer_all(server: &Server, site: &Site) {
    while let Ok(request) = server.recv() {
        // A visitor who has gone away is no error of ours.
        let _gone = site.answer(request);
    }
}

impl Site {
    fn answer(&self, request: Request) -> std::io::Result<()> {
        if !matches!(request.method(), Method::Get | Method::Head) {
            let allow = Header::from_bytes("Allow", "GET, HEAD").ok();
            return sentence(request, 405, "Only GET and HEAD are answered here.", allow);
        }
        let Some(file) = self.locate(request.url()) else {
            return sentence(request, 404, "There is nothing here by that name.", None);
        };
        match file {
            Located::File(path) => send_file(request, &path, self.has_policy),
            Located::Moved(url) => {
                let location = Header::from_bytes("Location", url).ok();
                sentence(
                    request,
                    308,
                    "This is a folder; its address ends with a slash.",
                    location,
                )
            }
        }
    }

    fn locate(&self, url: &str) -> Option<Located> {
        let path = path::decode(url)?;
        let below = if self.prefix.is_empty() {
            path.as_str()
        } else {
            strip_prefix(&path, &self.prefix)?
        };
        if let Some(file) = self.files.get(below) {
            return Some(Located::File(file.clone()));
        }
        let folder = self.folder.canonicalize().ok()?;
        let found = folder.join(below).canonicalize().ok()?;
        if !found.starts_with(&folder) {
            return None; // a link that leads out
        }
        match (found.is_dir(), path.is_empty() || path.ends_with('/')) {
            (true, true) => {
                Some(Located::File(found.join("index.html"))).filter(|_| found.join("index.html").is_file())
            }
            (true, false) => Some(Located::Moved(format!("/{}/", percent_encode(&path)))),
            (false, _) => Some(Located::File(found)),
        }
    }
}

enum Located {
    File(PathBuf),
    /// A folder asked for without its slash: relative links on its page would go astray.
    Moved(String),
}

/// `path` below `prefix`: `"app/x"` below `"app"` is `"x"`; `"apple"` is not below it.
fn strip_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

fn send_file(request: Request, path: &Path, has_policy: bool) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let validators = headers::Validators::of(&file.metadata()?);
    let len = file.metadata()?.len();
    let header = |name: &str| {
        let found = request
            .headers()
            .iter()
            .find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name));
        found.map(|header| header.value.as_str().to_owned())
    };
    let mut fields = headers::for_file(path, &validators);
    fields.retain(|field| has_policy || !field.field.equiv("Content-Security-Policy"));
    if validators.are_known_to(
        header("If-None-Match").as_deref(),
        header("If-Modified-Since").as_deref(),
    ) {
        return send(request, 304, &fields, std::io::empty(), None);
    }
    let range = header("Range").filter(|_| validators.allow_range(header("If-Range").as_deref()));
    let (status, start, count) = match range::wanted(range.as_deref(), len) {
        Wanted::Whole => (200, 0, len),
        Wanted::Part { start, count } => {
            fields.extend(Header::from_bytes("Content-Range", range::content_range(start, count, len)).ok());
            (206, start, count)
        }
        Wanted::OutOfBounds => {
            let unsatisfied = Header::from_bytes("Content-Range", format!("bytes */{len}")).ok();
            return sentence(request, 416, "The file is shorter than that.", unsatisfied);
        }
    };
    file.seek(SeekFrom::Start(start))?;
    // Content-Length must be sent, or the page could not show progress: so never chunked.
    send(request, status, &fields, file.take(count), Some(count))
}

/// Answers, and asks the visitor to close the connection. The server can leave a connection that came just
/// after another without a thread until some other connection ends; kept open, they would all wait for it.
fn send(
    request: Request,
    status: u16,
    fields: &[Header],
    mut body: impl Read,
    count: Option<u64>,
) -> std::io::Result<()> {
    let has_body = *request.method() != Method::Head;
    let mut out = request.into_writer();
    let reason = StatusCode(status).default_reason_phrase();
    write!(out, "HTTP/1.1 {status} {reason}\r\n")?;
    for Header { field, value } in fields {
        write!(out, "{field}: {value}\r\n")?;
    }
    if let Some(count) = count {
        write!(out, "Content-Length: {count}\r\n")?;
    }
    write!(out, "Connection: close\r\n\r\n")?;
    if has_body {
        std::io::copy(&mut body, &mut out)?;
    }
    out.flush()
}

fn sentence(request: Request, status: u16, text: &str, extra: Option<Header>) -> std::io::Result<()> {
    let mut fields = headers::for_sentence();
    fields.extend(extra);
    let body = format!("{text}\n").into_bytes();
    let count = Some(body.len() as u64);
    send(request, status, &fields, std::io::Cursor::new(body), count)
}
