//! What is said about each file: its type, how to revalidate it, and what the page may do.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tiny_http::Header;

/// The page loads nothing but itself; only `fetch` may go elsewhere, because `?model=` names a
/// file of the visitor's choice.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
     style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
     connect-src 'self' blob: https: http://127.0.0.1:* http://localhost:*; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

const EVERYWHERE: [(&str, &str); 6] = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-cache"),
];

/// What tells one version of a file from another.
#[derive(Clone, Debug)]
pub struct Validators {
    etag: String,
    modified: SystemTime,
}

impl Validators {
    pub fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
        let nanos = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Self {
            etag: format!("\"{:x}-{nanos:x}\"", metadata.len()),
            modified,
        }
    }

    /// Whether the browser already holds this version. An entity tag outranks a date.
    pub fn are_known_to(&self, if_none_match: Option<&str>, if_modified_since: Option<&str>) -> bool {
        match (
            if_none_match,
            if_modified_since.and_then(|date| httpdate::parse_http_date(date).ok()),
        ) {
            (Some(tags), _) => tags
                .split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.etag),
            (None, Some(date)) => self.modified < date + Duration::from_secs(1), // dates have whole seconds
            (None, None) => false,
        }
    }

    /// Whether a range may be cut from this version: always, unless the browser holds part of another.
    pub fn allow_range(&self, if_range: Option<&str>) -> bool {
        if_range.is_none_or(|known| known == self.etag || known == self.last_modified())
    }

    fn last_modified(&self) -> String {
        httpdate::fmt_http_date(self.modified)
    }
}

pub fn for_file(path: &Path, validators: &Validators) -> Vec<Header> {
    let own = [
        ("Accept-Ranges", "bytes"),
        ("Content-Type", content_type(path)),
        ("ETag", &validators.etag),
        ("Last-Modified", &validators.last_modified()),
    ];
    fields(own.into_iter().chain(EVERYWHERE))
}

pub fn for_sentence() -> Vec<Header> {
    fields(
        [("Content-Type", "text/plain; charset=utf-8")]
            .into_iter()
            .chain(EVERYWHERE),
    )
}

fn fields<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Header> {
    pairs
        .filter_map(|(name, value)| Header::from_bytes(name, value).ok())
        .collect()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().unwrap_or_default().to_str().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "md" | "txt" | "wgsl" => "text/plain; charset=utf-8",
        "png" => "image/png",
        "svg" => "image/svg+xml; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
