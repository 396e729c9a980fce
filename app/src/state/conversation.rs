//! The conversation as tokens: turns of marks, and for every position the pass that computed it.
//!
//! Marks live in chunks behind `Rc`, so that a new token copies one chunk and redraws one chunk
//! however long the text has become.

use std::rc::Rc;

use super::row::{self, Row};
use super::select;
use crate::protocol::{Finish, GenerateOptions, Likely, ModelFacts, Pass, Piece, PieceKind};

/// Marks per chunk.
const CHUNK_MARKS: usize = 48;

/// Everything said, and everything recorded about it.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    pub turns: Vec<Turn>,
    /// The pass behind each position; none while it has not been computed.
    pub rows: Rc<Vec<Option<Row>>>,
    /// How often each expert was chosen. `(moe_layers, n_experts)`
    pub load: Rc<Vec<u32>>,
    pub totals: Totals,
    /// The KV cache has no room for another position.
    pub is_full: bool,
    /// Turns whose prompt was written anew later; nothing said is lost.
    pub replaced: Vec<Replaced>,
    /// What the generation that starts next was asked.
    pub asked: Option<Rc<Asked>>,
    /// What it is kept under in this browser, once it is.
    pub kept_as: Option<Rc<str>>,
}

/// Turns that others took the place of.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// The generation that begins in their place.
    pub by: u32,
    pub turns: Vec<Turn>,
    /// Which answer of the conversation it was, counted from 1.
    pub number: u32,
    /// Positions of that answer that were computed.
    pub tokens: u32,
    /// How often its answer chose each expert. `(moe_layers, n_experts)`
    pub load: Rc<[u32]>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Model,
}

/// What a generation was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// As it was typed.
    pub prompt: String,
    pub options: GenerateOptions,
}

/// What one side said.
#[derive(Clone, Debug)]
pub struct Turn {
    pub generation_id: u32,
    pub role: Role,
    pub chunks: Vec<Rc<Chunk>>,
    pub finish: Option<Finish>,
    pub seed: u64,
    /// Positions the KV cache already held when it began.
    pub reused: u32,
    /// Position of its generation's first token.
    pub first_position: u32,
    pub asked: Option<Rc<Asked>>,
    /// Every pass of its generation, in order; the model's turn has them.
    pub passes: Vec<Rc<Pass>>,
}

/// Some consecutive marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    pub marks: Vec<Mark>,
}

/// One token in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub token: u32,
    pub text: Rc<str>,
    /// Where it stands in the sequence; none once the cache no longer holds it.
    pub position: Option<u32>,
    pub kind: MarkKind,
    /// Probability the model gave it; prompt tokens were not drawn.
    pub prob: Option<f32>,
    /// Wall time of its pass, divided by the tokens of that pass.
    pub wall_micros: Option<f64>,
    /// Router entropy, mean over MoE layers, bits.
    pub entropy_bits: Option<f32>,
    /// Router margin, mean over MoE layers.
    pub margin: Option<f32>,
    /// Bytes of weights and cache its pass touched, divided by the tokens of that pass.
    pub moved_bytes: Option<f64>,
    /// Share of its experts that the token before it was sent to as well.
    pub reuse: Option<f32>,
    /// How undecided the model was when it drew this token.
    pub prediction_bits: Option<f32>,
    /// What it expected then.
    pub likeliest: Rc<[Likely]>,
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The chat template, or a control token of the model: not part of what is said.
    Template,
    /// The visitor.
    Prompt,
    /// The model.
    Generated,
    /// The model, before it answers.
    Reasoned,
}

/// Sums over the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Positions computed.
    pub computed_tokens: u64,
    /// Tokens sampled.
    pub sampled_tokens: u64,
    /// Those of them that reason before an answer.
    pub reasoning_tokens: u64,
    pub passes: u64,
    pub wall_micros: f64,
    pub weight_bytes: u64,
    pub kv_read_bytes: u64,
    pub kv_write_bytes: u64,
    pub operations: u64,
    pub dispatches: u64,
}

impl Turn {
    /// All marks in order.
    pub fn marks(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.chunks.iter().flat_map(|chunk| &chunk.marks)
    }

