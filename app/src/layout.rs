//! The whole page as a pure function of the state: what stands where.

use std::rc::Rc;

use yew::{Html, Properties, classes, component, html};

use crate::hands::Hands;
use crate::panels::transcript::transcript;
use crate::panels::views::{self, Scene};
use crate::panels::{
    alert, composer, display, examples, focus, header, keys, live, loading, measures, models, overview,
    raster, replayed, runs, transport, welcome,
};
use crate::state::{AppState, CatalogueModel, Origin, Replay, select};
use crate::words::words;

/// The page. `traced` is the state the trace is drawn from: it may lag behind the text, because
/// numbers that change with every frame cannot be read.
pub fn layout(state: &AppState, traced: &Rc<AppState>, hands: &Hands) -> Html {
    let trace = TraceProps {
        state: Rc::clone(traced),
        hands: hands.clone(),
    };
    let is_full_size = traced.view.shown.is_some();
    html! {
        <>
            { header::header(state.answering().map(|model| &**model), menus(state, hands), &hands.open) }
            { loading::loading(state.loading.as_ref(), state.device_bytes, &hands.dispatch) }
            { alert::alert(state.alert.as_deref(), &hands.dispatch) }
            <main class={classes!("columns", is_full_size.then_some("full-size"))} key={worn(state)}>
                { conversation(state, hands) }
                <Trace ..trace.clone() />
            </main>
            <TimeStrip key={format!("time-{}", worn(state))} ..trace />
            <live::Live ..live::Speech::of(state) />
            <keys::Keys key={state.preferences.language.words().tag} is_shown={state.are_keys_shown} dispatch={hands.dispatch.clone()} />
        </>
    }
}

/// Another language, theme or palette draws everything anew: components compare only their data, and a
/// canvas does not follow the style by itself.
fn worn(state: &AppState) -> String {
    let preferences = state.preferences;
    let theme = preferences.theme.resolved(state.is_system_dark);
    [
        preferences.language.words().tag,
        theme.name(),
        preferences.palette.name(),
    ]
    .join("-")
}

/// At the end of the header.
fn menus(state: &AppState, hands: &Hands) -> Html {
    html! { <>{ models_menu(state, hands) }{ runs::runs(state, hands) }{ display::display(state.preferences, &hands.dispatch) }</> }
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
    let is_empty = state.conversation.turns.is_empty();
    html! {
        <section class="conversation" aria-label={words().layout.conversation}>
            { replayed::replayed(state, &hands.dispatch) }
            <div class={classes!("scroll", is_empty.then_some("empty"))} id="conversation">
                if is_empty { { welcome::welcome(entry(state), state.answering().is_some(), &hands.ask) } }
                else { <div class="talk">{ around_first(state, hands) }</div> }
            </div>
            if !is_empty { { measures::menu(state, &hands.dispatch) } }
            { composer::composer(state, menu(state, hands), &hands.dispatch, &hands.send) }
        </section>
    }
}

/// The conversation; the run that comes with the page is introduced, since it is what is seen first.
fn around_first(state: &AppState, hands: &Hands) -> Html {
    let text = transcript(state, &hands.dispatch);
    let is_first = |replay: &Replay| matches!(replay.origin, Origin::Shipped);
    if !state.replay.as_ref().is_some_and(is_first) {
        return text;
    }
    let ready = state.answering().is_some();
    html! { <>{ welcome::introduction() }{ text }{ welcome::invitation(entry(state), ready, &hands.ask) }</> }
}

/// What the catalogue says of the model that is there, or that is on its way.
fn entry(state: &AppState) -> Option<&CatalogueModel> {
    match state.answering().map(|model| &**model) {
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

/// Beside the text: the overview, or one view at full size.
#[component]
fn Trace(props: &TraceProps) -> Html {
    let (shown, dispatch) = (props.state.view.shown, &props.hands.dispatch);
    let scene = Scene::new(&props.state, &props.hands);
    let body = match shown.and_then(views::find) {
        Some(view) if view.follows => {
            html! { <div class="view" data-view={view.name}>{ (view.draw)(&scene) }</div> }
        }
        Some(view) => {
            let of = Rc::clone(&props.state);
            html! { <Steady key={view.name} name={view.name} {of} hands={props.hands.clone()} /> }
        }
        None => overview::overview(&scene),
    };
    html! {
        <section class="trace" aria-label={words().layout.trace}>
            { views::navigation(shown, dispatch) }
            { focus::focus(scene.focus.as_ref(), dispatch) }
            { body }
        </section>
    }
}

/// What a view that does not follow the selection is drawn from.
#[derive(Clone, Properties)]
struct SteadyProps {
    name: &'static str,
    of: Rc<AppState>,
    hands: Hands,
}

impl PartialEq for SteadyProps {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && !self.of.is_recorded_otherwise(&other.of)
    }
}

/// A view that is the same whatever is selected: scrubbing leaves it alone.
#[component]
fn Steady(props: &SteadyProps) -> Html {
    let draw = views::find(props.name).map(|view| view.draw);
    let body = draw.map(|draw| draw(&Scene::new(&props.of, &props.hands)));
    html! { <div class="view" data-view={props.name}>{ body.unwrap_or_default() }</div> }
}

/// Below: all tokens so far, and the way through them.
#[component]
fn TimeStrip(props: &TraceProps) -> Html {
    let (state, dispatch) = (&props.state, &props.hands.dispatch);
    if state.model.is_none() || state.conversation.latest().is_none() {
        return Html::default();
    }
    html! {
        <section class="time" aria-label={words().transport.title}>
            if state.view.shown.is_none() { { raster::strip(&Scene::new(state, &props.hands)) } }
            { transport::transport(state, dispatch) }
        </section>
    }
}
