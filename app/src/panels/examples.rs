//! What one can ask the model that came with the page, one line per skill.

use yew::{Callback, Html, html};

use crate::state::CatalogueModel;

/// The examples of a model; `send` receives the prompt chosen.
pub fn examples(entry: &CatalogueModel, is_ready: bool, send: &Callback<String>) -> Html {
    html! {
        <div class="examples">
            <p class="about">{ entry.about.clone() }</p>
            <dl>{ for entry.examples.iter().map(|skill| html! {
                <div key={skill.skill.clone()}>
                    <dt>{ skill.skill.clone() }</dt>
                    <dd>{ for skill.prompts.iter().map(|prompt| chip(prompt, is_ready, send)) }</dd>
                </div>
            }) }</dl>
        </div>
    }
}

fn chip(prompt: &str, is_ready: bool, send: &Callback<String>) -> Html {
    let text = prompt.to_owned();
    let onclick = send.reform(move |_| text.clone());
    html! { <button type="button" class="chip" disabled={!is_ready} title={prompt.to_owned()} {onclick}>{ prompt.to_owned() }</button> }
}
