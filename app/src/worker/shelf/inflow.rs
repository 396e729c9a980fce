//! A file that is read while it is still on its way: what has come is there at once, the rest is waited for.

use std::cell::RefCell;
use std::future::poll_fn;
use std::ops::Range;
use std::rc::Rc;
use std::task::{Poll, Waker};

use moescope_engine::source::SourceError;
use web_sys::Blob;

use super::disk::Writer;
use crate::worker::source::io;

/// See the module. Bytes arrive in order.
pub struct Inflow {
    state: RefCell<State>,
    waiting: RefCell<Vec<Waker>>,
}

enum State {
    /// So many bytes are in a file that is still written.
    Arriving(Rc<Writer>, u64),
    /// All are, and anyone may open it.
    Whole(Blob),
}

/// What a reader of an [`Inflow`] gets.
pub enum Piece {
    Bytes(Vec<u8>),
    /// The file is whole: it is read as any other.
    Within(Blob),
}

impl Inflow {
    /// A file with so many bytes in it.
    pub fn new(file: Rc<Writer>, done_bytes: u64) -> Self {
        Self {
            state: RefCell::new(State::Arriving(file, done_bytes)),
            waiting: RefCell::default(),
        }
    }

    /// Bytes once they are there; never, where nobody brings them.
    pub async fn read(&self, name: &str, range: &Range<u64>) -> Result<Piece, SourceError> {
        poll_fn(|context| {
            let has_come = match &*self.state.borrow() {
                State::Arriving(_, done_bytes) => *done_bytes >= range.end,
                State::Whole(_) => true,
            };
            if has_come {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
        match &*self.state.borrow() {
            State::Whole(blob) => Ok(Piece::Within(blob.clone())),
            State::Arriving(file, _) => {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                match file.read_at(range.start, &mut bytes)? {
                    read if read == bytes.len() => Ok(Piece::Bytes(bytes)),
                    _ => Err(io(name, "what was stored cannot be read again")),
                }
            }
        }
    }

    pub fn is_whole(&self) -> bool {
        matches!(&*self.state.borrow(), State::Whole(_))
    }

    /// So many bytes are there now.
    pub(super) fn came_to(&self, bytes: u64) {
        if let State::Arriving(_, done_bytes) = &mut *self.state.borrow_mut() {
            *done_bytes = bytes;
        }
        self.wake();
    }

    /// All are; nobody writes it any more.
    pub(super) fn complete(&self, blob: Blob) {
        *self.state.borrow_mut() = State::Whole(blob);
        self.wake();
    }

    fn wake(&self) {
        self.waiting.take().into_iter().for_each(Waker::wake);
    }
}
