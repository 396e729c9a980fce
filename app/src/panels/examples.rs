//! What one can ask the model that came with the page, one line per skill.

use yew::{Callback, Html, html};

use crate::state::{CatalogueModel, Examples};
use crate::words::words;

/// Prompts of a skill shown at once; the others open.
const SHOWN: usize = 2;

/// The examples of a model; `send` receives the prompt chosen.
pub fn examples(entry: &CatalogueModel, is_ready: bool, send: &Callback<String>) -> Html {
    let skill = |skill: &Examples| {
        let (shown, rest) = skill.prompts.split_at(skill.prompts.len().min(SHOWN));
        html! {
            <div key={skill.skill.clone()}>
                <dt>{ skill.skill.clone() }</dt>
                <dd>{ for shown.iter().map(|prompt| chip(prompt, is_ready, send)) }{ others(rest, is_ready, send) }</dd>
            </div>
        }
    };
    html! { <dl class="examples">{ for entry.examples.iter().map(skill) }</dl> }
}

/// The same as a menu, once the conversation has taken their place. It closes with every turn.
pub fn menu(entry: &CatalogueModel, turns: usize, is_ready: bool, send: &Callback<String>) -> Html {
    html! {
        <details class="menu" data-pops="" key={turns}>
            <summary>{ words().examples.title }</summary>
            <div>{ examples(entry, is_ready, send) }</div>
        </details>
    }
}

fn others(prompts: &[String], is_ready: bool, send: &Callback<String>) -> Html {
    if prompts.is_empty() {
        return Html::default();
    }
    html! {
        <details class="others">
            <summary class="chip">{ (words().examples.more)(prompts.len() as u64) }</summary>
            { for prompts.iter().map(|prompt| chip(prompt, is_ready, send)) }
        </details>
    }
}

/// One prompt.
pub fn chip(prompt: &str, is_ready: bool, send: &Callback<String>) -> Html {
    let text = prompt.to_owned();
    let onclick = send.reform(move |_| text.clone());
    html! { <button type="button" class="chip" disabled={!is_ready} title={prompt.to_owned()} {onclick}>{ prompt.to_owned() }</button> }
}
