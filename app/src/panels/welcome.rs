//! What stands where the conversation will be.

use yew::{Callback, Html, html};

use super::examples;
use crate::state::CatalogueModel;

/// The welcome, with what the catalogue says of the model that is there or on its way.
pub fn welcome(entry: Option<&CatalogueModel>, is_ready: bool, ask: &Callback<String>) -> Html {
    html! {
        <div class="welcome">
            <h2>{ "A sparse language model you can see through" }</h2>
            <p>{ "It runs here, in this page. Beside its text you see which experts every token went to, what the KV cache holds, \
                and what each token cost. Every number is read from the run." }</p>
            { entry.map(|entry| html! {
                <>
                    <p class="about">{ entry.about.clone() }</p>
                    { examples::examples(entry, is_ready, ask) }
                </>
            }).unwrap_or_default() }
        </div>
    }
}
