//! The whole page as a pure function of the state: what stands where.

use std::rc::Rc;

use yew::{Callback, Html, Properties, classes, component, html};

use crate::panels::transcript::{MarkStyle, measure_menu, transcript};
use crate::panels::{
    Dispatch, alert, composer, cost, examples, experts, figure, focus, header, kv, loading, models,
    prediction, raster,
};
use crate::protocol::Finish;
use crate::state::{AppState, CatalogueModel, Model, Role, select};

/// What the page can do beyond changing its own state.
#[derive(Clone, PartialEq)]
pub struct Hands {
    pub dispatch: Dispatch,
    /// Send the draft.
    pub send: Callback<()>,
    /// Send this prompt.
    pub ask: Callback<String>,
    /// Load this file, or these parts of one model.
    pub open: Callback<Vec<web_sys::File>>,
    /// Load from this address.
    pub load: Callback<String>,
    /// Ask the browser to keep what is stored.
    pub persist: Callback<()>,
}

/// The page. `traced` is the state the trace is drawn from: it may lag behind the text, because
/// numbers that change with every frame cannot be read.
pub fn layout(state: &AppState, traced: &Rc<AppState>, hands: &Hands) -> Html {
    let trace = TraceProps {
        state: Rc::clone(traced),
        hands: hands.clone(),
    };
    html! {
        <>
            { header::header(state.model.as_deref(), models_menu(state, hands), &hands.open) }
            { loading::loading(state.loading.as_ref(), state.device_bytes, &hands.dispatch) }
            { alert::alert(state.alert.as_deref(), &hands.dispatch) }
            <main class="columns">
                { conversation(state, hands) }
                <TokenTrace ..trace.clone() />
            </main>
            <TimeStrip ..trace />
            <p class="visually-hidden" role="status">{ spoken(state) }</p>
        </>
    }
}

fn models_menu(state: &AppState, hands: &Hands) -> Html {
    let menu = models::Menu {
        built_in: &state.catalogue,
        public: &state.public,
        stored: &state.stored,
        context: state.context,
        cache: state.cache,
        loads: state.loads,
    };
    models::models(&menu, &hands.dispatch, &hands.load, &hands.persist)
}

fn conversation(state: &AppState, hands: &Hands) -> Html {
    let style = MarkStyle {
        measure: state.view.measure,
        scale: select::measure_scale(state),
    };
    let is_empty = state.conversation.turns.is_empty();
    html! {
        <section class="conversation" aria-label="Conversation">
            <div class={classes!("scroll", is_empty.then_some("empty"))} id="conversation">
                if is_empty { { welcome(state, hands) } } else { { transcript(&state.conversation, style, state.selected, &hands.dispatch) } }
            </div>
            if !is_empty { { measure_menu(style, &hands.dispatch) } }
            { composer::composer(state, menu(state, hands), &hands.dispatch, &hands.send) }
        </section>
    }
}

/// What stands where the conversation will be.
fn welcome(state: &AppState, hands: &Hands) -> Html {
    html! {
        <div class="welcome">
            <h2>{ "A sparse language model you can see through" }</h2>
            <p>{ "It runs here, in this page. Beside its text you see which experts every token went to, what the KV cache holds, \
                and what each token cost. Every number is read from the run." }</p>
            { entry(state).map(|entry| html! {
                <>
                    <p class="about">{ entry.about.clone() }</p>
                    { examples::examples(entry, state.model.is_some(), &hands.ask) }
                </>
            }).unwrap_or_default() }
        </div>
    }
}

/// What the catalogue says of the model that is there, or that is on its way.
fn entry(state: &AppState) -> Option<&CatalogueModel> {
    match state.model.as_deref() {
        Some(model) => select::catalogue_entry(state, model),
        None => state.catalogue.first(),
    }
}

/// Examples once the conversation has taken their place.
fn menu(state: &AppState, hands: &Hands) -> Html {
    let turns = state.conversation.turns.len();
    let menu = |entry| examples::menu(entry, turns, state.activity.is_idle(), &hands.ask);
    entry(state).filter(|_| turns > 0).map(menu).unwrap_or_default()
}

/// What the trace is drawn from.
#[derive(Clone, Properties)]
pub struct TraceProps {
    pub state: Rc<AppState>,
    pub hands: Hands,
}

impl PartialEq for TraceProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

/// Beside the text: what one token did.
#[component]
fn TokenTrace(props: &TraceProps) -> Html {
    let (state, dispatch) = (&*props.state, &props.hands.dispatch);
    let focus = select::focus(state);
    let focus = focus.as_ref();
    let known = |model: &Model| {
        experts::experts(
            &model.facts,
            &state.conversation,
            focus,
            state.view.experts,
            dispatch,
        )
    };
    let executor = state.model.as_ref().map(|model| &model.executor);
    html! {
        <section class="trace" aria-label="What the token did">
            { focus::focus(focus, dispatch) }
            { state.model.as_deref().map_or_else(experts::unknown, known) }
            <div class="pair">
                { kv::kv(state.model.as_ref().map_or(&[], |model| &model.facts.kv_layers), focus) }
                { cost::cost(executor, focus, &state.conversation.totals) }
            </div>
            { prediction::prediction(focus) }
            if focus.is_some() { { figure::legend() } }
        </section>
    }
}

/// Below: all tokens so far.
#[component]
fn TimeStrip(props: &TraceProps) -> Html {
    let state = &props.state;
    let rows = select::rows(&state.conversation);
    let Some(model) = state.model.as_ref().filter(|_| !rows.is_empty()) else {
        return Html::default();
    };
    let position = state.selected.or_else(|| state.conversation.latest());
    let dispatch = props.hands.dispatch.clone();
    let raster = raster::RasterProps::new(&model.facts, rows, state.view.raster_layer, position, dispatch);
    html! { <div class="time"><raster::Raster ..raster /></div> }
}

/// What a screen reader is told: an answer as a whole, never token by token.
fn spoken(state: &AppState) -> String {
    if state.loading.is_some() {
        return "Loading the model".into();
    }
    let last = state
        .conversation
        .turns
        .last()
        .filter(|turn| turn.role == Role::Model);
    match last.and_then(|turn| turn.finish.map(|finish| (turn, finish))) {
        Some((turn, Finish::ContextFull)) => format!("{} The context is full.", turn.text()),
        Some((turn, _)) => turn.text(),
        None if state.activity.is_idle() => String::new(),
        None => "The model is writing".into(),
    }
}
