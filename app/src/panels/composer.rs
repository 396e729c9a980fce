//! Where the visitor writes: the prompt, send or stop, a new chat, and the controls.

use web_sys::{HtmlTextAreaElement, InputEvent, KeyboardEvent, SubmitEvent};
use yew::{Callback, Html, TargetCast, html};

use super::settings::settings;
use super::{Dispatch, nothing, when};
use crate::state::{Action, Activity, AppState};
use crate::words::words;

/// The composer; `send` is asked to send the draft, `menu` stands among its tools.
pub fn composer(state: &AppState, menu: Html, dispatch: &Dispatch, send: &Callback<()>) -> Html {
    let words = &words().composer;
    let is_idle = state.activity.is_idle();
    let can_send = state.answering().is_some() && is_idle && !state.draft.trim().is_empty();
    html! {
        <form class="composer" onsubmit={send.reform(|event: SubmitEvent| event.prevent_default())}>
            if state.conversation.is_full { { full() } }
            if state.editing.is_some() { { editing(dispatch) } }
            <div class="write">
                <label class="visually-hidden" for="prompt">{ words.prompt }</label>
                { textarea(state, dispatch, send) }
                if is_idle {
                    <button id="send" class="primary" type="submit" disabled={!can_send}>{ words.send }</button>
                } else {
                    <button id="stop" class="primary" type="button" disabled={matches!(state.activity, Activity::Stopping { .. })}
                        onclick={dispatch.reform(|_| Action::Stopped)}>{ words.stop }</button>
                }
            </div>
            <div class="tools">
                <button id="new-chat" type="button" onclick={dispatch.reform(|_| Action::NewChat)}>{ words.new_chat }</button>
                <button type="button" aria-expanded={state.settings.is_open.to_string()} aria-controls="settings"
                    onclick={dispatch.reform(|_| Action::SettingsToggled)}>{ words.sampling }</button>
                { menu }
                <span class="activity">{ activity(state) }</span>
            </div>
            { settings(&state.settings, dispatch) }
        </form>
    }
}

fn textarea(state: &AppState, dispatch: &Dispatch, send: &Callback<()>) -> Html {
    let oninput = when(dispatch, |event: InputEvent| {
        event
            .target_dyn_into::<HtmlTextAreaElement>()
            .map(|area| Action::DraftChanged(area.value()))
    });
    let onkeydown = when(send, |event: KeyboardEvent| {
        let is_send = event.key() == "Enter" && !event.shift_key() && !event.is_composing();
        is_send.then(|| event.prevent_default())
    });
    let rows = state
        .draft
        .lines()
        .count()
        .clamp(1, 8)
        .max(if state.draft.len() > 90 { 3 } else { 1 });
    html! { <textarea id="prompt" dir="auto" rows={rows.to_string()} placeholder={words().composer.placeholder} value={state.draft.clone()} {oninput} {onkeydown} /> }
}

fn editing(dispatch: &Dispatch) -> Html {
    html! {
        <p class="editing">
            { words().composer.editing }
            <button type="button" onclick={dispatch.reform(|_| Action::EditCancelled)}>{ words().composer.leave }</button>
        </p>
    }
}

fn full() -> Html {
    nothing(words().composer.full)
}

fn activity(state: &AppState) -> String {
    let words = &words().composer;
    match &state.activity {
        Activity::Idle if state.has_no_model() => words.no_model.into(),
        Activity::Idle if state.answering().is_none() => words.model_is_loading.into(),
        Activity::Idle => String::new(),
        Activity::Waiting { .. } => words.reading.into(),
        Activity::Prefilling { done, total, .. } => (words.reading_of)(u64::from(*done), u64::from(*total)),
        Activity::Generating { .. } => words.writing.into(),
        Activity::Stopping { .. } => words.stopping.into(),
    }
}
