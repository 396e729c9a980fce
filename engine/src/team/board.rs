//! Words that all workers of a team see, and where on them everything is.

use std::fmt;
use std::time::Duration;

use super::TeamError;
use crate::clock::Clock;

/// The memory that workers share, in words of 32 bits.
///
/// [`Board::load`], [`Board::store`] and [`Board::add`] are sequentially consistent; [`Board::read`] and
/// [`Board::write`] move plain words, which are ordered by those.
pub trait Board: fmt::Debug {
    fn load(&self, at: usize) -> u32;
    fn store(&self, at: usize, value: u32);
    fn add(&self, at: usize, value: u32);
    /// Sleeps while the word is `value`, no longer than `limit`; may wake for nothing.
    fn sleep(&self, at: usize, value: u32, limit: Duration);
    /// Wakes all who sleep on the word.
    fn wake(&self, at: usize);
    /// Copies words from `at` on.
    fn read(&self, at: usize, words: &mut [u32]);
    fn write(&self, at: usize, words: &[u32]);
}

/// Words of different workers lie this far apart, so that their caches do not quarrel.
const APART: usize = 16;
/// Most workers.
pub const MOST: usize = 16;

/// Number of the last command.
pub const COMMAND: usize = 0;
/// How many sleep.
pub const SLEEPERS: usize = APART;
/// Not 0 once a worker has failed: nobody waits any more.
pub const BROKEN: usize = 2 * APART;
/// The last command each worker has done.
pub const DONE: usize = 3 * APART;
/// The last gathering each worker has laid its part down for.
pub const LAID: usize = DONE + MOST * APART;
/// What the command is.
pub const ARGUMENTS: usize = LAID + MOST * APART;
pub const ARGUMENT_WORDS: usize = 16;
/// What comes with it.
pub const PAYLOAD: usize = ARGUMENTS + ARGUMENT_WORDS;
pub const PAYLOAD_WORDS: usize = 1 << 20;
/// Two areas for results, used in turns: who lays down new ones cannot disturb who still reads the last.
pub const RESULTS: usize = PAYLOAD + PAYLOAD_WORDS;
pub const RESULT_WORDS: usize = 1 << 20;
/// Size of a board.
pub const WORDS: usize = RESULTS + 2 * RESULT_WORDS;

/// Looks at a word before sleeping on it: longer than other workers usually need.
const SPINS: u32 = 4000;
const NAP: Duration = Duration::from_millis(200);
/// A worker that is silent for so long has gone.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The place of a worker's own word.
pub fn of_rank(first: usize, rank: usize) -> usize {
    first + rank * APART
}

/// Waits until a word satisfies; forever without a limit.
pub fn wait_until(
    board: &dyn Board,
    at: usize,
    limit: Option<Duration>,
    is_enough: impl Fn(u32) -> bool,
) -> Result<u32, TeamError> {
    for _ in 0..SPINS {
        let value = board.load(at);
        if is_enough(value) {
            return Ok(value);
        }
        std::hint::spin_loop();
    }
    let since = Clock::start();
    loop {
        board.add(SLEEPERS, 1);
        let value = board.load(at);
        if !is_enough(value) {
            board.sleep(at, value, NAP);
        }
        board.add(SLEEPERS, u32::MAX);
        let value = board.load(at);
        if is_enough(value) {
            return Ok(value);
        }
        if board.load(BROKEN) != 0 {
            return Err(TeamError::Silent);
        }
        if limit.is_some_and(|limit| since.micros() > limit.as_secs_f64() * 1e6) {
            break_off(board);
            return Err(TeamError::Silent);
        }
    }
}

/// Sets a word that others may wait for.
pub fn tell(board: &dyn Board, at: usize, value: u32) {
    board.store(at, value);
    if board.load(SLEEPERS) > 0 {
        board.wake(at);
    }
}

/// Ends the team for everybody.
pub fn break_off(board: &dyn Board) {
    board.store(BROKEN, 1);
    for rank in 0..MOST {
        board.wake(of_rank(LAID, rank));
        board.wake(of_rank(DONE, rank));
    }
    board.wake(COMMAND);
}
