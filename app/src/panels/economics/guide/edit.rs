//! A row of the field guide as a form: each number and the name, what is wrong with what was typed, and
//! the way back.

use web_sys::HtmlInputElement;
use yew::{Html, TargetCast, html};

use crate::format;
use crate::panels::views::Scene;
use crate::panels::when;
use crate::state::Action;
use crate::state::economics::EconomicsAction;
use crate::state::economics::own::{Field, RowId, fields_of};
use crate::words::words;

/// The form of a row.
pub fn form(scene: &Scene<'_>, row: &RowId, name: &str) -> Html {
    let (economics, texts) = (&scene.state.economics, &words().economics.guide.rows);
    let fields = fields_of(&economics.presets, row);
    let numbers = fields.iter().map(|Field { key, value }| {
        let text = value.map(format::plain).unwrap_or_default();
        field(scene, row, key, text, value.is_none())
    });
    let back = economics.own.has(row).then(|| {
        let (dropped, dispatch) = (row.clone(), &scene.hands.dispatch);
        let onclick =
            dispatch.reform(move |_| Action::Economics(EconomicsAction::RowDropped(dropped.clone())));
        let text = if economics.is_shipped(row) {
            texts.restore
        } else {
            texts.delete
        };
        html! { <button type="button" data-does="drop-row" {onclick}>{ text }</button> }
    });
    html! {
        <div class="row-form" role="group" aria-label={name.to_owned()} data-changing={row.id.clone()}>
            { field(scene, row, "name", name.to_owned(), false) }
            { for numbers }
            <p class="note">{ texts.kept }{ " " }{ back }</p>
        </div>
    }
}

fn field(scene: &Scene<'_>, row: &RowId, key: &'static str, text: String, is_optional: bool) -> Html {
    let texts = &words().economics.guide.rows;
    let err = scene
        .state
        .economics
        .row_error
        .as_ref()
        .filter(|(of, _)| *of == key);
    let changed = row.clone();
    let onchange = when(&scene.hands.dispatch, move |event: yew::Event| {
        let typed = event.target_dyn_into::<HtmlInputElement>()?.value();
        Some(Action::Economics(EconomicsAction::RowChanged(
            changed.clone(),
            key,
            typed,
        )))
    });
    let (id, told) = (format!("row-{key}"), format!("row-{key}-error"));
    html! {
        <div class="row-field" key={key}>
            <label for={id.clone()}>{ (texts.field)(key) }</label>
            <input {id} class="exact" type="text" data-field={key} value={text} placeholder={is_optional.then_some(texts.optional)}
                aria-invalid={err.is_some().then_some("true")} aria-describedby={err.is_some().then(|| told.clone())} {onchange} />
            if let Some((_, err)) = err { <small class="unverified" id={told} role="alert" data-value="row-error">{ (texts.error)(err) }</small> }
        </div>
    }
}

/// The button that copies a row.
pub fn add(scene: &Scene<'_>, like: RowId, name: &str) -> Html {
    let kind = like.kind;
    let onclick = scene
        .hands
        .dispatch
        .reform(move |_| Action::Economics(EconomicsAction::RowAdded(like.clone())));
    html! { <p class="add-row"><button type="button" data-adds={kind.name()} {onclick}>{ (words().economics.guide.rows.add)(name) }</button></p> }
}

/// The way back from all of them.
pub fn forget_all(scene: &Scene<'_>) -> Html {
    let economics = &scene.state.economics;
    if economics.own.is_empty() {
        return Html::default();
    }
    let onclick = scene
        .hands
        .dispatch
        .reform(|_| Action::Economics(EconomicsAction::OwnRowsDropped));
    html! { <p class="add-row"><button type="button" data-does="drop-rows" {onclick}>{ words().economics.guide.rows.drop_all }</button></p> }
}
