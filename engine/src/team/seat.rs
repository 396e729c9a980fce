//! A worker's place in its team, as kernels see it: which rows are its own, and how results are gathered.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use super::board::{Board, LAID, PATIENCE, RESULT_WORDS, RESULTS, of_rank, tell, wait_until};
use super::{TeamError, is_shared, share, share_of_rows};

/// See the module. Without others, everything is one's own.
#[derive(Clone, Debug, Default)]
pub struct Seat(Option<Rc<Shared>>);

struct Shared {
    board: Rc<dyn Board>,
    rank: usize,
    size: usize,
    /// Gatherings so far, of all sessions.
    gathered: Cell<u32>,
    has_failed: Cell<bool>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} of {}", self.rank, self.size)
    }
}

impl Seat {
    pub(super) fn new(board: Rc<dyn Board>, rank: usize, size: usize) -> Self {
        Self(Some(Rc::new(Shared {
            board,
            rank,
            size,
            gathered: Cell::new(0),
            has_failed: Cell::new(false),
        })))
    }

    /// Number of this worker and of all.
    pub(crate) fn place(&self) -> (usize, usize) {
        self.0
            .as_ref()
            .map_or((0, 1), |shared| (shared.rank, shared.size))
    }

    /// Own rows of a matrix: all of them where it is not worth sharing.
    pub fn own_rows(&self, rows: usize, cols: usize) -> Range<usize> {
        let (rank, size) = self.place();
        if is_shared(rows, cols) {
            share_of_rows(rows, rank, size)
        } else {
            0..rows
        }
    }

    /// Own heads.
    pub fn own_heads(&self, heads: usize) -> Range<usize> {
        let (rank, size) = self.place();
        share(heads, 1, rank, size)
    }

    /// Gives the results for each worker's rows to `take`: its own at once, if the matrix is not shared.
    /// `results`: `(n, own rows)`. `take` receives rows and their `(n, rows)`.
    pub fn gather_rows(
        &self,
        (rows, cols): (usize, usize),
        n: usize,
        results: &[f32],
        received: &mut Vec<f32>,
        mut take: impl FnMut(Range<usize>, &[f32]),
    ) {
        let (rank, size) = self.place();
        take(self.own_rows(rows, cols), results);
        if !is_shared(rows, cols) || size == 1 {
            return;
        }
        self.gather(
            results,
            |rank| n * share_of_rows(rows, rank, size).len(),
            received,
        );
        let mut received = received.as_slice();
        for other in (0..size).filter(|other| *other != rank) {
            let range = share_of_rows(rows, other, size);
            let (results, rest) = received.split_at(n * range.len());
            take(range, results);
            received = rest;
        }
    }

    /// The same for the heads of attention, of `dim` floats.
    pub fn gather_heads(
        &self,
        (heads, dim): (usize, usize),
        n: usize,
        results: &[f32],
        received: &mut Vec<f32>,
        mut take: impl FnMut(Range<usize>, &[f32]),
    ) {
        let (rank, size) = self.place();
        if size == 1 {
            return;
        }
        let range = |rank| share(heads, 1, rank, size);
        self.gather(results, |rank| n * dim * range(rank).len(), received);
        let mut received = received.as_slice();
        for other in (0..size).filter(|other| *other != rank) {
            let (results, rest) = received.split_at(n * dim * range(other).len());
            take(range(other), results);
            received = rest;
        }
    }

    /// Lays `own` down and takes what the others lay down, one after the other in the order of ranks.
    /// After a failure nothing is taken: [`Seat::check`] tells.
    fn gather(&self, own: &[f32], length: impl Fn(usize) -> usize, received: &mut Vec<f32>) {
        let Some(shared) = &self.0 else { return };
        let others = || (0..shared.size).filter(|rank| *rank != shared.rank);
        received.clear();
        received.resize(others().map(&length).sum(), 0.0);
        let own: &[u32] = bytemuck::cast_slice(own);
        // Areas are as large as all parts of a round together.
        let part = RESULT_WORDS / shared.size;
        let longest = (0..shared.size).map(&length).max().unwrap_or(0);
        for from in (0..longest).step_by(part) {
            let round = |length: usize| from.min(length)..(from + part).min(length);
            let area = shared.begin_round(part, &own[round(own.len())]);
            let mut start = 0;
            for rank in others() {
                let length = length(rank);
                let words = &mut received[start..start + length][round(length)];
                if shared.wait_for(rank) {
                    shared
                        .board
                        .read(area + rank * part, bytemuck::cast_slice_mut(words));
                }
                start += length;
            }
        }
    }

    /// Whether all others still answer.
    pub(super) fn check(&self) -> Result<(), TeamError> {
        match &self.0 {
            Some(shared) if shared.has_failed.get() => Err(TeamError::Silent),
            _ => Ok(()),
        }
    }
}

impl Shared {
    /// Lays a part down. Returns where the round's parts are.
    fn begin_round(&self, part: usize, own: &[u32]) -> usize {
        let number = self.gathered.get().wrapping_add(1);
        self.gathered.set(number);
        let area = RESULTS + (number % 2) as usize * RESULT_WORDS;
        self.board.write(area + self.rank * part, own);
        tell(&*self.board, of_rank(LAID, self.rank), number);
        area
    }

    /// Whether the other has laid down its part of this round.
    fn wait_for(&self, rank: usize) -> bool {
        let number = self.gathered.get();
        // It may be a round ahead already.
        let is_enough = |laid: u32| laid.wrapping_sub(number) < 2;
        let is_there = !self.has_failed.get()
            && wait_until(&*self.board, of_rank(LAID, rank), Some(PATIENCE), is_enough).is_ok();
        self.has_failed.set(!is_there);
        is_there
    }
}
