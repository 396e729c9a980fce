//! The static server does what a strict static host does.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use xtask::site::{Running, Site};

struct Answer {
    status: u16,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A folder with a page, a model of ten bytes, and a secret beside it.
fn folder(name: &str) -> PathBuf {
    let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(base.join("site/models")).expect("a folder for the test");
    for (path, bytes) in [
        ("secret.txt", &b"secret"[..]),
        ("site/index.html", b"<!doctype html>"),
        ("site/page_bg.wasm", b"\0asm"),
        ("site/models/tiny model.gguf", b"0123456789"),
    ] {
        fs::write(base.join(path), bytes).expect("a file for the test");
    }
    base.join("site")
}

fn site(name: &str) -> Running {
    Site::new(folder(name))
        .serve_anywhere()
        .expect("the site is served")
}

fn ask(site: &Running, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
    let host = site
        .address()
        .trim_start_matches("http://")
        .split('/')
        .next()
        .expect("a host");
    let mut stream = TcpStream::connect(host).expect("the site listens");
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the answer is read");
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head and a body");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .expect("a status");
    let fields = lines.filter_map(|line| line.split_once(": "));
    let fields = fields
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer {
        status,
        fields,
        body: bytes[end + 4..].to_vec(),
    }
}

fn get(site: &Running, target: &str) -> Answer {
    ask(site, "GET", target, &[])
}

#[test]
fn files_have_their_type_length_and_the_strict_headers() {
    let site = site("types");
    for (target, content_type, len) in [
        ("/", "text/html; charset=utf-8", 15),
        ("/index.html?x=1", "text/html; charset=utf-8", 15),
        ("/page_bg.wasm", "application/wasm", 4),
        ("/models/tiny%20model.gguf", "application/octet-stream", 10),
    ] {
        let answer = get(&site, target);
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.fields["content-type"], content_type, "{target}");
        assert_eq!(answer.fields["content-length"], len.to_string(), "{target}");
        assert_eq!(answer.body.len(), len, "{target}");
        assert!(
            answer.fields["content-security-policy"].starts_with("default-src 'none'; script-src 'self'")
        );
        assert_eq!(answer.fields["cross-origin-opener-policy"], "same-origin");
        assert_eq!(answer.fields["cross-origin-embedder-policy"], "require-corp");
        assert_eq!(answer.fields["x-content-type-options"], "nosniff");
    }
}

#[test]
fn ranges_are_cut_and_out_of_bounds_is_said() {
    let site = site("ranges");
    let model = "/models/tiny%20model.gguf";
    let part = ask(&site, "GET", model, &[("Range", "bytes=2-4")]);
    assert_eq!((part.status, part.body.as_slice()), (206, &b"234"[..]));
    assert_eq!(part.fields["content-range"], "bytes 2-4/10");
    assert_eq!(part.fields["content-length"], "3");
    let suffix = ask(&site, "GET", model, &[("Range", "bytes=-2")]);
    assert_eq!((suffix.status, suffix.body.as_slice()), (206, &b"89"[..]));
    let beyond = ask(&site, "GET", model, &[("Range", "bytes=10-")]);
    assert_eq!(
        (beyond.status, beyond.fields["content-range"].as_str()),
        (416, "bytes */10")
    );
    let other_version = ask(
        &site,
        "GET",
        model,
        &[("Range", "bytes=2-4"), ("If-Range", "\"another\"")],
    );
    assert_eq!((other_version.status, other_version.body.len()), (200, 10));
}

#[test]
fn head_is_get_without_the_body() {
    let site = site("head");
    let answer = ask(&site, "HEAD", "/models/tiny%20model.gguf", &[]);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.fields["content-length"], "10");
    assert_eq!(answer.fields["accept-ranges"], "bytes");
}

#[test]
fn a_known_version_is_not_sent_again() {
    let site = site("known");
    let first = get(&site, "/");
    for (name, value) in [("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")] {
        let again = ask(&site, "GET", "/", &[(name, &first.fields[value])]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{name}");
    }
    assert_eq!(
        ask(&site, "GET", "/", &[("If-None-Match", "\"another\"")]).status,
        200
    );
}

#[test]
fn nothing_outside_the_folder_is_served() {
    let site = site("outside");
    for target in [
        "/../secret.txt",
        "/models/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/missing",
    ] {
        let answer = get(&site, target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(!answer.body.windows(6).any(|six| six == b"secret"), "{target}");
    }
    assert_eq!(ask(&site, "POST", "/", &[]).status, 405);
}

#[test]
fn a_site_below_a_path_answers_only_there() {
    let folder = folder("below");
    let model = folder.join("models/tiny model.gguf");
    let site = Site::new(folder)
        .below("/some/where/")
        .with_file("opened/m.gguf", model);
    let site = site.serve_anywhere().expect("the site is served");
    assert!(site.address().ends_with("/some/where/"));
    assert_eq!(get(&site, "/some/where/").status, 200);
    assert_eq!(get(&site, "/some/where/opened/m.gguf").body.len(), 10);
    assert_eq!(get(&site, "/").status, 404);
    assert_eq!(get(&site, "/some/wherever").status, 404);
    let moved = get(&site, "/some/where");
    assert_eq!(
        (moved.status, moved.fields["location"].as_str()),
        (308, "/some/where/")
    );
}

#[test]
fn more_downloads_than_cores_run_at_once() {
    let site = site("at_once");
    std::thread::scope(|scope| {
        let many: Vec<_> = (0..32).map(|_| scope.spawn(|| get(&site, "/").status)).collect();
        assert!(
            many.into_iter()
                .all(|one| one.join().is_ok_and(|status| status == 200))
        );
    });
}
