//! Every view there is: one line in [`VIEWS`] puts a panel into the navigation at full size.
//!
//! A view is a function from a [`Scene`] to HTML. The overview is not in the list: it shows a few of
//! them side by side (`overview.rs`).

use std::rc::Rc;

use yew::{Html, html};

use super::{Dispatch, cost, economics, experts, kv, load, prediction, raster, rasters, steps};
use crate::hands::Hands;
use crate::state::select::{self, Focus};
use crate::state::{Action, AppState};
use crate::words::{Views, words};

/// What a view is drawn from.
pub struct Scene<'a> {
    /// While the model writes, not more often renewed than the eye can follow.
    pub state: &'a Rc<AppState>,
    /// The token all views are about.
    pub focus: Option<Focus<'a>>,
    pub hands: &'a Hands,
}

impl<'a> Scene<'a> {
    pub fn new(state: &'a Rc<AppState>, hands: &'a Hands) -> Self {
        Self {
            focus: select::focus(state),
            state,
            hands,
        }
    }
}

/// What kind of question a view answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Experts,
    Time,
    Memory,
    Plan,
    Economics,
}

impl Group {
    /// In the order of the navigation.
    pub const ALL: [Self; 5] = [
        Self::Experts,
        Self::Time,
        Self::Memory,
        Self::Plan,
        Self::Economics,
    ];

    fn title(self) -> &'static str {
        let words = &words().views;
        match self {
            Self::Experts => words.experts_group,
            Self::Time => words.time_group,
            Self::Memory => words.memory_group,
            Self::Plan => words.plan_group,
            Self::Economics => words.economics_group,
        }
    }
}

/// One view.
pub struct Entry {
    /// Its name in addresses, in tests and in `View::shown`.
    pub name: &'static str,
    pub group: Group,
    /// What the navigation calls it.
    pub title: fn(&Views) -> &'static str,
    pub draw: fn(&Scene<'_>) -> Html,
    /// Whether it is about the selected token, layer and expert; others stay as they are in a scrub.
    pub follows: bool,
}

/// All views, by group and name; economics in the order of its questions.
#[rustfmt::skip]
pub const VIEWS: &[Entry] = &[
    Entry { name: "experts", group: Group::Experts, title: |words| words.experts, draw: experts::view, follows: true },
    Entry { name: "load", group: Group::Experts, title: |words| words.load, draw: load::view, follows: true },
    Entry { name: "prediction", group: Group::Experts, title: |words| words.prediction, draw: prediction::view, follows: true },
    Entry { name: "raster", group: Group::Time, title: |words| words.raster, draw: raster::view, follows: true },
    Entry { name: "rasters", group: Group::Time, title: |words| words.rasters, draw: rasters::view, follows: true },
    Entry { name: "kv", group: Group::Memory, title: |words| words.kv, draw: kv::view, follows: true },
    Entry { name: "cost", group: Group::Plan, title: |words| words.cost, draw: cost::view, follows: true },
    Entry { name: "steps", group: Group::Plan, title: |words| words.steps, draw: steps::view, follows: true },
    Entry { name: "here", group: Group::Economics, title: |_| words().economics.here.lead.title, draw: economics::here::view, follows: true },
    Entry { name: "dense", group: Group::Economics, title: |_| words().economics.dense.lead.title, draw: economics::dense::view, follows: true },
    Entry { name: "batch", group: Group::Economics, title: |_| words().economics.batch.lead.title, draw: economics::batch::view, follows: false },
    Entry { name: "demand", group: Group::Economics, title: |_| words().economics.demand.lead.title, draw: economics::demand::view, follows: false },
    Entry { name: "context", group: Group::Economics, title: |_| words().economics.context.lead.title, draw: economics::context::view, follows: false },
    Entry { name: "bits", group: Group::Economics, title: |_| words().economics.bits.lead.title, draw: economics::bits::view, follows: false },
    Entry { name: "receipt", group: Group::Economics, title: |_| words().economics.receipt.lead.title, draw: economics::receipt::view, follows: false },
    Entry { name: "budget", group: Group::Economics, title: |_| words().economics.budget.lead.title, draw: economics::budget::view, follows: false },
    Entry { name: "waste", group: Group::Economics, title: |_| words().economics.waste.lead.title, draw: economics::waste::view, follows: false },
    Entry { name: "guide", group: Group::Economics, title: |_| words().economics.guide.lead.title, draw: economics::guide::view, follows: false },
];

/// The view of a name; none for a name that is not, or no longer, one.
pub fn find(name: &str) -> Option<&'static Entry> {
    VIEWS.iter().find(|entry| entry.name == name)
}

/// The way to every view: groups, and below them the views of the present one.
pub fn navigation(shown: Option<&'static str>, dispatch: &Dispatch) -> Html {
    let texts = &words().views;
    let group = shown.and_then(find).map(|entry| entry.group);
    let of = |group: Group| VIEWS.iter().filter(move |entry| entry.group == group);
    let groups = Group::ALL.into_iter().filter_map(|own| {
        let first = of(own).next()?;
        Some(button(
            own.title(),
            Some(first.name),
            group == Some(own),
            dispatch,
        ))
    });
    let views: Vec<_> = group.into_iter().flat_map(of).collect();
    html! {
        <nav class="views" aria-label={texts.navigation}>
            <div class="groups">{ button(texts.overview, None, shown.is_none(), dispatch) }{ for groups }</div>
            if views.len() > 1 {
                <div class="of-group">{ for views.iter().map(|entry| button((entry.title)(texts), Some(entry.name), shown == Some(entry.name), dispatch)) }</div>
            }
        </nav>
    }
}

fn button(title: &'static str, leads_to: Option<&'static str>, is_here: bool, dispatch: &Dispatch) -> Html {
    let onclick = dispatch.reform(move |_| Action::ViewChosen(leads_to));
    html! {
        <button type="button" data-leads-to={leads_to.unwrap_or("overview")} aria-current={is_here.then_some("true")} {onclick}>{ title }</button>
    }
}
