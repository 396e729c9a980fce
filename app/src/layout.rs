//! The whole page as a pure function of the state: what stands where.

use yew::{Callback, Html, classes, html};

use crate::panels::transcript::{MarkStyle, measure_menu, transcript};
use crate::panels::{Dispatch, alert, composer, cost, examples, experts, focus, header, kv, loading, raster};
use crate::protocol::Finish;
use crate::state::{AppState, Role, select};

/// What the page can do beyond changing its own state.
#[derive(Clone, PartialEq)]
pub struct Hands {
    pub dispatch: Dispatch,
    /// Send the draft.
    pub send: Callback<()>,
    /// Send this prompt.
    pub ask: Callback<String>,
    /// Load this file.
    pub open: Callback<web_sys::File>,
}

/// The page.
pub fn layout(state: &AppState, hands: &Hands) -> Html {
    html! {
        <>
            { header::header(state.model.as_deref(), &hands.open) }
            { loading::loading(state.loading.as_ref(), &hands.dispatch) }
            { alert::alert(state.alert.as_deref(), &hands.dispatch) }
            <main class="columns">
                { conversation(state, hands) }
                { token(state, hands) }
            </main>
            { time(state, hands) }
            <p class="visually-hidden" role="status">{ spoken(state) }</p>
        </>
    }
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
            { composer::composer(state, &hands.dispatch, &hands.send) }
        </section>
    }
}

/// What stands where the conversation will be.
fn welcome(state: &AppState, hands: &Hands) -> Html {
    let loaded = state
        .model
        .as_deref()
        .and_then(|model| select::catalogue_entry(state, model));
    let entry = loaded.or_else(|| state.catalogue.first().filter(|_| state.model.is_none()));
    html! {
        <div class="welcome">
            <h2>{ "A sparse language model you can see through" }</h2>
            <p>{ "It runs here, in this page. Beside its text you see which experts every token went to, what the KV cache holds, \
                and what each token cost. Every number is read from the run." }</p>
            { entry.map(|entry| examples::examples(entry, loaded.is_some(), &hands.ask)).unwrap_or_default() }
        </div>
    }
}

fn token(state: &AppState, hands: &Hands) -> Html {
    let focus = select::focus(state);
    let focus = focus.as_ref();
    let experts = state.model.as_ref().map(|model| {
        experts::experts(
            &model.facts,
            &state.conversation,
            focus,
            state.view.experts,
            &hands.dispatch,
        )
    });
    html! {
        <section class="trace" aria-label="What the token did">
            { focus::focus(focus, &hands.dispatch) }
            { experts.unwrap_or_default() }
            <div class="pair">
                { kv::kv(focus) }
                { cost::cost(focus, &state.conversation.totals) }
            </div>
        </section>
    }
}

fn time(state: &AppState, hands: &Hands) -> Html {
    let Some(model) = state
        .model
        .as_ref()
        .filter(|_| !state.conversation.rows.is_empty())
    else {
        return Html::default();
    };
    let position = state.selected.or_else(|| state.conversation.latest());
    let props = raster::RasterProps::new(
        &model.facts,
        select::rows(&state.conversation),
        state.view.raster_layer,
        position,
        hands.dispatch.clone(),
    );
    html! { <div class="time"><raster::Raster ..props /></div> }
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
