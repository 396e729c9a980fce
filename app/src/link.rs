//! The page as an address: what was asked, how it was drawn, and what is looked at, behind the `#`.
//!
//! ```text
//! #model=models/tiny.gguf&seed=7&prompt=Hi&branch=20.117&prompt=And%20then%3F&token=20&layer=2&expert=5&view=kv&e.rent=2.5
//! ```
//! Parts are read in order: sampling holds for the prompts and branches after it, and what is left out is as
//! usual. A branch is a position and the token that stands there instead: the answer before it goes on from it.
//! A link needs no server and tells nobody anything: what is behind a `#` is not sent.

mod asked;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use self::asked::{draw, prompts, sampling_parts};
use crate::protocol::{Branch, Sampling};
use crate::state::economics::moment::Moment;
use crate::state::select::load::Part;
use crate::state::select::raster::Order;
use crate::state::{AppState, ExpertsView, Measure, Origin, Selection, View};

/// Longest that is written into the address; a longer conversation is saved as a file instead.
const MOST_BYTES: usize = 32 << 10;
/// Most prompts that are followed, and most branches.
const MOST_TURNS: usize = 256;
const MOST_BRANCHES: usize = 256;
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':');

/// What an address says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Address of the model.
    pub model: Option<String>,
    /// The run that comes with the page.
    pub is_shipped: bool,
    pub turns: Vec<Prompt>,
    pub selection: Selection,
    pub view: View,
    /// What the economics panels assume otherwise than usual.
    pub assumed: Moment,
    /// What of it cannot be followed.
    pub trouble: Option<Trouble>,
}

/// A prompt, how its answer is drawn, and from where it went on otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    pub prompt: String,
    pub drawn: Drawn,
    /// In the order they were made.
    pub branches: Vec<Branching>,
}

/// The answer goes on from another token.
#[derive(Clone, Debug, PartialEq)]
pub struct Branching {
    pub at: Branch,
    pub drawn: Drawn,
}

/// How tokens are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    pub sampling: Sampling,
    /// The visitor stopped after so many of them.
    pub stopped_after: Option<u32>,
}

impl Drawn {
    /// The same with as many tokens at most as there were.
    pub fn sampling(&self) -> Sampling {
        let most = self.sampling.max_tokens;
        Sampling {
            max_tokens: self.stopped_after.map_or(most, |after| after.min(most)),
            ..self.sampling.clone()
        }
    }
}

/// Why a link does not lead to what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This is no position and token, or there is no answer before it.
    NoBranch(String),
    /// There is more in it than is followed.
    TooMuch { most: usize },
}

impl Link {
    /// Of what is on screen.
    pub fn of(state: &AppState) -> Self {
        let origin = state.replay.as_ref().map(|replay| &replay.origin);
        let is_shipped = origin == Some(&Origin::Shipped);
        let turns = if is_shipped { Vec::new() } else { prompts(state) };
        let model = state.model.as_ref().map(|model| model.origin.clone());
        // The name of a file on this computer is no address.
        let model = model.filter(|origin| !is_shipped && !turns.is_empty() && origin.contains('/'));
        let link = Self {
            model,
            is_shipped: is_shipped && state.selection != Selection::default(),
            turns,
            selection: state.selection,
            view: state.view,
            assumed: state.economics.moment(),
            trouble: None,
        };
        if link.fragment().len() <= MOST_BYTES {
            return link;
        }
        // The views alone.
        Self {
            model: None,
            turns: Vec::new(),
            ..link
        }
    }

