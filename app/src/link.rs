//! The page as an address: what was asked, how it was drawn, and what is looked at, behind the `#`.
//!
//! ```text
//! #model=models/tiny.gguf&seed=7&prompt=Hi&prompt=And%20then%3F&token=20&layer=2&expert=5&view=kv&e.rent=2.5
//! ```
//! Parts are read in order: sampling holds for the prompts after it, and what is left out is as usual.
//! A link needs no server and tells nobody anything: what is behind a `#` is not sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::protocol::Sampling;
use crate::state::economics::moment::Moment;
use crate::state::select::raster::Order;
use crate::state::{AppState, ExpertsView, Measure, Origin, Role, Selection, View};

/// Longest that is written into the address; a longer conversation is saved as a file instead.
const MOST_BYTES: usize = 32 << 10;
/// Most prompts that are followed.
const MOST_TURNS: usize = 256;
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
}

/// A prompt and how its answer is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub prompt: String,
    pub sampling: Sampling,
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
        Self {
            model,
            is_shipped: is_shipped && state.selection != Selection::default(),
            turns,
            selection: state.selection,
            view: state.view,
            assumed: state.economics.moment(),
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
                "prompt" if link.turns.len() < MOST_TURNS => link.turns.push(Prompt {
                    prompt: value,
                    sampling: sampling.clone(),
                }),
                "token" => link.selection.position = value.parse().ok(),
                "layer" => link.selection.layer = value.parse().unwrap_or(0),
                "expert" => link.selection.expert = value.parse().ok(),
                "view" => link.view.shown = shown(&value),
                "colour" => set(&mut link.view.measure, &Measure::ALL, Measure::name, &value),
                "order" => set(&mut link.view.raster_order, &Order::ALL, Order::name, &value),
                "matrix" if value == LOAD => link.view.experts = ExpertsView::Load,
                _ => match key.strip_prefix(ASSUMED) {
                    Some(key) => link.assumed.take(key, &value),
                    None => draw(&mut sampling, key, &value),
                },
            }
        }
        link
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
            parts.sampling(&drawn, &turn.sampling);
            parts.push("prompt", &turn.prompt);
            drawn = turn.sampling.clone();
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
        if view.experts == ExpertsView::Load {
            parts.push("matrix", LOAD);
        }
        for (key, value) in self.assumed.parts() {
            parts.push(&format!("{ASSUMED}{key}"), &value);
        }
        if parts.0.len() > MOST_BYTES {
            return String::new();
        }
        parts.0
    }

    /// Whether the conversation on screen is the one that this asks for.
    pub fn is_on_screen(&self, state: &AppState) -> bool {
        let asked = |turns: &[Prompt]| turns.iter().map(|turn| turn.prompt.clone()).collect::<Vec<_>>();
        asked(&self.turns) == asked(&prompts(state))
    }
}

const SHIPPED: &str = "shipped";
const LOAD: &str = "load";
/// Before what the economics panels assume.
const ASSUMED: &str = "e.";

/// Every prompt of the conversation on screen; none where it cannot be asked again in these words.
fn prompts(state: &AppState) -> Vec<Prompt> {
    let users = state
        .conversation
        .turns
        .iter()
        .filter(|turn| turn.role == Role::User);
    let prompt = |turn: &crate::state::Turn| {
        let asked = turn
            .asked
            .as_ref()
            .filter(|asked| !asked.options.raw && asked.options.branch.is_none())?;
        let mut sampling = asked.options.sampling.clone();
        sampling.seed = turn.seed;
        Some(Prompt {
            prompt: asked.prompt.clone(),
            sampling,
        })
    };
    users.map(prompt).collect::<Option<_>>().unwrap_or_default()
}

/// Takes the value of that name, if there is one.
fn set<T: Copy>(value: &mut T, all: &[T], name: impl Fn(T) -> &'static str, told: &str) {
    if let Some(found) = all.iter().find(|one| name(**one) == told) {
        *value = *found;
    }
}

/// One number of the sampling; what is no number changes nothing.
fn draw(sampling: &mut Sampling, key: &str, value: &str) {
    fn take<T: std::str::FromStr>(to: &mut T, value: &str, is_fit: impl Fn(&T) -> bool) {
        if let Some(number) = value.parse().ok().filter(is_fit) {
            *to = number;
        }
    }
    let share = |share: &f32| (0.0..=1.0).contains(share);
    match key {
        "seed" => take(&mut sampling.seed, value, |_| true),
        "temperature" => take(&mut sampling.temperature, value, |heat| {
            (0.0..=100.0).contains(heat)
        }),
        "top-k" => take(&mut sampling.top_k, value, |_| true),
        "top-p" => take(&mut sampling.top_p, value, share),
        "min-p" => take(&mut sampling.min_p, value, share),
        "repetition-penalty" => take(&mut sampling.repetition_penalty, value, |penalty| {
            (0.01..=100.0).contains(penalty)
        }),
        "max-tokens" => take(&mut sampling.max_tokens, value, |tokens| *tokens > 0),
        _ => {}
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

    /// What is drawn otherwise than before.
    fn sampling(&mut self, before: &Sampling, now: &Sampling) {
        let all = |of: &Sampling| {
            [
                ("seed", of.seed.to_string()),
                ("temperature", of.temperature.to_string()),
                ("top-k", of.top_k.to_string()),
                ("top-p", of.top_p.to_string()),
                ("min-p", of.min_p.to_string()),
                ("repetition-penalty", of.repetition_penalty.to_string()),
                ("max-tokens", of.max_tokens.to_string()),
            ]
        };
        for ((key, before), (_, now)) in all(before).into_iter().zip(all(now)) {
            if before != now {
                self.push(key, &now);
            }
        }
    }
}
