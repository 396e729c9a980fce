//! The top line: whose page this is, which model answers, and what computes.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, classes, html};

use super::when;
use crate::format;
use crate::protocol::{Executor, ExecutorFacts, ModelFacts};
use crate::state::Model;

/// The header; `open` receives a file the visitor picked, `menu` is the list of models.
pub fn header(model: Option<&Model>, menu: Html, open: &Callback<Vec<web_sys::File>>) -> Html {
    html! {
        <header class="top">
            <h1><img class="sign" src="favicon.svg" alt="" />{ "moescope" }</h1>
            { model.map(|model| facts(&model.facts)).unwrap_or_default() }
            { model.map(|model| badge(&model.executor)).unwrap_or_default() }
            { menu }
            { picker(open) }
        </header>
    }
}

fn facts(facts: &ModelFacts) -> Html {
    let items = [
        ("parameters", format!("{}parameters", spaced(facts.parameters))),
        (
            "active",
            format!("{}active per token", spaced(facts.active_parameters)),
        ),
        (
            "experts",
            format!("{} experts, top {}", facts.n_experts, facts.top_k),
        ),
        ("layers", format::plural(u64::from(facts.n_layers), "layer")),
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

fn spaced(number: u64) -> String {
    format!("{}\u{a0}", format::large(number))
}

fn badge(executor: &ExecutorFacts) -> Html {
    let (name, class) = match (executor.executor, executor.is_software) {
        (Executor::Gpu, false) => ("WebGPU", "gpu"),
        (Executor::Gpu, true) => ("WebGPU, software", "software"),
        (Executor::Cpu, _) => ("CPU", "cpu"),
    };
    html! {
        <details class="badge" id="executor-badge" data-executor={if executor.executor == Executor::Gpu { "gpu" } else { "cpu" }}>
            <summary><span class={classes!("lamp", class)}></span>{ name }</summary>
            <p>
                if executor.device != name { <b>{ executor.device.clone() }</b><br /> }
                { format!("Runs here: {}.", executor.reason) }
                if executor.wasm_bytes > 0 { { format!(" Loading took {} of the page's memory at most.", format::bytes(executor.wasm_bytes)) } }
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
        <label class="button" title="Open a .gguf file from this computer, or all parts of one; it never leaves it">
            { "Open model" }<input id="open-model" class="visually-hidden" type="file" accept=".gguf" multiple=true {onchange} />
        </label>
    }
}

/// The files of a list, in the order of their names.
pub fn files(list: &web_sys::FileList) -> Vec<web_sys::File> {
    let mut files: Vec<_> = (0..list.length()).filter_map(|index| list.get(index)).collect();
    files.sort_by_key(web_sys::File::name);
    files
}
