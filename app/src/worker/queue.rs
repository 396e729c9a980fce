//! Requests in the order they came, for one task that takes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use crate::protocol::Request;

/// See the module.
#[derive(Default)]
pub struct Queue {
    waiting: RefCell<VecDeque<Request>>,
    taker: RefCell<Option<Waker>>,
}

impl Queue {
    /// Adds a request at the end.
    pub fn push(&self, request: Request) {
        self.waiting.borrow_mut().push_back(request);
        if let Some(taker) = self.taker.take() {
            taker.wake();
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// The first request, as soon as there is one.
    pub async fn next(&self) -> Request {
        poll_fn(|context| match self.waiting.borrow_mut().pop_front() {
            Some(request) => Poll::Ready(request),
            None => {
                *self.taker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }
}
