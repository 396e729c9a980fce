//! Plan and time: the steps of one decode, their predicted bytes and operations beside the time each
//! took alone; choosing a step shows its shader, file by file, and its twin.

use std::rc::Rc;

use web_sys::KeyboardEvent;
use yew::{Callback, Html, Properties, classes, component, html, use_state_eq};

use super::figure::{Figure, figures};
use super::picture::Move;
use super::views::Scene;
use super::{Dispatch, cost, not_fed, nothing, panel, when};
use crate::format;
use crate::protocol::{Examined, ExaminedKernel, ExaminedStep, SourceText};
use crate::same::Same;
use crate::state::select::Focus;
use crate::state::{Action, AppState, examine};
use crate::words::words;

/// Width of a strip in its own units.
const WIDTH: f64 = 1000.0;

/// The view.
pub fn view(scene: &Scene<'_>) -> Html {
    let words = &words().steps;
    let state: &AppState = scene.state;
    let body = match &scene.focus {
        None => nothing(words.empty),
        Some(Focus { row: None, .. }) => not_fed(),
        Some(focus) => match state.examination.at(focus.position) {
            Some(found) => html! { <Steps found={Same::new(found)} /> },
            None => {
                html! { <><p class="note">{ words.about }</p>{ ask(state, focus.position, words.ask, &scene.hands.dispatch) }</> }
            }
        },
    };
    panel("steps", words.title, Html::default(), body)
}

/// The button that has a token looked at.
pub fn ask(state: &AppState, position: u32, title: &'static str, dispatch: &Dispatch) -> Html {
    let words = &words().steps;
    let is_asked = state.examination.asked.is_some();
    let onclick = dispatch.reform(move |_| Action::ExamineAsked(position));
    html! {
        <p class="ask">
            <button type="button" class="examine" disabled={!examine::is_possible(state)} {onclick}>{ if is_asked { words.asked } else { title } }</button>
            if state.replay.is_some() { <span class="note">{ words.not_here }</span> }
        </p>
    }
}

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct StepsProps {
    pub found: Same<Examined>,
}

/// See the module.
#[component]
pub fn Steps(props: &StepsProps) -> Html {
    let words = &words().steps;
    let found: &Rc<Examined> = &props.found.0;
    let chosen = use_state_eq(|| 0_usize);
    let at = (*chosen).min(found.steps.len().saturating_sub(1));
    let choose = {
        let chosen = chosen.clone();
        Callback::from(move |at| chosen.set(at))
    };
    let times: Option<Vec<f64>> = found.steps.iter().map(|step| step.micros).collect();
    let bytes: Vec<f64> = found.steps.iter().map(|step| step.bytes() as f64).collect();
    html! {
        <>
            { figures(&totals(found, times.as_deref())) }
            <div class="flames" tabindex="0" role="application" aria-label={(words.strips)(found.steps.len() as u64)} onkeydown={moved(at, found.steps.len(), &choose)}>
                { times.as_deref().map(|times| strip(found, words.measured, "time", times, at, &choose)).unwrap_or_else(|| nothing(words.no_timestamps)) }
                { strip(found, words.predicted, "bytes", &bytes, at, &choose) }
            </div>
            { found.steps.get(at).map(|step| step_view(found, step, at)).unwrap_or_default() }
            { kernels(found) }
            { all(found, at, &choose) }
        </>
    }
}

fn totals(found: &Examined, times: Option<&[f64]>) -> Vec<Figure> {
    let words = &words().steps;
    let bytes: u64 = found.steps.iter().map(ExaminedStep::bytes).sum();
    let operations: u64 = found.steps.iter().map(|step| step.operations).sum();
    let mut figures = vec![Figure::counted(
        "steps",
        words.count,
        found.steps.len() as u64,
        format::count(found.steps.len() as u64),
        words.count_story,
    )];
    figures.extend(times.map(|times| {
        let sum: f64 = times.iter().sum();
        Figure::measured(
            "steps-micros",
            words.time,
            sum,
            format::micros(sum),
            (words.time_story)(u64::from(found.runs)),
        )
    }));
    figures.extend([
        Figure::measured(
            "steps-wall-micros",
            words.wall,
            found.wall_micros,
            format::micros(found.wall_micros),
            words.wall_story,
        ),
        Figure::counted(
            "steps-bytes",
            words.bytes,
            bytes,
            format::bytes(bytes),
            words.bytes_story,
        ),
        Figure::counted(
            "steps-operations",
            words.operations,
            operations,
            format::large(operations),
            words.operations_story,
        ),
    ]);
    figures
}

