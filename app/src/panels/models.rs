//! Which model answers: those that come with the page, public ones to fetch, those kept in this
//! browser, any address; and how many positions its KV cache gets.

use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement, SubmitEvent};
use yew::{Callback, Html, TargetCast, html};

use super::loading::file_name;
use super::{Dispatch, when};
use crate::format;
use crate::protocol::{CacheFormat, Stored, StoredModel};
use crate::state::{Action, CatalogueModel, PublicModel, PublicModels};
use crate::words::words;

/// Positions offered for the KV cache; 0 is as many as usual.
const CONTEXTS: [u32; 7] = [0, 1024, 2048, 4096, 8192, 16_384, 32_768];

/// Positions that are given where none are chosen, and the model takes as many.
const USUAL_CONTEXT: u64 = 4096;

/// What the menu shows.
pub struct Menu<'a> {
    pub built_in: &'a [CatalogueModel],
    pub public: &'a PublicModels,
    pub stored: &'a Stored,
    /// Positions chosen for the next load.
    pub context: u32,
    /// How its entries are stored then.
    pub cache: CacheFormat,
    /// Loads so far: each closes the menu.
    pub loads: u32,
}

/// The menu; `load` receives an address, `persist` the wish that what is kept stays.
pub fn models(menu: &Menu<'_>, dispatch: &Dispatch, load: &Callback<String>, persist: &Callback<()>) -> Html {
    let words = &words().models;
    html! {
        <details class="models" id="models" data-pops="" key={menu.loads} ontoggle={dispatch.reform(|_| Action::StoredAsked)}>
            <summary>{ words.title }</summary>
            <div class="models-body">
                <section>
                    <h3>{ words.built_in }</h3>
                    <ul>{ for menu.built_in.iter().map(|model| built_in(model, load)) }</ul>
                    { address(load) }
                    <div class="choices">{ context(menu.context, dispatch) }{ cache(menu.cache, dispatch) }</div>
                </section>
                <section>
                    <h3>{ words.kept }</h3>
                    { kept(menu.stored, dispatch, load, persist) }
                </section>
                <section class="public">
                    <h3>{ words.public }</h3>
                    { public(menu.public, load) }
                </section>
            </div>
        </details>
    }
}

fn built_in(model: &CatalogueModel, load: &Callback<String>) -> Html {
    let url = model.url();
    html! {
        <li key={model.id.clone()}>
            <span><b>{ model.name.clone() }</b>{ format!(" {} · {}", format::bytes(model.bytes), model.licence) }</span>
            <button type="button" aria-label={(words().models.load_named)(&model.name)} onclick={load.reform(move |_| url.clone())}>{ words().models.load }</button>
        </li>
    }
}

fn address(load: &Callback<String>) -> Html {
    let onsubmit = when(load, |event: SubmitEvent| {
        event.prevent_default();
        let form = event.target_dyn_into::<web_sys::Element>()?;
        let input: HtmlInputElement = form.query_selector("input").ok()??.dyn_into().ok()?;
        Some(input.value()).filter(|url| !url.trim().is_empty())
    });
    let words = &words().models;
    html! {
        <form class="address" {onsubmit}>
            <label><span>{ words.address }</span>
                <input id="model-address" type="url" placeholder={words.address_example} required=true />
            </label>
            <button type="submit">{ words.load }</button>
        </form>
    }
}

fn context(chosen: u32, dispatch: &Dispatch) -> Html {
    let onchange = when(dispatch, |event: Event| {
        let select: HtmlSelectElement = event.target_dyn_into()?;
        select.value().parse().ok().map(Action::ContextChosen)
    });
    let option = |positions: u32| {
        let name = match positions {
            0 => (words().models.as_usual)(USUAL_CONTEXT),
            some => (words().numbers.positions)(u64::from(some)),
        };
        html! { <option value={positions.to_string()} selected={positions == chosen}>{ name }</option> }
    };
    html! {
        <label class="context"><span>{ words().models.context }</span>
            <select id="context" {onchange}>{ for CONTEXTS.into_iter().map(option) }</select>
        </label>
    }
}

