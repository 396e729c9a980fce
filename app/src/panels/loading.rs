//! A model on its way: bytes, rate, time left.

use yew::{Html, html};

use super::Dispatch;
use crate::format;
use crate::protocol::LoadStage;
use crate::state::{Action, Loading, select};

/// Progress of the load, if there is one.
pub fn loading(loading: Option<&Loading>, dispatch: &Dispatch) -> Html {
    let Some(loading) = loading else {
        return Html::default();
    };
    let share = (loading.total_bytes > 0)
        .then(|| (loading.done_bytes as f64 / loading.total_bytes as f64).to_string());
    html! {
        <div class="loading">
            <p><b>{ stage(loading.stage) }</b>{ format!(" {}", file_name(&loading.origin)) }<span class="value">{ progress(loading) }</span></p>
            <progress aria-label="Loading the model" value={share} max="1" />
            <button type="button" onclick={dispatch.reform(|_| Action::LoadCancelled)}>{ "Cancel" }</button>
        </div>
    }
}

fn stage(stage: LoadStage) -> &'static str {
    match stage {
        LoadStage::Fetching => "Fetching",
        LoadStage::Preparing => "Preparing",
        LoadStage::Probing => "Timing the executors for",
    }
}

fn progress(loading: &Loading) -> String {
    if loading.stage == LoadStage::Probing || loading.total_bytes == 0 {
        return String::new();
    }
    let done = format!(
        "{} of {}",
        format::bytes(loading.done_bytes),
        format::bytes(loading.total_bytes)
    );
    let rate = select::load_rate(loading.done_bytes, loading.total_bytes, loading.elapsed_millis);
    rate.map_or(done.clone(), |(rate, left)| {
        format!(
            "{done} · {} · {} left",
            format::byte_rate(rate),
            format::seconds_left(left)
        )
    })
}

/// The last part of an address or path.
pub fn file_name(origin: &str) -> &str {
    origin
        .split(['?', '#'])
        .next()
        .and_then(|path| path.rsplit('/').find(|part| !part.is_empty()))
        .unwrap_or(origin)
}