    /// What stands behind the `#`; `shown` finds the view of a name.
    pub fn parse(fragment: &str, shown: impl Fn(&str) -> Option<&'static str>) -> Self {
        let (mut link, mut sampling) = (Self::default(), Sampling::default());
        let fragment = fragment.trim_start_matches('#');
        for (key, value) in fragment.split('&').filter_map(|part| part.split_once('=')) {
            let value = percent_decode_str(&value.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned();
            match key {
                "model" => link.model = Some(value),
                "run" => link.is_shipped = value == SHIPPED,
                "prompt" => link.ask(value, &sampling),
                "branch" => link.branch(&value, &sampling),
                "stop" => link.stop(value.parse().ok()),
                "token" => link.selection.position = value.parse().ok(),
                "layer" => link.selection.layer = value.parse().unwrap_or(0),
                "expert" => link.selection.expert = value.parse().ok(),
                "view" => link.view.shown = shown(&value),
                "colour" => set(&mut link.view.measure, &Measure::ALL, Measure::name, &value),
                "order" => set(&mut link.view.raster_order, &Order::ALL, Order::name, &value),
                "part" => set(&mut link.view.part, &Part::ALL, Part::name, &value),
                "matrix" if value == LOAD => link.view.experts = ExpertsView::Load,
                _ => match key.strip_prefix(ASSUMED) {
                    Some(key) => link.assumed.take(key, &value),
                    None => draw(&mut sampling, key, &value),
                },
            }
        }
        link
    }

    fn ask(&mut self, prompt: String, sampling: &Sampling) {
        if self.turns.len() == MOST_TURNS {
            self.trouble = Some(Trouble::TooMuch { most: MOST_TURNS });
            return;
        }
        self.turns.push(Prompt {
            prompt,
            drawn: Drawn {
                sampling: sampling.clone(),
                stopped_after: None,
            },
            branches: Vec::new(),
        });
    }

    fn branch(&mut self, told: &str, sampling: &Sampling) {
        let branches: usize = self.turns.iter().map(|turn| turn.branches.len()).sum();
        if branches == MOST_BRANCHES {
            self.trouble = Some(Trouble::TooMuch { most: MOST_BRANCHES });
            return;
        }
        match (branch(told), self.turns.last_mut()) {
            (Some(at), Some(turn)) => turn.branches.push(Branching {
                at,
                drawn: Drawn {
                    sampling: sampling.clone(),
                    stopped_after: None,
                },
            }),
            _ => self.trouble = Some(Trouble::NoBranch(told.chars().take(MOST_TOLD).collect())),
        }
    }

    /// After so many tokens of what was asked last.
    fn stop(&mut self, after: Option<u32>) {
        let Some(turn) = self.turns.last_mut() else { return };
        let last = turn.branches.last_mut().map(|branching| &mut branching.drawn);
        last.unwrap_or(&mut turn.drawn).stopped_after = after.filter(|after| *after > 0);
    }

    /// What to write behind the `#`; nothing where everything is as usual.
    pub fn fragment(&self) -> String {
        let mut parts = Parts(String::new());
        let usual = Self::default();
        if let Some(model) = &self.model {
            parts.push("model", model);
        }
        if self.is_shipped {
            parts.push("run", SHIPPED);
        }
        let mut drawn = Sampling::default();
        for turn in &self.turns {
            parts.drawn("prompt", &turn.prompt, &turn.drawn, &mut drawn);
            for Branching { at, drawn: own } in &turn.branches {
                let told = format!("{}.{}", at.position, at.token);
                parts.drawn("branch", &told, own, &mut drawn);
            }
        }
        let (selection, view) = (self.selection, self.view);
        if let Some(position) = selection.position {
            parts.push("token", &position.to_string());
        }
        if selection.layer != usual.selection.layer {
            parts.push("layer", &selection.layer.to_string());
        }
        if let Some(expert) = selection.expert {
            parts.push("expert", &expert.to_string());
        }
        if let Some(shown) = view.shown {
            parts.push("view", shown);
        }
        if view.measure != usual.view.measure {
            parts.push("colour", view.measure.name());
        }
        if view.raster_order != usual.view.raster_order {
            parts.push("order", view.raster_order.name());
        }
        if view.part != usual.view.part {
            parts.push("part", view.part.name());
        }
        if view.experts == ExpertsView::Load {
            parts.push("matrix", LOAD);
        }
        for (key, value) in self.assumed.parts() {
            parts.push(&format!("{ASSUMED}{key}"), &value);
        }
        parts.0
    }

    /// Whether the conversation on screen is the one that this asks for.
    pub fn is_on_screen(&self, state: &AppState) -> bool {
        let asked = |turns: Vec<Prompt>| -> Vec<(String, Vec<Branch>)> {
            let branches = |turn: &Prompt| turn.branches.iter().map(|branching| branching.at).collect();
            let asked = |turn: Prompt| (turn.prompt.clone(), branches(&turn));
            turns.into_iter().map(asked).collect()
        };
        asked(self.turns.clone()) == asked(prompts(state))
    }
}

const SHIPPED: &str = "shipped";
const LOAD: &str = "load";
/// Letters of something unreadable that are told.
const MOST_TOLD: usize = 40;
/// Before what the economics panels assume.
const ASSUMED: &str = "e.";

/// `position.token`.
fn branch(told: &str) -> Option<Branch> {
    let (position, token) = told.split_once('.')?;
    Some(Branch {
        position: position.parse().ok()?,
        token: token.parse().ok()?,
    })
}

/// Takes the value of that name, if there is one.
fn set<T: Copy>(value: &mut T, all: &[T], name: impl Fn(T) -> &'static str, told: &str) {
    if let Some(found) = all.iter().find(|one| name(**one) == told) {
        *value = *found;
    }
}

/// `key=value&key=value`.
struct Parts(String);

impl Parts {
    fn push(&mut self, key: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0 += key;
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ESCAPED));
    }

    /// What is asked, after how it is drawn where that is otherwise than before, and where it stopped.
    fn drawn(&mut self, key: &str, value: &str, drawn: &Drawn, before: &mut Sampling) {
        for (key, value) in sampling_parts(before, &drawn.sampling) {
            self.push(key, &value);
        }
        self.push(key, value);
        if let Some(after) = drawn.stopped_after {
            self.push("stop", &after.to_string());
        }
        *before = drawn.sampling.clone();
    }
}
