//! A model on its way: bytes, rate, time left.

use yew::{Html, html};

use super::Dispatch;
use crate::format;
use crate::protocol::{LoadStage, Needs};
use crate::state::{Action, Loading, select};
use crate::words::{Takes, words};

/// Browsers tell no more memory than this.
const MOST_TOLD_BYTES: u64 = 8 << 30;

/// Progress of the load, if there is one.
pub fn loading(loading: Option<&Loading>, device_bytes: Option<u64>, dispatch: &Dispatch) -> Html {
    let Some(loading) = loading else {
        return Html::default();
    };
    let share = (loading.total_bytes > 0)
        .then(|| (loading.done_bytes as f64 / loading.total_bytes as f64).to_string());
    html! {
        <div class="loading">
            <p><b>{ stage(loading.stage) }</b>{ format!(" {}", file_name(&loading.origin)) }<span class="value">{ progress(loading) }</span></p>
            <progress aria-label={words().loading.title} value={share} max="1" />
            <button type="button" onclick={dispatch.reform(|_| Action::LoadCancelled)}>{ words().loading.cancel }</button>
            { loading.needs.map(|needs| needed(&needs, device_bytes)).unwrap_or_default() }
        </div>
    }
}

/// What the model will take, and a warning where that is more than the computer says it has.
fn needed(needs: &Needs, device_bytes: Option<u64>) -> Html {
    let words = &words().loading;
    let takes = (words.takes)(&Takes {
        total: &format::bytes(needs.total_bytes()),
        weights: &format::bytes(needs.weight_bytes),
        kv: &format::bytes(needs.kv_bytes),
        positions: u64::from(needs.context),
        buffers: &format::bytes(needs.buffer_bytes),
    });
    let warning = device_bytes
        .filter(|device| needs.total_bytes() > *device)
        .map(|device| {
            let told = if device >= MOST_TOLD_BYTES {
                words.may_not_fit_least
            } else {
                words.may_not_fit
            };
            told(&format::bytes(device))
        });
    html! {
        <p class="needs">{ takes }if let Some(warning) = warning { { " " }<strong>{ warning }</strong> }</p>
    }
}

fn stage(stage: LoadStage) -> &'static str {
    let words = &words().loading;
    match stage {
        LoadStage::Fetching => words.fetching,
        LoadStage::Preparing => words.preparing,
    }
}

fn progress(loading: &Loading) -> String {
    if loading.total_bytes == 0 {
        return String::new();
    }
    let done = (words().numbers.of)(
        &format::bytes(loading.done_bytes),
        &format::bytes(loading.total_bytes),
    );
    let rate = select::load_rate(loading.done_bytes, loading.total_bytes, loading.elapsed_millis);
    rate.map_or(done.clone(), |(rate, left)| {
        format!(
            "{done} · {} · {}",
            format::byte_rate(rate),
            (words().loading.left)(&format::seconds_left(left))
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
