//! What the lead tells the others to do, as words.

use super::board::ARGUMENT_WORDS;
use crate::kernels::Batch;
use crate::plan::{Limits, PackId, PlanOptions};
use crate::session::KvFormat;

/// A session's number in the team.
pub type SessionId = u32;

/// One command. What it comes with, if anything, is the payload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// Reserves memory for a plan.
    Open {
        session: SessionId,
        options: PlanOptions,
        max_binding_bytes: u64,
    },
    /// Payload: bytes of rows of a pack, for one worker.
    Write {
        session: SessionId,
        pack: PackId,
        rank: u32,
        bytes: u32,
    },
    /// A pack is complete.
    Finish { session: SessionId, pack: PackId },
    /// Payload: tokens, then the tables of rotations.
    Run {
        session: SessionId,
        batch: Batch,
        words: u32,
    },
    /// A copy that shares the weights.
    Fork { session: SessionId, copy: SessionId },
    /// Forgets a session.
    Close { session: SessionId },
    /// Reads memory, so many bytes so many times, and lays down how fast it was.
    Read { bytes: u32, times: u32 },
    /// The end.
    Leave,
}

impl Command {
    pub fn words(self) -> [u32; ARGUMENT_WORDS] {
        let mut words = [0; ARGUMENT_WORDS];
        let mut put = |values: &[u32]| words[..values.len()].copy_from_slice(values);
        match self {
            Self::Leave => put(&[0]),
            Self::Open {
                session,
                options,
                max_binding_bytes,
            } => put(&[
                1,
                session,
                options.context,
                options.batch,
                options.logit_rows,
                KvFormat::ALL
                    .iter()
                    .position(|kv| *kv == options.kv)
                    .unwrap_or_default() as u32,
                max_binding_bytes as u32,
                (max_binding_bytes >> 32) as u32,
            ]),
            Self::Write {
                session,
                pack,
                rank,
                bytes,
            } => put(&[2, session, pack.0 as u32, rank, bytes]),
            Self::Finish { session, pack } => put(&[3, session, pack.0 as u32]),
            Self::Run {
                session,
                batch,
                words,
            } => put(&[
                4,
                session,
                words,
                batch.n_tokens,
                batch.start,
                batch.logits_from,
                batch.n_logits,
                batch.n_draws,
            ]),
            Self::Fork { session, copy } => put(&[5, session, copy]),
            Self::Close { session } => put(&[6, session]),
            Self::Read { bytes, times } => put(&[7, bytes, times]),
        }
        words
    }

    /// What such words mean; the end where they mean nothing.
    pub fn from_words(words: &[u32; ARGUMENT_WORDS]) -> Self {
        let [code, session, a, b, c, d, e, f, ..] = *words;
        match code {
            1 => Self::Open {
                session,
                options: PlanOptions {
                    context: a,
                    batch: b,
                    logit_rows: c,
                    kv: KvFormat::ALL.get(d as usize).copied().unwrap_or_default(),
                },
                max_binding_bytes: u64::from(e) | u64::from(f) << 32,
            },
            2 => Self::Write {
                session,
                pack: PackId(a as usize),
                rank: b,
                bytes: c,
            },
            3 => Self::Finish {
                session,
                pack: PackId(a as usize),
            },
            4 => Self::Run {
                session,
                words: a,
                batch: Batch {
                    n_tokens: b,
                    start: c,
                    logits_from: d,
                    n_logits: e,
                    n_draws: f,
                    // A processor walks a whole cache.
                    n_splits: 1,
                    by_expert: 0,
                },
            },
            5 => Self::Fork { session, copy: a },
            6 => Self::Close { session },
            7 => Self::Read {
                bytes: session,
                times: a,
            },
            _ => Self::Leave,
        }
    }
}

/// The limits a plan was made for, on the CPU.
pub fn limits(max_binding_bytes: u64) -> Limits {
    Limits {
        max_binding_bytes,
        ..Limits::CPU
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_read_as_it_was_written() {
        let session = 3;
        let options = PlanOptions {
            context: 4096,
            batch: 32,
            logit_rows: 2,
            kv: KvFormat::Q8_0,
        };
        let batch = Batch {
            n_tokens: 5,
            start: 6,
            logits_from: 4,
            n_logits: 1,
            n_draws: 1,
            n_splits: 1,
            by_expert: 0,
        };
        let commands = [
            Command::Open {
                session,
                options,
                max_binding_bytes: 1 << 40,
            },
            Command::Write {
                session,
                pack: PackId(7),
                rank: 1,
                bytes: 99,
            },
            Command::Finish {
                session,
                pack: PackId(7),
            },
            Command::Run {
                session,
                batch,
                words: 12,
            },
            Command::Fork { session, copy: 4 },
            Command::Close { session },
            Command::Read {
                bytes: 1 << 25,
                times: 5,
            },
            Command::Leave,
        ];
        for command in commands {
            assert_eq!(Command::from_words(&command.words()), command);
        }
    }
}
