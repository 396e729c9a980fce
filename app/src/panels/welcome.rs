//! What stands where the conversation will be, and around the recorded run that a visitor sees first.

use yew::{Callback, Html, html};

use super::examples;
use crate::state::{CatalogueModel, Examples};
use crate::words::words;

/// Prompts below the first run, and the longest of them: one line, read at a glance.
const INVITED: usize = 4;
const INVITED_LETTERS: usize = 36;

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

/// Above the run that comes with the page: what one is looking at.
pub fn introduction() -> Html {
    html! { <div class="introduction"><h2>{ words().welcome.title }</h2><p>{ words().welcome.told }</p></div> }
}

/// Below it: what to ask next.
pub fn invitation<'a>(entry: Option<&'a CatalogueModel>, is_ready: bool, ask: &Callback<String>) -> Html {
    let Some(entry) = entry else {
        return Html::default();
    };
    let is_short = |prompt: &&String| prompt.chars().count() <= INVITED_LETTERS;
    let of_skill = |skill: &'a Examples| skill.prompts.iter().find(is_short);
    // What is on screen was the first of them.
    let prompts = entry.examples.iter().skip(1).filter_map(of_skill).take(INVITED);
    html! {
        <section class="invitation" aria-label={words().welcome.invitation}>
            <p>{ words().welcome.invitation }</p>
            <div>{ for prompts.map(|prompt| examples::chip(prompt, is_ready, ask)) }</div>
        </section>
    }
}
