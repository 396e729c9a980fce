//! What a screen reader is told of an answer: whole sentences, not more often than one can listen to,
//! and the rest when it is finished.

use std::rc::Rc;

use yew::{Html, Properties, component, html, use_effect_with, use_mut_ref, use_state_eq};

use crate::protocol::Finish;
use crate::state::{AppState, Chunk, MarkKind, Role};
use crate::words::words;

/// Shortest time between two announcements while the model writes, milliseconds.
const PAUSE_MILLIS: f64 = 4000.0;

/// What there is to tell.
#[derive(Clone, Default, Properties)]
pub struct Speech {
    pub generation_id: Option<u32>,
    pub chunks: Vec<Rc<Chunk>>,
    pub finish: Option<Finish>,
    pub is_loading: bool,
    pub is_busy: bool,
}

impl PartialEq for Speech {
    fn eq(&self, other: &Self) -> bool {
        let flags = |own: &Self| (own.generation_id, own.finish, own.is_loading, own.is_busy);
        flags(self) == flags(other)
            && self.chunks.len() == other.chunks.len()
            && self
                .chunks
                .iter()
                .zip(&other.chunks)
                .all(|(own, other)| Rc::ptr_eq(own, other))
    }
}

impl Speech {
    /// Of the newest answer.
    pub fn of(state: &AppState) -> Self {
        let last = state.conversation.turns.last();
        let answer = last.filter(|turn| turn.role == Role::Model);
        Self {
            generation_id: answer.map(|turn| turn.generation_id),
            chunks: answer.map(|turn| turn.chunks.clone()).unwrap_or_default(),
            finish: answer.and_then(|turn| turn.finish),
            is_loading: state.loading.is_some(),
            is_busy: !state.activity.is_idle(),
        }
    }

    fn text(&self) -> String {
        let marks = self.chunks.iter().flat_map(|chunk| &chunk.marks);
        let said = marks.filter(|mark| mark.kind == MarkKind::Generated);
        said.map(|mark| &*mark.text).collect()
    }
}

/// What was told so far.
#[derive(Debug, Default)]
pub struct Said {
    generation_id: Option<u32>,
    /// Bytes of the answer.
    told: usize,
    at_millis: Option<f64>,
    is_finished: bool,
}

impl Said {
    /// What to tell now; nothing where what was told last still stands.
    pub fn next(&mut self, speech: &Speech, now_millis: f64) -> Option<String> {
        let texts = &words().layout;
        if speech.is_loading {
            return Some(texts.loading.into());
        }
        if speech.generation_id != self.generation_id {
            *self = Self {
                generation_id: speech.generation_id,
                ..Self::default()
            };
        }
        let Some(finish) = speech.finish else {
            return self.part(speech, now_millis);
        };
        if self.is_finished {
            return None;
        }
        self.is_finished = true;
        let mut rest = self.take(&speech.text(), true);
        if finish == Finish::ContextFull {
            rest = format!("{rest} {}", texts.full);
        }
        Some(rest)
    }

    fn part(&mut self, speech: &Speech, now_millis: f64) -> Option<String> {
        if speech.generation_id.is_none() {
            self.at_millis = None;
            return Some(if speech.is_busy {
                words().layout.writing.into()
            } else {
                String::new()
            });
        }
        let Some(at) = self.at_millis else {
            self.at_millis = Some(now_millis);
            return Some(words().layout.writing.into());
        };
        if now_millis - at < PAUSE_MILLIS {
            return None;
        }
        let part = self.take(&speech.text(), false);
        if part.is_empty() {
            return None;
        }
        self.at_millis = Some(now_millis);
        Some(part)
    }

    /// What is new in a text: all of it, or up to the end of its last whole sentence.
    fn take(&mut self, text: &str, is_all: bool) -> String {
        let new = text.get(self.told..).unwrap_or_default();
        let length = if is_all { new.len() } else { sentences(new) };
        self.told += length;
        new.get(..length).unwrap_or_default().trim().to_owned()
    }
}

/// Bytes of a text up to the end of its last whole sentence or line.
fn sentences(text: &str) -> usize {
    let is_end = |mark: char| matches!(mark, '.' | '!' | '?' | ':' | '…' | '。' | '！' | '？' | '؟');
    let mut end = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        // A point within a number ends nothing, and the last one may be within a number.
        if letter == '\n' || is_end(letter) && next.is_some_and(char::is_whitespace) {
            end = at + letter.len_utf8();
        }
    }
    end
}

/// The region, unseen.
#[component]
pub fn Live(props: &Speech) -> Html {
    let (said, told) = (use_mut_ref(Said::default), use_state_eq(String::new));
    let telling = told.clone();
    // After drawing, where there is a clock.
    use_effect_with(props.clone(), move |speech| {
        let clock = gloo::utils::window().performance();
        let now = clock.map_or(f64::INFINITY, |clock| clock.now());
        if let Some(part) = said.borrow_mut().next(speech, now) {
            telling.set(part);
        }
    });
    html! { <p class="visually-hidden" id="live" role="status">{ (*told).clone() }</p> }
}
