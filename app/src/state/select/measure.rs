//! What colours the text: one number for every token, and what the least and the greatest shade
//! stand for.

use super::super::{AppState, Conversation, Mark, MarkKind, Measure, Role, Row, Turn};

/// How the text is coloured just now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colouring {
    pub measure: Measure,
    /// What the least and the greatest shade stand for; the first may be the greater number.
    pub scale: (f64, f64),
    /// Positions before this one the newest turn found in the KV cache.
    pub reused: u32,
}

impl Colouring {
    pub fn of(state: &AppState) -> Self {
        let newest = state.conversation.turns.last();
        Self {
            measure: state.view.measure,
            scale: scale(state),
            reused: newest.map_or(0, |turn| turn.reused),
        }
    }
}

/// Where a token comes from: what [`Measure::Part`] tells apart, by its number.
pub const PARTS: usize = 4;

/// The number of a mark; `weight` is that of the selected expert, where the token was sent to it.
pub fn value(mark: &Mark, colouring: Colouring, weight: Option<f32>) -> Option<f64> {
    match colouring.measure {
        Measure::None => None,
        Measure::Probability => mark.prob.map(f64::from),
        Measure::PredictionEntropy => mark.prediction_bits.map(f64::from),
        Measure::Entropy => mark.entropy_bits.map(f64::from),
        Measure::Margin => mark.margin.map(f64::from),
        Measure::WallTime => mark.wall_micros,
        Measure::Bytes => mark.moved_bytes,
        Measure::Reuse => mark.reuse.map(f64::from),
        Measure::Expert => weight.map(f64::from),
        Measure::Part => Some(match mark.kind {
            MarkKind::Template => 0.0,
            MarkKind::Prompt => 1.0,
            MarkKind::Reasoned => 2.0,
            MarkKind::Generated => 3.0,
        }),
        Measure::Cached => {
            let position = mark.position?;
            Some(if position < colouring.reused { 0.0 } else { 1.0 })
        }
    }
}

/// Weight of one expert at one position; none where the token was not sent to it.
pub fn expert_weight(row: &Row, top_k: usize, layer: usize, expert: u16) -> Option<f32> {
    let ids = row.ids().get(layer * top_k..(layer + 1) * top_k)?;
    let slot = ids.iter().position(|id| *id == expert)?;
    row.weights().get(layer * top_k + slot).copied()
}

/// Powers of two around the values seen, so that a new token rarely changes the scale.
fn scale(state: &AppState) -> (f64, f64) {
    let conversation = &state.conversation;
    let n_experts = state
        .model
        .as_ref()
        .map_or(1, |model| model.facts.n_experts.max(1));
    match state.view.measure {
        Measure::None => (0.0, 0.0),
        // What was likely is unremarkable: the improbable token gets the strong mark.
        Measure::Probability => (1.0, 0.0),
        Measure::Entropy => (0.0, f64::from(n_experts).log2()),
        Measure::PredictionEntropy => (0.0, greatest(conversation, |mark| mark.prediction_bits)),
        // A small margin is what is remarkable: another choice was near.
        Measure::Margin => (greatest(conversation, |mark| mark.margin), 0.0),
        Measure::WallTime => spread(conversation, |mark| mark.wall_micros),
        Measure::Bytes => spread(conversation, |mark| mark.moved_bytes),
        Measure::Reuse | Measure::Expert | Measure::Cached => (0.0, 1.0),
        Measure::Part => (0.0, (PARTS - 1) as f64),
    }
}

/// The power of two above the greatest value seen.
fn greatest(conversation: &Conversation, of: impl Fn(&Mark) -> Option<f32>) -> f64 {
    let marks = conversation.turns.iter().flat_map(Turn::marks);
    let greatest = marks.filter_map(of).fold(0.0, f32::max);
    if greatest > 0.0 {
        f64::from(greatest).log2().ceil().exp2()
    } else {
        0.0
    }
}

/// Powers of two around the values seen.
fn spread(conversation: &Conversation, of: impl Fn(&Mark) -> Option<f64>) -> (f64, f64) {
    let marks = conversation.turns.iter().flat_map(Turn::marks);
    let (low, high) = marks
        .filter_map(of)
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
    if high > 0.0 {
        (low.log2().floor().exp2(), high.log2().ceil().exp2())
    } else {
        (0.0, 0.0)
    }
}

/// Whether positions belong to what the model wrote rather than to what it was given, by position.
/// A position that no longer stands in the text is none of both.
pub fn is_written(conversation: &Conversation) -> Vec<Option<bool>> {
    let mut written = vec![None; conversation.rows.len()];
    for turn in &conversation.turns {
        for position in turn.marks().filter_map(|mark| mark.position) {
            if let Some(place) = written.get_mut(position as usize) {
                *place = Some(turn.role == Role::Model);
            }
        }
    }
    written
}
