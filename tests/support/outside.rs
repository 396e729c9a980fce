//! The outside world as a page might reach for it: a proxy that answers nothing and remembers
//! which hosts it was asked for.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Hosts that Chromium asks on its own account, whatever page is open.
const BROWSERS_OWN: [&str; 9] = [
    "accounts.google.com",
    "android.clients.google.com",
    "clients2.google.com",
    "clientservices.googleapis.com",
    "content-autofill.googleapis.com",
    "edgedl.me.gvt1.com",
    "optimizationguide-pa.googleapis.com",
    "start.duckduckgo.com",
    "update.googleapis.com",
];

/// Listens on a port of its own until the process ends.
pub struct Outside {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    pub fn watch() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(line) = first_line(stream) else { continue };
                // A browser opens connections ahead of need, and closes them unused.
                if line.is_empty() {
                    continue;
                }
                log.lock().expect("nobody panics with the log").push(line);
            }
        });
        Self { port, asked }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Requests seen so far that are not the browser's own: `CONNECT example.org:443 HTTP/1.1`.
    pub fn asked_by_the_page(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("nobody panics with the log");
        asked
            .iter()
            .filter(|line| !BROWSERS_OWN.contains(&host(line)))
            .cloned()
            .collect()
    }
}

/// The host of `GET http://host/path HTTP/1.1` or `CONNECT host:443 HTTP/1.1`.
fn host(line: &str) -> &str {
    let target = line.split(' ').nth(1).unwrap_or_default();
    let authority = target
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default();
    authority.split(':').next().unwrap_or_default()
}

fn first_line(stream: TcpStream) -> Option<String> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line.trim_end().to_owned())
}