/// Steps side by side, as wide as their share.
fn strip(
    found: &Examined,
    title: &'static str,
    name: &'static str,
    widths: &[f64],
    at: usize,
    choose: &Callback<usize>,
) -> Html {
    let total = widths.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut from = 0.0;
    let part = |(index, (step, width)): (usize, (&ExaminedStep, &f64))| {
        let (x, width) = (from, WIDTH * width / total);
        from += width;
        let onclick = choose.reform(move |_| index);
        html! {
            <rect key={index} class={classes!(format!("g{}", group_index(&step.group)), (index == at).then_some("chosen"))} x={format!("{x:.2}")} y="0" width={format!("{width:.2}")} height="10" {onclick}>
                <title>{ named(found, step) }</title>
            </rect>
        }
    };
    html! {
        <figure class="flame">
            <figcaption>{ title }</figcaption>
            <svg data-strip={name} viewBox={format!("0 0 {WIDTH} 10")} preserveAspectRatio="none" aria-hidden="true">
                { for found.steps.iter().zip(widths).enumerate().map(part) }
            </svg>
        </figure>
    }
}

/// Where a group's colour stands.
fn group_index(name: &str) -> usize {
    const GROUPS: [&str; 5] = ["embed", "attention", "router", "experts", "head"];
    GROUPS.iter().position(|group| *group == name).unwrap_or_default()
}

fn named(found: &Examined, step: &ExaminedStep) -> String {
    let stem = kernel(found, step).map_or("", |kernel| kernel.stem.as_str());
    match step.layer {
        Some(layer) => (words().steps.in_layer)(stem, layer),
        None => stem.to_owned(),
    }
}

fn kernel<'a>(found: &'a Examined, step: &ExaminedStep) -> Option<&'a ExaminedKernel> {
    found.kernels.get(step.kernel as usize)
}

fn moved(at: usize, steps: usize, choose: &Callback<usize>) -> Callback<KeyboardEvent> {
    when(choose, move |event: KeyboardEvent| {
        let last = steps.saturating_sub(1);
        let wanted = match Move::of_key(&event.key())? {
            Move::Columns(by) | Move::Lines(by) => at.saturating_add_signed(by as isize).min(last),
            Move::First => 0,
            Move::Last => last,
            Move::Pin | Move::Leave => return None,
        };
        event.prevent_default();
        Some(wanted)
    })
}

/// One step in numbers, and what runs in it.
fn step_view(found: &Examined, step: &ExaminedStep, at: usize) -> Html {
    let words = &words().steps;
    let mut numbers = Vec::new();
    if let Some(micros) = step.micros {
        numbers.push(Figure::measured(
            "step-micros",
            words.time,
            micros,
            format::micros(micros),
            (words.time_story)(u64::from(found.runs)),
        ));
        if micros > 0.0 {
            let rate = step.bytes() as f64 / (micros / 1e6);
            numbers.push(Figure::measured(
                "step-bytes-per-second",
                words.rate,
                rate,
                format::byte_rate(rate),
                words.rate_story,
            ));
        }
    }
    let moved = format!(
        "{} + {} + {}",
        format::bytes(step.weight_bytes),
        format::bytes(step.kv_read_bytes),
        format::bytes(step.kv_write_bytes)
    );
    numbers.push(Figure::counted(
        "step-bytes",
        words.bytes,
        step.bytes(),
        moved,
        words.bytes_story,
    ));
    numbers.push(Figure::counted(
        "step-operations",
        words.operations,
        step.operations,
        format::large(step.operations),
        words.operations_story,
    ));
    let sources = kernel(found, step).map(sources);
    html! {
        <section class="step" aria-live="polite" data-step={at.to_string()}>
            <h3><i class={classes!("swatch", format!("g{}", group_index(&step.group)))}></i>{ named(found, step) }{ " · " }{ cost::group_name(&step.group) }</h3>
            { figures(&numbers) }
            { sources.unwrap_or_default() }
        </section>
    }
}

