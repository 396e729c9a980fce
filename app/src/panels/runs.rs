//! The menu of runs: what is on screen as a file, files and texts of others, and the conversations kept
//! in this browser.

use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, Event, HtmlInputElement, HtmlTextAreaElement, SubmitEvent};
use yew::{Callback, Html, TargetCast, html};

use super::header::files;
use super::{nothing, when};
use crate::format;
use crate::hands::{Hands, RunAsk};
use crate::runs::picture::Form;
use crate::state::{AppState, Kept, KeptEntry};
use crate::words::words;

/// A text of this length is read as it is pasted: a field that showed it would be slow.
const LONG_TEXT: u32 = 10_000;

/// The menu.
pub fn runs(state: &AppState, hands: &Hands) -> Html {
    let words = &words().runs;
    let current = state.conversation.kept_as.as_deref();
    html! {
        <details class="models runs" id="runs" key={state.runs_shown} ontoggle={hands.runs.reform(|_| RunAsk::List)}>
            <summary>{ words.title }</summary>
            <div class="models-body">
                <section>
                    <h3>{ words.on_screen }</h3>
                    { on_screen(state, &hands.runs) }
                </section>
                <section>
                    <h3>{ words.open }</h3>
                    { picker(&hands.open) }
                    { paste(&hands.runs) }
                </section>
                <section class="kept">
                    <h3>{ words.kept }</h3>
                    { kept(&state.kept, current, &hands.runs) }
                </section>
            </div>
        </details>
    }
}

fn on_screen(state: &AppState, ask: &Callback<RunAsk>) -> Html {
    let words = &words().runs;
    if state.conversation.turns.is_empty() {
        return nothing(words.nothing_to_save);
    }
    let onsubmit = when(ask, |event: SubmitEvent| {
        event.prevent_default();
        let form = event.target_dyn_into::<web_sys::Element>()?;
        let whole = form.query_selector("input:checked").ok()?.is_some();
        Some(RunAsk::Save {
            with_distributions: whole,
        })
    });
    html! {
        <>
            <form class="save" {onsubmit}>
                <button id="save-run" type="submit">{ words.save }</button>
                <button id="save-ledger" type="button" onclick={ask.reform(|_| RunAsk::SaveLedger)}>{ words.ledger }</button>
                <button id="copy-link" type="button" onclick={ask.reform(|_| RunAsk::CopyLink)}>{ words.copy_link }</button>
                <span class="pictures">
                    { words.picture }
                    <button id="save-png" type="button" onclick={ask.reform(|_| RunAsk::Picture(Form::Png))}>{ "PNG" }</button>
                    <button id="save-svg" type="button" onclick={ask.reform(|_| RunAsk::Picture(Form::Svg))}>{ "SVG" }</button>
                </span>
                <label><input type="checkbox" checked=true />{ " " }{ words.with_distributions }</label>
            </form>
            <p class="note">{ words.python }</p>
            <pre class="python" tabindex="0"><code>{ PYTHON }</code></pre>
        </>
    }
}

/// As `run-file/FORMAT.md` has it.
pub const PYTHON: &str = "from safetensors.numpy import load_file; run = load_file(\"run.safetensors\")";

fn picker(open: &Callback<Vec<web_sys::File>>) -> Html {
    let words = &words().runs;
    let onchange = when(open, |event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        let files = input.files().map(|list| files(&list));
        input.set_value("");
        files.filter(|files| !files.is_empty())
    });
    html! {
        <p class="pick">
            <label class="button">{ words.open_file }<input id="open-run" class="visually-hidden" type="file" {onchange} /></label>
            <span class="note">{ words.open_note }</span>
        </p>
    }
}

fn paste(ask: &Callback<RunAsk>) -> Html {
    let words = &words().runs;
    let onpaste = when(ask, |event: Event| {
        let pasted = event.dyn_ref::<ClipboardEvent>()?.clipboard_data()?;
        let text = pasted.get_data("text/plain").ok()?;
        let is_long = text.len() as u64 > u64::from(LONG_TEXT);
        is_long.then(|| {
            event.prevent_default();
            RunAsk::Import(text)
        })
    });
    let onsubmit = when(ask, |event: SubmitEvent| {
        event.prevent_default();
        let form = event.target_dyn_into::<web_sys::Element>()?;
        let field = form.query_selector("textarea").ok()??;
        let text = field.dyn_into::<HtmlTextAreaElement>().ok()?.value();
        (!text.trim().is_empty()).then_some(RunAsk::Import(text))
    });
    html! {
        <form class="paste" {onsubmit}>
            <label><span>{ words.paste }</span><textarea id="paste-run" rows="2" spellcheck="false" {onpaste} /></label>
            <button type="submit">{ words.import }</button>
        </form>
    }
}

fn kept(kept: &Kept, current: Option<&str>, ask: &Callback<RunAsk>) -> Html {
    let words = &words().runs;
    if let Some(trouble) = &kept.trouble {
        return nothing(trouble);
    }
    if kept.entries.is_empty() {
        return nothing(words.none_kept);
    }
    html! {
        <>
            <p class="note">{ words.kept_note }</p>
            <ul>{ for kept.entries.iter().map(|entry| one(entry, current == Some(&entry.id), ask)) }</ul>
        </>
    }
}

fn one(entry: &KeptEntry, is_current: bool, ask: &Callback<RunAsk>) -> Html {
    let words = &words().runs;
    let id = |make: fn(String) -> RunAsk| {
        let id = entry.id.clone();
        ask.reform(move |_: yew::MouseEvent| make(id.clone()))
    };
    let renamed = entry.id.clone();
    let onchange = when(ask, move |event: Event| {
        let title = event.target_dyn_into::<HtmlInputElement>()?.value();
        let id = renamed.clone();
        (!title.trim().is_empty()).then_some(RunAsk::RenameKept { id, title })
    });
    let title = &entry.title;
    let facts = (words.kept_facts)(
        &entry.model,
        &(crate::words::words().numbers.tokens)(entry.tokens),
        &format::bytes(entry.bytes),
        day(&entry.date),
    );
    html! {
        <li key={entry.id.clone()} data-kept={entry.id.clone()} aria-current={is_current.then_some("true")}>
            <span>
                <input class="name" type="text" value={title.clone()} aria-label={(words.name_of)(title)} {onchange} />
                <small>{ facts }</small>
            </span>
            <button type="button" class="open" aria-label={(words.open_named)(title)} disabled={is_current} onclick={id(RunAsk::OpenKept)}>{ words.open_one }</button>
            <button type="button" class="export" aria-label={(words.export_named)(title)} onclick={id(RunAsk::ExportKept)}>{ words.export }</button>
            <details class="delete">
                <summary aria-label={(words.delete_named)(title)}>{ words.delete }</summary>
                <button type="button" onclick={id(RunAsk::DeleteKept)}>{ words.delete_for_good }</button>
            </details>
        </li>
    }
}

/// The day of an RFC 3339 date; what is no date stays as it is.
pub fn day(date: &str) -> &str {
    date.split_once('T').map_or(date, |(day, _)| day)
}