    /// What was said, without template tokens and reasoning.
    pub fn text(&self) -> String {
        let said = |mark: &&Mark| matches!(mark.kind, MarkKind::Prompt | MarkKind::Generated);
        self.marks().filter(said).map(|mark| &*mark.text).collect()
    }

    /// What was reasoned before the answer.
    pub fn reasoning(&self) -> String {
        let reasoned = |mark: &&Mark| mark.kind == MarkKind::Reasoned;
        self.marks().filter(reasoned).map(|mark| &*mark.text).collect()
    }

    fn push(&mut self, mark: Mark) {
        match self
            .chunks
            .last_mut()
            .filter(|chunk| chunk.marks.len() < CHUNK_MARKS)
        {
            Some(chunk) => Rc::make_mut(chunk).marks.push(mark),
            None => self.chunks.push(Rc::new(Chunk { marks: vec![mark] })),
        }
    }
}

impl Conversation {
    /// Takes the turns of a generation, and all after it, out of the conversation and keeps them as
    /// what the generation `by` took the place of.
    pub fn replace_from(&mut self, facts: &ModelFacts, generation_id: u32, by: u32) {
        let first = self
            .turns
            .iter()
            .position(|turn| turn.generation_id == generation_id);
        if let Some(first) = first {
            let rows = select::load::rows_of_turn(self, generation_id, Role::Model);
            let tokens = rows.iter().flatten().count() as u32;
            let load = select::load::counts(facts, &rows).into();
            let turns = self.turns.split_off(first);
            self.replaced.push(Replaced {
                by,
                turns,
                number: first as u32 / 2 + 1,
                tokens,
                load,
            });
        }
        self.is_full = false;
    }

    /// What a generation took the place of, the newest first.
    pub fn replaced_by(&self, generation_id: u32) -> impl Iterator<Item = &Replaced> {
        // An edit of an edit keeps what both took the place of.
        let mut wanted = vec![generation_id];
        self.replaced.iter().rev().filter(move |replaced| {
            let is_wanted = wanted.contains(&replaced.by);
            if is_wanted {
                wanted.extend(replaced.turns.first().map(|turn| turn.generation_id));
            }
            is_wanted
        })
    }

    /// A prompt became tokens: its turn and the model's empty one.
    pub fn start(
        &mut self,
        generation_id: u32,
        seed: u64,
        reused: u32,
        first_position: u32,
        pieces: &[Piece],
    ) {
        self.forget_from(first_position);
        self.forget_rows_from(reused);
        let asked = self.asked.take();
        let turn = |role| Turn {
            generation_id,
            role,
            chunks: Vec::new(),
            finish: None,
            seed,
            reused,
            first_position,
            asked: asked.clone(),
            passes: Vec::new(),
        };
        let mut prompt = turn(Role::User);
        for (position, piece) in (first_position..).zip(pieces) {
            prompt.push(Mark::new(piece, position, MarkKind::Prompt, None));
        }
        self.turns.push(prompt);
        self.turns.push(turn(Role::Model));
    }

    /// An answer goes on from another token: its prompt and what it said before stay as they were.
    /// `replaced` begins with both; `pieces` are what stands there now from `first_position` on.
    pub fn branch(
        &mut self,
        replaced: &[Turn],
        generation_id: u32,
        seed: u64,
        reused: u32,
        first_position: u32,
        pieces: &[Piece],
    ) {
        self.forget_from(first_position);
        self.forget_rows_from(reused);
        let now = self.asked.take();
        let is_kept = |mark: &&Mark| mark.position.is_some_and(|own| own < first_position);
        let is_before = |pass: &&Rc<Pass>| pass.first_position + pass.positions <= first_position;
        for old in replaced.iter().take(2) {
            let mut turn = Turn {
                generation_id,
                role: old.role,
                chunks: Vec::new(),
                finish: None,
                seed,
                reused,
                first_position: old.first_position,
                asked: asked_again(old.asked.as_deref(), now.as_deref()),
                passes: old.passes.iter().filter(is_before).cloned().collect(),
            };
            old.marks()
                .filter(is_kept)
                .for_each(|mark| turn.push(mark.clone()));
            self.turns.push(turn);
        }
        for (position, piece) in (first_position..).zip(pieces) {
            let mark = self.chosen_instead(replaced, position, piece);
            if let Some(turn) = self.turns.last_mut() {
                turn.push(mark);
            }
        }
    }

