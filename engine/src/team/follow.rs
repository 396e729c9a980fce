//! A worker that does what the lead tells.

use std::collections::HashMap;
use std::rc::Rc;

use super::TeamError;
use super::board::{
    ARGUMENT_WORDS, ARGUMENTS, Board, COMMAND, DONE, PAYLOAD, PAYLOAD_WORDS, RESULTS, break_off, of_rank,
    tell, wait_until,
};
use super::command::{Command, SessionId, limits};
use super::lead::EVERYBODY;
use super::seat::Seat;
use crate::arch::Spec;
use crate::cpu::executor::CpuExecutor;
use crate::plan::Plan;
use crate::session::read_rate;

/// Follows until the lead ends it, or until something fails, which ends the team.
pub fn follow(board: Rc<dyn Board>, rank: usize, size: usize, spec: &Spec) {
    let _guard = BreakOff(Rc::clone(&board));
    let mut follower = Follower {
        seat: Seat::new(Rc::clone(&board), rank, size),
        board,
        rank: rank as u32,
        spec,
        sessions: HashMap::new(),
        payload: Vec::new(),
    };
    while follower.next().unwrap_or(false) {}
}

/// Whoever leaves, orderly or not, is not waited for.
struct BreakOff(Rc<dyn Board>);

impl Drop for BreakOff {
    fn drop(&mut self) {
        break_off(&*self.0);
    }
}

struct Follower<'a> {
    board: Rc<dyn Board>,
    seat: Seat,
    rank: u32,
    spec: &'a Spec,
    sessions: HashMap<SessionId, (Rc<Plan>, CpuExecutor)>,
    payload: Vec<u32>,
}

impl Follower<'_> {
    /// Waits for a command and does it. False: it was the last.
    fn next(&mut self) -> Result<bool, TeamError> {
        let own = of_rank(DONE, self.rank as usize);
        let done = self.board.load(own);
        let number = wait_until(&*self.board, COMMAND, None, |number| number != done)?;
        let mut words = [0; ARGUMENT_WORDS];
        self.board.read(ARGUMENTS, &mut words);
        let goes_on = self.obey(Command::from_words(&words))?;
        tell(&*self.board, own, number);
        Ok(goes_on)
    }

    fn obey(&mut self, command: Command) -> Result<bool, TeamError> {
        match command {
            Command::Open {
                session,
                options,
                max_binding_bytes,
            } => {
                // The lead has made the same plan, so this one can be made.
                let plan = Plan::build(self.spec, options, limits(max_binding_bytes));
                let plan = plan.map_err(|_| TeamError::Silent)?;
                let executor = CpuExecutor::seated(&plan, self.seat.clone());
                self.sessions.insert(session, (Rc::new(plan), executor));
            }
            Command::Write {
                session,
                pack,
                rank,
                bytes,
            } => {
                if rank == self.rank || rank == EVERYBODY {
                    self.read_payload(bytes.div_ceil(4) as usize);
                    let rows = &bytemuck::cast_slice(&self.payload)[..bytes as usize];
                    if let Some((_, executor)) = self.sessions.get_mut(&session) {
                        executor.write_own(pack, rows);
                    }
                }
            }
            Command::Finish { session, pack } => {
                if let Some((plan, executor)) = self.sessions.get_mut(&session) {
                    executor.finish_own(plan, pack);
                }
            }
            Command::Run {
                session,
                batch,
                words,
            } => {
                self.read_payload(words as usize);
                if let Some((plan, executor)) = self.sessions.get_mut(&session) {
                    executor.feed_words(plan, batch, &self.payload);
                    executor.run_steps(plan, batch);
                }
            }
            Command::Fork { session, copy } => {
                let forked = self
                    .sessions
                    .get(&session)
                    .map(|(plan, executor)| (Rc::clone(plan), executor.fork_own(plan)));
                self.sessions.extend(forked.map(|forked| (copy, forked)));
            }
            Command::Close { session } => {
                self.sessions.remove(&session);
            }
            Command::Read { bytes, times } => {
                let rate = read_rate(bytes as usize, times) as f32;
                self.board.store(RESULTS + self.rank as usize, rate.to_bits());
            }
            Command::Leave => return Ok(false),
        }
        self.seat.check()?;
        Ok(true)
    }

    fn read_payload(&mut self, words: usize) {
        self.payload.resize(words.min(PAYLOAD_WORDS), 0);
        self.board.read(PAYLOAD, &mut self.payload);
    }
}