fn cache(chosen: CacheFormat, dispatch: &Dispatch) -> Html {
    let onchange = when(dispatch, |event: Event| {
        let name = event.target_dyn_into::<HtmlSelectElement>()?.value();
        let found = CacheFormat::ALL.into_iter().find(|cache| cache.name() == name);
        found.map(Action::CacheChosen)
    });
    let told = |cache| match cache {
        CacheFormat::F16 => words().models.f16,
        CacheFormat::F32 => words().models.f32,
        CacheFormat::Q8_0 => words().models.q8_0,
    };
    html! {
        <label class="context"><span>{ words().models.stored_as }</span>
            <select id="cache-format" {onchange}>{ for CacheFormat::ALL.into_iter().map(|cache| html! {
                <option value={cache.name()} selected={cache == chosen}>{ told(cache) }</option>
            }) }</select>
        </label>
    }
}

fn kept(stored: &Stored, dispatch: &Dispatch, load: &Callback<String>, persist: &Callback<()>) -> Html {
    let words = &words().models;
    if stored.models.is_empty() {
        return html! { <p class="nothing">{ words.none_kept }</p> };
    }
    html! {
        <>
            <ul>{ for stored.models.iter().map(|model| kept_model(model, dispatch, load)) }</ul>
            <p class="room">
                { (words.room)(&format::bytes(stored.usage_bytes), &format::bytes(stored.quota_bytes)) }
                <button type="button" onclick={persist.reform(|_| ())} title={words.persist_hint}>{ words.persist }</button>
            </p>
        </>
    }
}

fn kept_model(model: &StoredModel, dispatch: &Dispatch, load: &Callback<String>) -> Html {
    let (url, deleted) = (model.url.clone(), model.url.clone());
    let name = file_name(&model.url).to_owned();
    let (numbers, words) = (&words().numbers, &words().models);
    let total = format::bytes(model.total_bytes);
    let (size, action, action_told) = match model.is_whole {
        true => (total, words.load, (words.load_named)(&name)),
        false => {
            let size = (numbers.of)(&format::bytes(model.stored_bytes), &total);
            (size, words.go_on, (words.go_on_named)(&name))
        }
    };
    let checked = model.sha256.as_ref().map(|sha| format!("SHA-256 {sha}"));
    html! {
        <li key={model.url.clone()} data-stored={model.url.clone()}>
            <span><b title={model.url.clone()}>{ name.clone() }</b>{ format!(" {size}") }
                if let Some(checked) = checked { <code title={checked.clone()}>{ checked.chars().take(16).collect::<String>() }{ "…" }</code> }
            </span>
            <button type="button" aria-label={action_told} onclick={load.reform(move |_| url.clone())}>{ action }</button>
            <button type="button" aria-label={(words.delete_named)(&name)} onclick={dispatch.reform(move |_| Action::StoredDeleted(deleted.clone()))}>{ words.delete }</button>
        </li>
    }
}

fn public(public: &PublicModels, load: &Callback<String>) -> Html {
    html! {
        <>
            <p class="note">{ (words().models.public_note)(&public.date) }</p>
            <ul>{ for public.models.iter().map(|model| public_model(model, load)) }</ul>
        </>
    }
}

fn public_model(model: &PublicModel, load: &Callback<String>) -> Html {
    let url = model.url.clone();
    html! {
        <li key={model.url.clone()}>
            <span><b title={model.url.clone()}>{ model.name.clone() }</b>
                { " " }{ (words().models.public_facts)(model) }
            </span>
            <button type="button" aria-label={(words().models.fetch_named)(&model.name)} onclick={load.reform(move |_| url.clone())}>{ words().models.fetch }</button>
        </li>
    }
}
