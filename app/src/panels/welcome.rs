//! What stands where the conversation will be.

use yew::{Callback, Html, html};

use super::examples;
use crate::state::CatalogueModel;
use crate::words::words;

/// The welcome, with what the catalogue says of the model that is there or on its way.
pub fn welcome(entry: Option<&CatalogueModel>, is_ready: bool, ask: &Callback<String>) -> Html {
    html! {
        <div class="welcome">
            <h2>{ words().welcome.title }</h2>
            <p>{ words().welcome.told }</p>
            { entry.map(|entry| html! {
                <>
                    <p class="about">{ entry.about.clone() }</p>
                    { examples::examples(entry, is_ready, ask) }
                </>
            }).unwrap_or_default() }
        </div>
    }
}
