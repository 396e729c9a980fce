//! A recorded run on screen. The same fold that made the conversation live makes it again; what was on
//! screen before, and the model that answers, stand aside until the run is left.

use std::rc::Rc;

use super::{Activity, AppState, Asked, Conversation, Examination, Model, Selection, reduce};
use crate::protocol::{Envelope, Event, Examined, ModelFacts, Request, RestoredTurn};
use crate::state::{Role, Turn};

/// A run, ready to be folded.
#[derive(Clone, Debug)]
pub struct Recording {
    pub title: String,
    /// RFC 3339; empty where it is not known.
    pub date: String,
    pub recorder: String,
    pub model: Model,
    pub generations: Vec<Recorded>,
    /// Tokens that were looked at closely.
    pub examined: Vec<Examined>,
}

/// What was asked, and what the worker told of it.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub generation_id: u32,
    pub asked: Option<Asked>,
    pub events: Vec<Event>,
}

/// Where a run on screen came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It comes with the page; a prompt begins a conversation of the visitor's own.
    Shipped,
    /// A file, an address or a text; the model it is of can go on with it.
    Opened,
    /// A conversation kept in this browser.
    Kept(String),
}

/// The run on screen, and what stands aside.
#[derive(Clone, Debug)]
pub struct Replay {
    pub title: String,
    pub date: String,
    pub recorder: String,
    pub origin: Origin,
    pub aside: Live,
}

/// What is on screen where no run is replayed.
#[derive(Clone, Debug, Default)]
pub struct Live {
    pub model: Option<Rc<Model>>,
    pub conversation: Conversation,
    pub selection: Selection,
    pub examination: Examination,
}

/// Folds a recording as if its worker told it now.
pub fn fold(recording: Recording) -> Conversation {
    let mut state = AppState {
        model: Some(Rc::new(recording.model)),
        ..AppState::default()
    };
    for Recorded {
        generation_id,
        asked,
        events,
    } in recording.generations
    {
        state.activity = Activity::Waiting {
            generation_id,
            prompt: String::new(),
            replaces: asked.as_ref().and_then(|asked| asked.options.replaces),
            branch: None,
        };
        state.conversation.asked = asked.map(Rc::new);
        let told = super::Action::Received(Envelope::new(events));
        state = reduce(state, told).0;
    }
    state.conversation
}

impl AppState {
    /// The model that answers a prompt, whichever run is on screen.
    pub fn answering(&self) -> Option<&Rc<Model>> {
        match &self.replay {
            Some(replay) => replay.aside.model.as_ref(),
            None => self.model.as_ref(),
        }
    }

    /// Whether no model answers and none is on its way.
    pub fn has_no_model(&self) -> bool {
        self.answering().is_none() && self.loading.is_none() && self.loads > 0
    }

    /// The conversation that the worker knows.
    pub fn live_conversation(&self) -> &Conversation {
        match &self.replay {
            Some(replay) => &replay.aside.conversation,
            None => &self.conversation,
        }
    }

    /// What was looked at closely in it.
    pub fn live_examination(&self) -> &Examination {
        match &self.replay {
            Some(replay) => &replay.aside.examination,
            None => &self.examination,
        }
    }

    /// Whether a prompt goes on with the run on screen.
    pub fn continues(&self) -> bool {
        let Some(Replay { origin, aside, .. }) = &self.replay else {
            return false;
        };
        let is_same = |live: &Model| {
            let shown = self.model.as_ref();
            shown.is_some_and(|shown| has_same_weights(&shown.facts, &live.facts))
        };
        let asked = |turn: &Turn| turn.asked.as_ref().is_some_and(|asked| !asked.options.raw);
        *origin != Origin::Shipped
            && aside.model.as_deref().is_some_and(is_same)
            && self.conversation.turns.iter().all(asked)
    }

    /// Shows a recording; a run that was on screen before makes way.
    pub(super) fn show(&mut self, mut recording: Recording, origin: Origin) {
        self.leave();
        self.runs_shown += 1;
        if let Some(editing) = self.editing.take() {
            self.draft = editing.draft_before;
        }
        let model = Some(Rc::new(recording.model.clone()));
        let (title, date, recorder) = (
            recording.title.clone(),
            recording.date.clone(),
            recording.recorder.clone(),
        );
        let examined = Examination::of(std::mem::take(&mut recording.examined));
        let aside = Live {
            examination: std::mem::replace(&mut self.examination, examined),
            model: std::mem::replace(&mut self.model, model),
            conversation: std::mem::replace(&mut self.conversation, fold(recording)),
            selection: std::mem::take(&mut self.selection),
        };
        if let Origin::Kept(id) = &origin {
            self.conversation.kept_as = Some(id.as_str().into());
        }
        self.replay = Some(Replay {
            title,
            date,
            recorder,
            origin,
            aside,
        });
    }

    /// Back to what is live.
    pub(super) fn leave(&mut self) {
        if let Some(replay) = self.replay.take() {
            let Live {
                model,
                conversation,
                selection,
                examination,
            } = replay.aside;
            (self.model, self.conversation, self.selection) = (model, conversation, selection);
            self.examination = examination;
        }
    }

    /// Makes the run on screen the live conversation where the model can go on with it, and leaves it
    /// otherwise. Gives what the worker has to be told, and whether generations keep their ids.
    pub(super) fn go_on(&mut self) -> Option<Request> {
        if !self.continues() {
            self.leave();
            return None;
        }
        let replay = self.replay.take()?;
        self.model = replay.aside.model;
        Some(Request::Restore {
            turns: restored(&self.conversation),
        })
    }

    /// Lets `change` act on what is live while a run stays on screen.
    pub(super) fn with_live(&mut self, change: impl FnOnce(&mut Self)) {
        let Some(mut replay) = self.replay.take() else {
            return change(self);
        };
        self.swap(&mut replay.aside);
        change(self);
        self.swap(&mut replay.aside);
        self.replay = Some(replay);
    }

    fn swap(&mut self, aside: &mut Live) {
        std::mem::swap(&mut self.model, &mut aside.model);
        std::mem::swap(&mut self.conversation, &mut aside.conversation);
        std::mem::swap(&mut self.selection, &mut aside.selection);
        std::mem::swap(&mut self.examination, &mut aside.examination);
    }
}

/// Whether two models are the same file, however much context each was given.
fn has_same_weights(one: &ModelFacts, other: &ModelFacts) -> bool {
    let weights = |facts: &ModelFacts| {
        (
            facts.name.clone(),
            facts.architecture.clone(),
            facts.quantization.clone(),
            facts.file_bytes,
            facts.parameters,
        )
    };
    weights(one) == weights(other)
}

/// What the worker needs in order to go on with a conversation.
fn restored(conversation: &Conversation) -> Vec<RestoredTurn> {
    let (pairs, _) = conversation.turns.as_chunks::<2>();
    let turn = |[prompt, answer]: &[Turn; 2]| RestoredTurn {
        generation_id: prompt.generation_id,
        prompt: prompt
            .asked
            .as_ref()
            .map_or_else(|| prompt.text(), |asked| asked.prompt.clone()),
        answer: answer.text(),
        first_position: answer.first_position,
        tokens: prompt
            .marks()
            .chain(answer.marks())
            .map(|mark| mark.token)
            .collect(),
    };
    let is_pair = |[prompt, answer]: &&[Turn; 2]| prompt.role == Role::User && answer.role == Role::Model;
    pairs.iter().filter(is_pair).map(turn).collect()
}
