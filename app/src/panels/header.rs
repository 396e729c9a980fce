//! The top line: whose page this is, which model answers, and what computes.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, classes, html};

use super::when;
use crate::format;
use crate::protocol::{Executor, ExecutorFacts, ModelFacts};
use crate::state::Model;
use crate::words::words;

/// The header; `open` receives a file the visitor picked, `menus` follow at its end.
pub fn header(model: Option<&Model>, menus: Html, open: &Callback<Vec<web_sys::File>>) -> Html {
    html! {
        <header class="top">
            <h1><img class="sign" src="favicon.svg" alt="" />{ "moescope" }</h1>
            { model.map(|model| facts(&model.facts)).unwrap_or_default() }
            { model.map(|model| badge(&model.executor)).unwrap_or_default() }
            { picker(open) }
            { menus }
        </header>
    }
}

fn facts(facts: &ModelFacts) -> Html {
    let (words, numbers) = (&words().header, &words().numbers);
    let items = [
        ("parameters", (words.parameters)(&format::large(facts.parameters))),
        ("active", (words.active)(&format::large(facts.active_parameters))),
        ("experts", (words.experts)(facts.n_experts, facts.top_k)),
        ("layers", (numbers.layers)(u64::from(facts.n_layers))),
        ("size", format::bytes(facts.file_bytes)),
        ("quantization", facts.quantization.clone()),
    ];
    html! {
        <div class="model">
            <strong>{ facts.name.clone() }</strong>
            <ul class="facts">{ for items.iter().map(|(name, text)| html! { <li data-fact={*name}>{ text.clone() }</li> }) }</ul>
        </div>
    }
}

fn badge(executor: &ExecutorFacts) -> Html {
    let words = &words().header;
    let (name, class) = match (executor.executor, executor.is_software) {
        (Executor::Gpu, false) => ("WebGPU", "gpu"),
        (Executor::Gpu, true) => (words.software, "software"),
        (Executor::Cpu, _) => ("CPU", "cpu"),
    };
    html! {
        <details class="badge" id="executor-badge" data-pops="" data-executor={if executor.executor == Executor::Gpu { "gpu" } else { "cpu" }}>
            <summary><span class={classes!("lamp", class)}></span>{ name }</summary>
            <p>
                if executor.device != name { <b>{ executor.device.clone() }</b><br /> }
                { (words.runs_here)(&(self::words().worker.why)(&executor.reason)) }
                if executor.wasm_bytes > 0 { { " " }{ (words.loading_took)(&format::bytes(executor.wasm_bytes)) } }
            </p>
        </details>
    }
}

fn picker(open: &Callback<Vec<web_sys::File>>) -> Html {
    let onchange = when(open, |event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        let files = input.files().map(|list| files(&list));
        input.set_value("");
        files.filter(|files| !files.is_empty())
    });
    html! {
        <label class="button" title={words().header.open_hint}>
            { words().header.open }<input id="open-model" class="visually-hidden" type="file" accept=".gguf" multiple=true {onchange} />
        </label>
    }
}

/// The files of a list, in the order of their names.
pub fn files(list: &web_sys::FileList) -> Vec<web_sys::File> {
    let mut files: Vec<_> = (0..list.length()).filter_map(|index| list.get(index)).collect();
    files.sort_by_key(web_sys::File::name);
    files
}
