//! The worker that has the session: it tells the others what to do, and does its own part.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::TeamError;
use super::board::{
    ARGUMENTS, Board, COMMAND, DONE, MOST, PATIENCE, PAYLOAD, PAYLOAD_WORDS, RESULTS, of_rank, tell,
    wait_until,
};
use super::command::{Command, SessionId};
use super::seat::Seat;
use crate::plan::PackId;
use crate::session::read_rate;

/// Rank of no worker: all of them.
pub(super) const EVERYBODY: u32 = u32::MAX;

/// The lead of a team, whose other workers [`follow`](super::follow()).
pub struct Lead {
    board: Rc<dyn Board>,
    seat: Seat,
    size: usize,
    commands: Cell<u32>,
    sessions: Cell<SessionId>,
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lead of {} workers", self.size)
    }
}

impl Lead {
    /// Leads `size` workers, itself included; numbers 1 and up follow.
    pub fn new(board: Rc<dyn Board>, size: usize) -> Rc<Self> {
        let size = size.clamp(1, MOST);
        Rc::new(Self {
            seat: Seat::new(Rc::clone(&board), 0, size),
            board,
            size,
            commands: Cell::new(0),
            sessions: Cell::new(0),
        })
    }

    /// Number of workers.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn seat(&self) -> Seat {
        self.seat.clone()
    }

    /// Bytes per second that all workers read together, each so many bytes of its own so many times.
    pub(crate) fn bandwidth(&self, bytes: u32, times: u32) -> Result<f64, TeamError> {
        self.tell(Command::Read { bytes, times }, &[])?;
        let mut rate = read_rate(bytes as usize, times);
        let number = self.commands.get();
        for rank in 1..self.size {
            let done = of_rank(DONE, rank);
            wait_until(&*self.board, done, Some(PATIENCE), |done| done == number)?;
            rate += f64::from(f32::from_bits(self.board.load(RESULTS + rank)));
        }
        Ok(rate)
    }

    /// Tells all others, once they have done what they were told before.
    fn tell(&self, command: Command, payload: &[u32]) -> Result<(), TeamError> {
        self.seat.check()?;
        let number = self.commands.get();
        for rank in 1..self.size {
            let done = of_rank(DONE, rank);
            wait_until(&*self.board, done, Some(PATIENCE), |done| done == number)?;
        }
        self.board.write(PAYLOAD, payload);
        self.board.write(ARGUMENTS, &command.words());
        self.commands.set(number.wrapping_add(1));
        tell(&*self.board, COMMAND, number.wrapping_add(1));
        Ok(())
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // Whoever does not listen has left already.
        let _ = self.tell(Command::Leave, &[]);
    }
}

/// A session of a team.
#[derive(Debug)]
pub struct Place {
    lead: Rc<Lead>,
    session: SessionId,
}

impl Place {
    /// A number that is not in use.
    pub(crate) fn new(lead: &Rc<Lead>) -> Self {
        let session = lead.sessions.get();
        lead.sessions.set(session.wrapping_add(1));
        Self {
            lead: Rc::clone(lead),
            session,
        }
    }

    pub(crate) fn lead(&self) -> &Rc<Lead> {
        &self.lead
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    pub(crate) fn tell(&self, command: Command, payload: &[u32]) -> Result<(), TeamError> {
        if payload.len() > PAYLOAD_WORDS {
            return Err(TeamError::TooLarge);
        }
        self.lead.tell(command, payload)
    }

    /// Sends rows to one worker, or to all others.
    pub(crate) fn send(&self, pack: PackId, rank: Option<usize>, rows: &[u8]) -> Result<(), TeamError> {
        for bytes in rows.chunks(PAYLOAD_WORDS * 4) {
            let mut words = vec![0u32; bytes.len().div_ceil(4)];
            bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
            let command = Command::Write {
                session: self.session,
                pack,
                rank: rank.map_or(EVERYBODY, |rank| rank as u32),
                bytes: bytes.len() as u32,
            };
            self.tell(command, &words)?;
        }
        Ok(())
    }

    /// Whether all others still answer.
    pub(crate) fn check(&self) -> Result<(), TeamError> {
        self.lead.seat.check()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.tell(
            Command::Close {
                session: self.session,
            },
            &[],
        );
    }
}