    /// A mark with what the model had expected in its place.
    fn chosen_instead(&self, replaced: &[Turn], position: u32, piece: &Piece) -> Mark {
        let there = |mark: &&Mark| mark.position == Some(position);
        let old = replaced.iter().flat_map(Turn::marks).find(there);
        let likeliest = old.map(|old| Rc::clone(&old.likeliest)).unwrap_or_default();
        let own = likeliest.iter().find(|likely| likely.token == piece.token);
        Mark {
            prediction_bits: old.and_then(|old| old.prediction_bits),
            likeliest: Rc::clone(&likeliest),
            ..Mark::new(
                piece,
                position,
                MarkKind::Generated,
                own.map(|likely| likely.prob),
            )
        }
    }

    /// Marks from `position` on no longer stand in the sequence.
    fn forget_from(&mut self, position: u32) {
        let is_stale = |mark: &Mark| mark.position.is_some_and(|own| own >= position);
        for chunk in self.turns.iter_mut().flat_map(|turn| &mut turn.chunks) {
            if chunk.marks.last().is_some_and(is_stale) {
                let chunk = Rc::make_mut(chunk);
                chunk
                    .marks
                    .iter_mut()
                    .filter(|mark| is_stale(mark))
                    .for_each(|mark| mark.position = None);
            }
        }
    }

    /// Positions from `position` on will be computed again.
    fn forget_rows_from(&mut self, position: u32) {
        if self.rows.len() > position as usize {
            Rc::make_mut(&mut self.rows).truncate(position as usize);
        }
    }

    /// A token was sampled.
    pub fn push_token(
        &mut self,
        position: u32,
        piece: &Piece,
        prob: f32,
        entropy_bits: f32,
        likeliest: Vec<Likely>,
    ) {
        self.totals.sampled_tokens += 1;
        self.totals.reasoning_tokens += u64::from(piece.kind == PieceKind::Reasoned);
        if let Some(turn) = self.turns.last_mut() {
            turn.push(Mark {
                prediction_bits: Some(entropy_bits),
                likeliest: likeliest.into(),
                ..Mark::new(piece, position, MarkKind::Generated, Some(prob))
            });
        }
    }

    /// A pass was computed: its positions have a trace now.
    pub fn push_pass(&mut self, facts: &ModelFacts, pass: Pass) {
        self.totals.add(&pass);
        self.count_load(facts, &pass);
        let first = pass.first_position as usize;
        let new = row::rows(facts, pass);
        if let Some((turn, row)) = self.turns.last_mut().zip(new.first()) {
            turn.passes.push(Rc::clone(&row.pass));
        }
        let rows = Rc::make_mut(&mut self.rows);
        if rows.len() < first + new.len() {
            rows.resize(first + new.len(), None);
        }
        for (place, row) in rows[first..].iter_mut().zip(&new) {
            *place = Some(row.clone());
        }
        row::keep_within_bounds(facts, rows);
        self.mark_measures(facts, &new);
    }

    fn count_load(&mut self, facts: &ModelFacts, pass: &Pass) {
        let n_experts = facts.n_experts as usize;
        let load = Rc::make_mut(&mut self.load);
        load.resize(facts.moe_layers.len() * n_experts, 0);
        let per_row = (facts.moe_layers.len() * facts.top_k as usize).max(1);
        for (at, &id) in pass.ids.iter().enumerate() {
            let layer = at % per_row / (facts.top_k as usize).max(1);
            if let Some(count) = load.get_mut(layer * n_experts + usize::from(id)) {
                *count += 1;
            }
        }
    }

