//! What stands above a recorded run: what it is, and how to leave it.

use yew::{Html, html};

use super::Dispatch;
use super::runs::day;
use crate::state::{Action, AppState, Origin};
use crate::words::words;

/// Nothing where what is on screen is live.
pub fn replayed(state: &AppState, dispatch: &Dispatch) -> Html {
    let Some(replay) = &state.replay else {
        return Html::default();
    };
    let words = &words().replayed;
    let recorded = match &state.model {
        Some(model) => {
            let (name, device) = (&model.facts.name, &model.executor.device);
            let facts = match &replay.origin {
                // Of the page's own model and program.
                Origin::Shipped => vec![device],
                _ => vec![name, device, &replay.recorder],
            };
            let known = facts.into_iter().map(String::as_str);
            known
                .chain([day(&replay.date)])
                .filter(|fact| !fact.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        }
        None => String::new(),
    };
    let is_waiting = state.answering().is_none();
    let next = match (&replay.origin, state.continues()) {
        (_, true) => words.goes_on,
        _ if state.has_no_model() => words.no_model,
        (Origin::Shipped, _) if is_waiting => words.model_is_loading,
        _ => words.begins_anew,
    };
    let title = match (&replay.origin, replay.title.is_empty()) {
        (Origin::Kept(_), _) => words.kept,
        _ => words.recorded,
    };
    html! {
        <aside class="replayed" aria-label={words.recorded}>
            <p><b>{ title }</b>{ " " }<span class="facts">{ recorded }</span><br />{ next }</p>
            <button id="leave-run" type="button" onclick={dispatch.reform(|_| Action::RunLeft)}>{ if replay.aside.conversation.turns.is_empty() { words.close } else { words.back } }</button>
        </aside>
    }
}
