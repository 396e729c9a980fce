//! The conversation as an account: what was read against what was written, what the cache saved, and
//! what a seller would have counted.

use std::rc::Rc;

use moescope_engine::cost::batch::Choices;
use moescope_engine::cost::receipt::{Bill, Usage};

use crate::protocol::{ModelFacts, Pass};
use crate::state::AppState;
use crate::state::conversation::{Conversation, MarkKind, Role, Turn};
use crate::state::economics::Assumption;
use crate::state::row::Row;

/// Passes of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    pub tokens: u64,
    pub wall_micros: f64,
    pub weight_bytes: u64,
    pub kv_bytes: u64,
    pub operations: u64,
}

impl Part {
    fn add(&mut self, pass: &Pass) {
        self.tokens += u64::from(pass.positions);
        self.wall_micros += pass.wall_micros;
        for group in &pass.groups {
            self.weight_bytes += group.weight_bytes;
            self.kv_bytes += group.kv_read_bytes + group.kv_write_bytes;
            self.operations += group.operations;
        }
    }

    /// Of one token; none where there were none, or where it is not known.
    pub fn micros_per_token(&self) -> Option<f64> {
        self.each(self.wall_micros)
    }

    pub fn operations_per_token(&self) -> Option<f64> {
        self.each(self.operations as f64)
    }

    pub fn bytes_per_token(&self) -> Option<f64> {
        self.each((self.weight_bytes + self.kv_bytes) as f64)
    }

    /// No pass takes nothing: what adds up to nothing was not told.
    fn each(&self, sum: f64) -> Option<f64> {
        (self.tokens > 0 && sum > 0.0).then(|| sum / self.tokens as f64)
    }
}

/// The conversation as it stands, without what was written anew.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Account {
    /// Prompts.
    pub prefill: Part,
    /// Answers.
    pub decode: Part,
    /// Until the last answer began: all of its prompt.
    pub first_token_micros: Option<f64>,
    /// Positions that later turns found in the cache, over all turns.
    pub reused: u64,
    /// Bytes of cache those positions did not have to write again.
    pub reused_kv_bytes: u64,
    pub usage: Usage,
}

impl Account {
    /// Time the reused positions would have taken at the pace of this conversation's prompts.
    pub fn saved_micros(&self) -> Option<f64> {
        Some(self.reused as f64 * self.prefill.micros_per_token()?)
    }

    /// Bytes they would have moved, likewise.
    pub fn saved_bytes(&self) -> Option<f64> {
        Some(self.reused as f64 * self.prefill.bytes_per_token()?)
    }
}

/// Adds the conversation up. `cache_writes`: a seller counts fresh input as written to its cache.
pub fn account(conversation: &Conversation, cache_writes: bool) -> Account {
    let mut account = Account::default();
    let answers: Vec<_> = of_role(conversation, Role::Model).filter_map(span).collect();
    let is_answer = |position: u32| {
        let holds = |(first, last): &(u32, u32)| (*first..=*last).contains(&position);
        answers.iter().any(holds)
    };
    let last_prompt = of_role(conversation, Role::User).last().and_then(span);
    let mut first_token = 0.0;
    for pass in passes(&conversation.rows) {
        if is_answer(pass.first_position) {
            account.decode.add(pass);
        } else {
            account.prefill.add(pass);
            if last_prompt.is_some_and(|(first, last)| (first..=last).contains(&pass.first_position)) {
                first_token += pass.wall_micros;
            }
        }
    }
    account.first_token_micros = (first_token > 0.0).then_some(first_token);
    for prompt in of_role(conversation, Role::User) {
        account.reused += u64::from(prompt.reused);
    }
    let per_position = passes(&conversation.rows)
        .last()
        .map(|pass| pass.kv_bytes_per_position);
    account.reused_kv_bytes = account.reused * per_position.unwrap_or_default();
    account.usage = usage(conversation, cache_writes);
    account
}

/// The conversation as a seller would bill it, at the prices assumed.
pub fn bill(state: &AppState) -> Bill {
    let economics = &state.economics;
    let cache_writes = economics.value(Assumption::CacheWrites) > 0.5;
    let usage = usage(&state.conversation, cache_writes);
    Bill::of(usage, &economics.assumed_prices())
}

/// What a seller of this conversation would have counted, each token once.
fn usage(conversation: &Conversation, cache_writes: bool) -> Usage {
    let mut usage = Usage::default();
    for turn in &conversation.turns {
        match turn.role {
            Role::User => {
                // All input up to the end of this prompt, of which the cache held the beginning.
                let end = span(turn).map_or(0, |(_, last)| u64::from(last) + 1);
                let read = u64::from(turn.reused).min(end);
                usage.cache_read += read;
                let fresh = end - read;
                if cache_writes {
                    usage.cache_write += fresh;
                } else {
                    usage.fresh += fresh;
                }
            }
            Role::Model => {
                for mark in turn.marks() {
                    match mark.kind {
                        MarkKind::Reasoned => usage.reasoning += 1,
                        _ => usage.visible += 1,
                    }
                }
            }
        }
    }
    usage
}

fn of_role(conversation: &Conversation, role: Role) -> impl Iterator<Item = &Turn> {
    conversation.turns.iter().filter(move |turn| turn.role == role)
}

/// First and last position of a turn that still stand in the cache.
fn span(turn: &Turn) -> Option<(u32, u32)> {
    let first = turn.marks().find_map(|mark| mark.position)?;
    let last = turn.marks().rev().find_map(|mark| mark.position)?;
    Some((first, last))
}

/// Each pass once, in order.
fn passes(rows: &[Option<Row>]) -> impl Iterator<Item = &Rc<Pass>> {
    let mut last: Option<*const Pass> = None;
    rows.iter().flatten().filter_map(move |row| {
        let own = Rc::as_ptr(&row.pass);
        let is_new = last != Some(own);
        last = Some(own);
        is_new.then_some(&row.pass)
    })
}

/// What every position of the conversation chose. `(positions)(moe_layers, top_k)`
pub fn chosen<'a>(facts: &ModelFacts, rows: &'a [Option<Row>]) -> Vec<&'a [u16]> {
    let width = facts.moe_layers.len() * facts.top_k as usize;
    rows.iter()
        .flatten()
        .filter_map(|row| row.pass.ids.get(row.index * width..(row.index + 1) * width))
        .filter(|ids| !ids.is_empty())
        .collect()
}

/// The same as the formulas take it.
pub fn choices<'a>(facts: &ModelFacts, positions: &'a [&'a [u16]]) -> Choices<'a> {
    Choices {
        positions,
        moe_layers: facts.moe_layers.len(),
        n_experts: facts.n_experts as usize,
        top_k: facts.top_k as usize,
    }
}
