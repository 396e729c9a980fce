//! The page, piece by piece: each panel turns a slice of the state into HTML and speaks back only
//! through [`Dispatch`]. No panel names a model, an engine type or another panel's state.

pub mod alert;
pub mod composer;
pub mod cost;
pub mod display;
pub mod economics;
pub mod examples;
pub mod experts;
pub mod figure;
pub mod focus;
pub mod grid;
pub mod header;
pub mod keys;
pub mod kv;
pub mod live;
pub mod load;
pub mod loading;
pub mod measures;
pub mod models;
pub mod overview;
pub mod picture;
pub mod prediction;
pub mod raster;
pub mod rasters;
pub mod replayed;
pub mod runs;
pub mod settings;
pub mod shade;
pub mod slot;
pub mod steps;
pub mod table;
pub mod transcript;
pub mod transport;
pub mod views;
pub mod welcome;

use yew::{Callback, Html, html};

use crate::state::Action;
use crate::words::words;

/// How a panel says that the visitor did something.
pub type Dispatch = Callback<Action>;

/// A titled region; `name` is its `data-panel`.
pub fn panel(name: &'static str, title: &str, tools: Html, body: Html) -> Html {
    let heading_id = format!("{name}-heading");
    html! {
        <section class="panel" data-panel={name} aria-labelledby={heading_id.clone()}>
            <header class="panel-head"><h2 id={heading_id} tabindex="-1">{ title.to_owned() }</h2>{ tools }</header>
            { body }
        </section>
    }
}

/// What a panel says when there is nothing to show yet.
pub fn nothing(sentence: &str) -> Html {
    html! { <p class="nothing">{ sentence.to_owned() }</p> }
}

/// What a panel says of a token that was drawn and never computed.
pub fn not_fed() -> Html {
    nothing(words().focus.not_fed)
}

/// In place of what a run of another program does not tell.
pub fn not_recorded() -> Html {
    nothing(words().focus.not_recorded)
}

/// An event handler that reads something from the event, or nothing.
pub fn when<T: 'static, E: 'static>(
    to: &Callback<T>,
    read: impl Fn(E) -> Option<T> + 'static,
) -> Callback<E> {
    let to = to.clone();
    Callback::from(move |event| {
        if let Some(told) = read(event) {
            to.emit(told);
        }
    })
}