fn sources(kernel: &ExaminedKernel) -> Html {
    let words = &words().steps;
    let source = |file: &SourceText| match file.text.as_str() {
        // A recorded run tells only the names.
        "" => html! { <p class="source" key={file.path.clone()}><code>{ file.path.clone() }</code></p> },
        text => {
            html! { <details class="source" key={file.path.clone()}><summary><code>{ file.path.clone() }</code></summary><pre tabindex="0">{ text.to_owned() }</pre></details> }
        }
    };
    html! {
        <>
            <p class="note">{ words.shader_note }</p>
            { for kernel.files.iter().rev().map(source) }
            <p class="note">{ words.twin_note }</p>
            { source(&kernel.twin) }
        </>
    }
}

/// Sums by kernel: the picture in numbers.
fn kernels(found: &Examined) -> Html {
    let words = &words().steps;
    let row = |(index, kernel): (usize, &ExaminedKernel)| {
        let steps = || {
            found
                .steps
                .iter()
                .filter(move |step| step.kernel as usize == index)
        };
        let micros: Option<f64> = steps().map(|step| step.micros).sum();
        let files = kernel
            .files
            .iter()
            .filter_map(|file| file.path.rsplit('/').next())
            .map(|name| name.trim_end_matches(".wgsl"));
        let linked = files
            .filter(|name| *name != kernel.stem && *name != "batch")
            .collect::<Vec<_>>()
            .join(" ");
        html! {
            <tr key={index} data-kernel={kernel.stem.clone()}><th scope="row"><code>{ kernel.stem.clone() }</code>{ " " }<span class="linked">{ linked }</span></th><td data-head={words.count}>{ steps().count() }</td>
                <td data-head={words.time}>{ micros.map_or("—".into(), format::micros) }</td><td data-head={words.bytes}>{ format::bytes(steps().map(ExaminedStep::bytes).sum()) }</td><td data-head={words.operations}>{ format::large(steps().map(|step| step.operations).sum()) }</td></tr>
        }
    };
    html! {
        <>
            <h3>{ words.by_kernel }</h3>
            <div class="wide"><table class="numbers stacks">
                <thead><tr><th scope="col">{ words.kernel }</th><th scope="col">{ words.count }</th><th scope="col">{ words.time }</th><th scope="col">{ words.bytes }</th><th scope="col">{ words.operations }</th></tr></thead>
                <tbody>{ for found.kernels.iter().enumerate().map(row) }</tbody>
            </table></div>
        </>
    }
}

/// Every step in numbers.
fn all(found: &Examined, at: usize, choose: &Callback<usize>) -> Html {
    let words = &words().steps;
    let row = |(index, step): (usize, &ExaminedStep)| {
        let onclick = choose.reform(move |_| index);
        html! {
            <tr key={index} aria-selected={(index == at).then_some("true")}><th scope="row"><button type="button" class="number" {onclick}>{ named(found, step) }</button></th>
                <td data-head={words.time}>{ step.micros.map_or("—".into(), format::micros) }</td><td data-head={words.bytes}>{ format::bytes(step.bytes()) }</td><td data-head={words.operations}>{ format::large(step.operations) }</td></tr>
        }
    };
    html! {
        <details class="more"><summary>{ words.all }</summary>
            <div class="wide"><table class="numbers stacks">
                <thead><tr><th scope="col">{ words.kernel }</th><th scope="col">{ words.time }</th><th scope="col">{ words.bytes }</th><th scope="col">{ words.operations }</th></tr></thead>
                <tbody>{ for found.steps.iter().enumerate().map(row) }</tbody>
            </table></div>
        </details>
    }
}
