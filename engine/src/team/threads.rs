//! A team of threads, natively.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::board::{Board, MOST, WORDS};
use super::{Lead, follow};
use crate::arch::Spec;

/// Memory of the process.
#[derive(Debug)]
struct Memory {
    words: Vec<AtomicU32>,
    nap: Mutex<()>,
    woken: Condvar,
}

#[derive(Clone, Debug)]
struct Shared(Arc<Memory>);

/// Starts threads that follow, for a model. They end with the lead.
pub fn threads(spec: &Spec, size: usize) -> Rc<Lead> {
    let board = Shared(Arc::new(Memory {
        words: (0..WORDS).map(|_| AtomicU32::new(0)).collect(),
        nap: Mutex::new(()),
        woken: Condvar::new(),
    }));
    let size = size.clamp(1, MOST);
    for rank in 1..size {
        let (board, spec) = (board.clone(), spec.clone());
        std::thread::spawn(move || follow(Rc::new(board), rank, size, &spec));
    }
    Lead::new(Rc::new(board), size)
}

impl Board for Shared {
    fn load(&self, at: usize) -> u32 {
        self.0.words[at].load(Ordering::SeqCst)
    }

    fn store(&self, at: usize, value: u32) {
        self.0.words[at].store(value, Ordering::SeqCst);
    }

    fn add(&self, at: usize, value: u32) {
        self.0.words[at].fetch_add(value, Ordering::SeqCst);
    }

    fn sleep(&self, at: usize, value: u32, limit: Duration) {
        let nap = self.0.nap.lock().unwrap_or_else(PoisonError::into_inner);
        if self.load(at) == value {
            let _woken = self.0.woken.wait_timeout(nap, limit);
        }
    }

    fn wake(&self, _at: usize) {
        let _nap = self.0.nap.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.woken.notify_all();
    }

    fn read(&self, at: usize, words: &mut [u32]) {
        let shared = &self.0.words[at..at + words.len()];
        for (word, shared) in words.iter_mut().zip(shared) {
            *word = shared.load(Ordering::Relaxed);
        }
    }

    fn write(&self, at: usize, words: &[u32]) {
        let shared = &self.0.words[at..at + words.len()];
        for (word, shared) in words.iter().zip(shared) {
            shared.store(*word, Ordering::Relaxed);
        }
    }
}
