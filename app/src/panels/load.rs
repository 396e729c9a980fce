//! Load and coverage: how evenly the experts of every layer are used, how much of the model the
//! conversation touches, which experts go together, and what two parts of it have in common.

mod counting;
mod coverage;
mod difference;
mod divergence;
mod layers;
mod together;

use std::rc::Rc;

use yew::{Callback, Html, Properties, component, html, use_memo};

use self::counting::{Counted, OfPart};
use super::figure::{Figure, figures};
use super::views::Scene;
use super::{Dispatch, nothing, panel, slot};
use crate::format;
use crate::gradual::use_gradually;
use crate::hands::RunAsk;
use crate::same::Same;
use crate::state::select::load::{self, LayerUse, Part, Together};
use crate::state::{Action, AppState, Conversation, Model, Row, Selection};
use crate::words::words;

/// The view.
pub fn view(scene: &Scene<'_>) -> Html {
    let words = &words().load;
    let state: &AppState = scene.state;
    let has_rows = state.conversation.latest().is_some();
    let Some(model) = state.model.as_ref().filter(|_| has_rows) else {
        return panel("load", words.title, Html::default(), nothing(words.empty));
    };
    let dispatch = &scene.hands.dispatch;
    let props = LoadProps {
        traced: Traced(Rc::clone(scene.state)),
        model: Same::new(model),
        // The token selected is of no account here, so scrubbing draws nothing anew.
        selection: Selection {
            position: None,
            ..state.selection
        },
        part: state.view.part,
        dispatch: dispatch.clone(),
        runs: scene.hands.runs.clone(),
    };
    let tools = html! { <div class="raster-tools">{ slot::chooser(state, dispatch) }</div> };
    panel("load", words.title, tools, html! { <LoadView ..props /> })
}

/// A state that is the same as long as its trace is.
#[derive(Clone, Debug)]
pub struct Traced(pub Rc<AppState>);

impl Traced {
    fn conversation(&self) -> &Conversation {
        &self.0.conversation
    }

    fn positions(&self) -> usize {
        self.conversation().rows.len()
    }

    fn row(&self, position: usize) -> Option<&Row> {
        self.conversation().rows.get(position)?.as_ref()
    }
}

impl PartialEq for Traced {
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (self.conversation(), other.conversation());
        let beside = |state: &Self| state.0.beside.as_ref().map(Rc::as_ptr);
        let is_same_text = Rc::ptr_eq(&own.rows, &others.rows) && own.turns.len() == others.turns.len();
        is_same_text && beside(self) == beside(other)
    }
}

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct LoadProps {
    pub traced: Traced,
    pub model: Same<Model>,
    pub selection: Selection,
    pub part: Part,
    pub dispatch: Dispatch,
    pub runs: Callback<RunAsk>,
}

/// See the module.
#[component]
pub fn LoadView(props: &LoadProps) -> Html {
    let part = props.part;
    let facts = &props.model.facts;
    let counted = use_gradually(
        (props.model.clone(), part),
        props.traced.clone(),
        |(model, part), traced, _| OfPart::new(model, traced, *part),
    );
    let together = use_memo(
        (props.traced.clone(), part, props.selection.layer),
        |(traced, part, layer)| {
            let rows = load::rows_of(traced.conversation(), *part);
            load::together(facts, &rows, *layer)
        },
    );
    html! {
        <>
            { parts(part, &props.dispatch) }
            { counted.map_or_else(|| nothing(words().load.counting), |counted| of_part(props, &counted, &together)) }
            <divergence::Divergence key={beside_key(&props.traced.0)} ..props.clone() />
        </>
    }
}

fn of_part(props: &LoadProps, counted: &Counted, together: &Rc<Together>) -> Html {
    let tokens = counted.coverage.measured.len() as u64 - 1;
    if tokens == 0 {
        return nothing(words().load.nothing_in_part);
    }
    html! {
        <>
            { figures(&totals(props, counted, tokens)) }
            { coverage::curve(&counted.coverage) }
            { layers::map(props, &counted.counts) }
            { layers::table(props, &counted.layers) }
            { together_of(props, together) }
        </>
    }
}

/// Another one for every run that is set beside this one: what was chosen before is not in it.
fn beside_key(state: &AppState) -> String {
    format!("{:?}", state.beside.as_ref().map(Rc::as_ptr))
}

fn together_of(props: &LoadProps, together: &Rc<Together>) -> Html {
    html! { <together::CoActivation together={Same::new(together)} layer={props.model.facts.moe_layers.get(props.selection.layer).copied().unwrap_or_default()}
    expert={props.selection.expert} dispatch={props.dispatch.clone()} /> }
}

/// All tokens, those that were given, those that were written.
fn parts(part: Part, dispatch: &Dispatch) -> Html {
    let words = &words().load;
    let button = |own: Part| {
        let title = match own {
            Part::All => words.all,
            Part::Prompt => words.prompt,
            Part::Answer => words.answer,
        };
        let onclick = dispatch.reform(move |_| Action::PartChosen(own));
        html! { <button type="button" data-part={own.name()} aria-pressed={(own == part).to_string()} {onclick}>{ title }</button> }
    };
    html! { <div class="segments" role="group" aria-label={words.part}>{ for Part::ALL.into_iter().map(button) }</div> }
}

fn totals(props: &LoadProps, counted: &Counted, tokens: u64) -> Vec<Figure> {
    let words = &words().load;
    let layers = &counted.layers;
    let mean = |of: fn(&LayerUse) -> f64| layers.iter().map(of).sum::<f64>() / layers.len().max(1) as f64;
    let (measured, by_chance) = counted.coverage.last();
    let facts = &props.model.facts;
    let percent = |share: f64| format::fixed_percent(share, 1);
    let share =
        |name, label, value: f64, story| Figure::counted_share(name, label, value, percent(value), story);
    let overlaps: Option<Vec<f64>> = layers.iter().map(|layer| layer.overlap).collect();
    let mut figures = vec![
        Figure::counted(
            "load-tokens",
            words.tokens,
            tokens,
            format::count(tokens),
            words.tokens_story,
        ),
        share("coverage", words.coverage, measured, words.coverage_story),
        share(
            "coverage-by-chance",
            words.by_chance,
            by_chance,
            words.by_chance_story,
        ),
        share("dormant", words.dormant, 1.0 - measured, words.dormant_story),
        share(
            "variation",
            words.variation,
            mean(|layer| layer.variation),
            words.variation_story,
        ),
        Figure::counted_share(
            "gini",
            words.gini,
            mean(|layer| layer.gini),
            format::significant(mean(|layer| layer.gini)),
            words.gini_story,
        ),
    ];
    if let Some(overlaps) = overlaps.filter(|overlaps| !overlaps.is_empty()) {
        let overlap = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
        let chance = f64::from(facts.top_k) / f64::from(facts.n_experts.max(1));
        figures.push(share("overlap", words.overlap, overlap, words.overlap_story));
        figures.push(share(
            "overlap-by-chance",
            words.overlap_by_chance,
            chance,
            words.overlap_by_chance_story,
        ));
    }
    figures
}