    /// Writes the measures of a pass onto the marks of its positions.
    fn mark_measures(&mut self, facts: &ModelFacts, new: &[Row]) {
        let Some(Row { pass, .. }) = new.first() else {
            return;
        };
        let range = pass.first_position..pass.first_position + pass.positions;
        let before = range.start.checked_sub(1).and_then(|position| self.row(position));
        let before = before.cloned();
        let is_within = |mark: &Mark| mark.position.is_some_and(|own| range.contains(&own));
        let turns = self.turns.iter_mut().rev();
        for chunk in turns.flat_map(|turn| turn.chunks.iter_mut().rev()) {
            let last = chunk.marks.last().and_then(|mark| mark.position);
            if last.is_some_and(|last| last < range.start) {
                return;
            }
            if !chunk.marks.iter().any(is_within) {
                continue;
            }
            for mark in Rc::make_mut(chunk)
                .marks
                .iter_mut()
                .filter(|mark| is_within(mark))
            {
                let index = mark.position.map_or(0, |own| (own - range.start) as usize);
                let previous = index.checked_sub(1).map_or(before.as_ref(), |at| new.get(at));
                if let Some(row) = new.get(index) {
                    mark.measure(facts, row, previous);
                }
            }
        }
    }

    /// The mark at a position.
    pub fn mark(&self, position: u32) -> Option<&Mark> {
        let mut marks = self.turns.iter().rev().flat_map(|turn| turn.marks().rev());
        marks.find(|mark| mark.position == Some(position))
    }

    /// The pass at a position.
    pub fn row(&self, position: u32) -> Option<&Row> {
        self.rows.get(position as usize)?.as_ref()
    }

    /// The newest position that was computed.
    pub fn latest(&self) -> Option<u32> {
        self.rows
            .iter()
            .rposition(Option::is_some)
            .map(|position| position as u32)
    }

    /// The newest position that stands in the text, computed or not.
    pub fn last_marked(&self) -> Option<u32> {
        self.turns
            .iter()
            .rev()
            .find_map(|turn| turn.marks().rev().find_map(|mark| mark.position))
    }
}

/// What was typed then, with the options of now.
fn asked_again(then: Option<&Asked>, now: Option<&Asked>) -> Option<Rc<Asked>> {
    let (then, now) = then.zip(now)?;
    Some(Rc::new(Asked {
        prompt: then.prompt.clone(),
        options: now.options.clone(),
    }))
}

impl Mark {
    fn new(piece: &Piece, position: u32, said: MarkKind, prob: Option<f32>) -> Self {
        let kind = match piece.kind {
            PieceKind::Said => said,
            PieceKind::Reasoned => MarkKind::Reasoned,
            PieceKind::Template => MarkKind::Template,
        };
        let (token, text) = (piece.token, piece.text.as_str().into());
        Self {
            token,
            text,
            position: Some(position),
            kind,
            prob,
            wall_micros: None,
            entropy_bits: None,
            margin: None,
            moved_bytes: None,
            reuse: None,
            prediction_bits: None,
            likeliest: Rc::default(),
        }
    }
}

impl Mark {
    /// Takes over what its pass was measured to be.
    fn measure(&mut self, facts: &ModelFacts, row: &Row, previous: Option<&Row>) {
        let (pass, total) = (&row.pass, select::total(&row.pass));
        let share = f64::from(pass.batch_tokens.max(1));
        let moved = total.weight_bytes + total.kv_read_bytes + total.kv_write_bytes;
        self.wall_micros = Some(pass.wall_micros / share);
        self.moved_bytes = Some(moved as f64 / share);
        self.entropy_bits = select::mean_entropy_bits(row);
        self.margin = select::mean_margin(row);
        self.reuse = previous.and_then(|previous| select::reuse(facts, row, previous));
    }
}

impl Totals {
    fn add(&mut self, pass: &Pass) {
        self.passes += 1;
        self.computed_tokens += u64::from(pass.positions);
        self.wall_micros += pass.wall_micros;
        self.dispatches += u64::from(pass.dispatches);
        for group in &pass.groups {
            self.weight_bytes += group.weight_bytes;
            self.kv_read_bytes += group.kv_read_bytes;
            self.kv_write_bytes += group.kv_write_bytes;
            self.operations += group.operations;
        }
    }
}
