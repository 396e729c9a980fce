//! A server of one file on this machine, as slow as a network: ranges, an entity tag, any page may read
//! it. Remembers what it was asked; can be gone.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes sent between two pauses.
const CHUNK_BYTES: usize = 1 << 20;

/// From here on an answer is long: more than the head of a file.
const LONG_BYTES: u64 = 32 << 20;

/// See the module.
pub struct SlowServer {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    is_gone: Arc<AtomicBool>,
    /// The next long answer to a range breaks off in its middle.
    breaks_off: Arc<AtomicBool>,
}

impl SlowServer {
    /// Serves `file` under its name; `pause` comes after every megabyte.
    pub fn of(file: &Path, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let (asked, is_gone) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let breaks_off = Arc::new(AtomicBool::new(false));
        let server = Self {
            address: format!("http://127.0.0.1:{port}/{name}"),
            asked: Arc::clone(&asked),
            is_gone: Arc::clone(&is_gone),
            breaks_off: Arc::clone(&breaks_off),
        };
        let file = file.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_gone.load(Ordering::Relaxed) {
                    continue; // dropped unanswered
                }
                let (file, asked) = (file.clone(), Arc::clone(&asked));
                let (is_gone, breaks_off) = (Arc::clone(&is_gone), Arc::clone(&breaks_off));
                // A reader that went away is what some tests are about.
                std::thread::spawn(move || {
                    drop(answer(stream, file, &asked, [&is_gone, &breaks_off], pause))
                });
            }
        });
        server
    }

    /// The file's address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The ranges asked for, in order; empty for the whole file.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with the list").clone()
    }

    /// The next long answer to a range breaks off in its middle.
    pub fn break_off_once(&self) {
        self.breaks_off.store(true, Ordering::Relaxed);
    }

    /// From now on nobody answers.
    pub fn vanish(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }
}

fn answer(
    mut stream: TcpStream,
    file: PathBuf,
    asked: &Mutex<Vec<String>>,
    [is_gone, breaks_off]: [&AtomicBool; 2],
    pause: Duration,
) -> std::io::Result<()> {
    let mut range = String::new();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = bytes.to_owned();
        }
    }
    asked
        .lock()
        .expect("nobody panics with the list")
        .push(range.clone());
    let mut file = std::fs::File::open(file)?;
    let length = file.metadata()?.len();
    let (start, end) = range.split_once('-').unwrap_or(("0", ""));
    let start: u64 = start.parse().unwrap_or(0);
    let end: u64 = end.parse().map_or(length, |last: u64| last + 1).min(length);
    let status = if range.is_empty() {
        "200 OK"
    } else {
        "206 Partial Content"
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {start}-{}/{length}\r\nAccept-Ranges: bytes\r\n\
         ETag: \"one\"\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: ETag\r\nConnection: close\r\n\r\n",
        end - start,
        end - 1,
    )?;
    file.seek(SeekFrom::Start(start))?;
    let mut left = end - start;
    let breaks_at = match left > LONG_BYTES && !range.is_empty() && breaks_off.swap(false, Ordering::Relaxed)
    {
        true => left / 2,
        false => 0,
    };
    let mut chunk = vec![0; CHUNK_BYTES];
    while left > breaks_at && !is_gone.load(Ordering::Relaxed) {
        let n = left.min(CHUNK_BYTES as u64) as usize;
        file.read_exact(&mut chunk[..n])?;
        stream.write_all(&chunk[..n])?;
        left -= n as u64;
        std::thread::sleep(pause);
    }
    Ok(())
}
