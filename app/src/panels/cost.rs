//! What one token cost on this device, and what the conversation has cost so far.
//!
//! Time comes from clocks, bytes and operations are counted from the plan and the chosen experts;
//! nothing here is modelled.

use yew::{Html, classes, html};

use super::figure::{Figure, figures};
use super::views::Scene;
use super::{focus::NOT_FED, nothing, panel};
use crate::format;
use crate::protocol::{Executor, ExecutorFacts, GroupCost, Pass};
use crate::state::Totals;
use crate::state::select::{self, Focus};

/// From here on the step of a clock is worth a word.
const COARSE_MICROS: f64 = 20.0;

/// Smallest steps of the clocks, microseconds.
#[derive(Clone, Copy, Default)]
struct Clock {
    wall: f64,
    /// Of the clock that times the step groups: a GPU has its own.
    steps: f64,
}

impl Clock {
    fn of(executor: Option<&ExecutorFacts>) -> Self {
        let Some(facts) = executor else {
            return Self::default();
        };
        let steps = if facts.executor == Executor::Cpu {
            facts.clock_micros
        } else {
            0.0
        };
        Self {
            wall: facts.clock_micros,
            steps,
        }
    }
}

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let executor = scene.state.model.as_ref().map(|model| &model.executor);
    cost(executor, scene.focus.as_ref(), &scene.state.conversation.totals)
}

fn cost(executor: Option<&ExecutorFacts>, focus: Option<&Focus<'_>>, totals: &Totals) -> Html {
    let clock = Clock::of(executor);
    let body = match focus {
        None => nothing(
            "What a token costs on this device: time by step, bytes of weights and cache touched, operations.",
        ),
        Some(Focus { row: None, .. }) => nothing(NOT_FED),
        Some(Focus { row: Some(row), .. }) => pass(&row.pass, clock),
    };
    panel(
        "cost",
        "Cost",
        Html::default(),
        html! { <>{ body }{ running(totals) }</> },
    )
}

fn pass(pass: &Pass, clock: Clock) -> Html {
    let total = select::total(pass);
    html! {
        <>
            { together(pass) }
            { strip(pass, total.micros) }
            { groups(pass, clock) }
            { coarse_clock(clock) }
            { figures(&of_pass(pass, &total)) }
        </>
    }
}

fn together(pass: &Pass) -> Html {
    if pass.batch_tokens <= 1 {
        return Html::default();
    }
    let others = format::plural(u64::from(pass.batch_tokens - 1), "other prompt token");
    html! { <p class="note" data-value="batch-tokens" data-raw={pass.batch_tokens.to_string()}>{ format!("Computed together with {others}: the numbers are of the pass they share.") }</p> }
}

/// Time by step group as one strip.
fn strip(pass: &Pass, total_micros: Option<f64>) -> Html {
    let Some(total) = total_micros.filter(|total| *total > 0.0) else {
        return html! { <p class="note">{ "This device offers no timestamps, so time by step is not known; only the whole pass was timed." }</p> };
    };
    let mut from = 0.0;
    let part = |(at, group): (usize, &GroupCost)| {
        let width = 1000.0 * group.micros.unwrap_or_default() / total;
        let x = from;
        from += width;
        html! { <rect class={format!("g{at}")} x={x.to_string()} y="0" width={(width - 2.0).max(0.0).to_string()} height="10" /> }
    };
    let told = format!(
        "time by step: {}",
        pass.groups
            .iter()
            .map(|group| format!("{} {}", group.name, group_time(group, Clock::default())))
            .collect::<Vec<_>>()
            .join(", ")
    );
    html! {
        <svg class="strip" role="img" aria-label={told} viewBox="0 0 1000 10" preserveAspectRatio="none">
            { for pass.groups.iter().enumerate().map(part) }
        </svg>
    }
}

/// A time the clock cannot resolve is said to be below its step, not zero.
fn group_time(group: &GroupCost, clock: Clock) -> String {
    match group.micros {
        None => "—".into(),
        Some(micros) if micros < clock.steps => format!("< {}", format::micros(clock.steps)),
        Some(micros) => format::micros(micros),
    }
}

/// Browsers make clocks coarse, on purpose.
fn coarse_clock(clock: Clock) -> Html {
    if clock.wall < COARSE_MICROS {
        return Html::default();
    }
    html! { <p class="note">{ format!("This browser's clock moves in steps of {}.", format::micros(clock.wall)) }</p> }
}

fn groups(pass: &Pass, clock: Clock) -> Html {
    let row = |(at, group): (usize, &GroupCost)| {
        html! {
            <tr key={group.name.clone()} data-group={group.name.clone()}>
                <th scope="row"><i class={classes!("swatch", format!("g{at}"))}></i>{ group.name.clone() }</th>
                <td>{ group_time(group, clock) }</td>
                <td>{ format::bytes(group.weight_bytes) }</td>
                <td>{ format::bytes(group.kv_read_bytes + group.kv_write_bytes) }</td>
                <td>{ format::large(group.operations) }</td>
            </tr>
        }
    };
    html! {
        <table class="numbers">
            <thead><tr>
                <th scope="col">{ "step" }</th><th scope="col">{ "time" }</th><th scope="col">{ "weights" }</th>
                <th scope="col">{ "KV" }</th><th scope="col">{ "operations" }</th>
            </tr></thead>
            <tbody>{ for pass.groups.iter().enumerate().map(row) }</tbody>
        </table>
    }
}

fn of_pass(pass: &Pass, total: &GroupCost) -> Vec<Figure> {
    let moved = total.weight_bytes + total.kv_read_bytes + total.kv_write_bytes;
    let seconds = pass.wall_micros / 1e6;
    let mut figures = vec![Figure::measured(
        "wall-micros",
        "Wall time",
        pass.wall_micros,
        format::micros(pass.wall_micros),
        "From handing the pass to the device until its result could be read, by the clock of the browser.",
    )];
    figures.extend(total.micros.map(|micros| Figure::measured("gpu-micros", "Time in steps", micros, format::micros(micros),
        "The sum of the step groups: GPU timestamps around the kernels, or the clock on the CPU executor. What is missing to the wall time is submission, read-back and sampling.")));
    figures.extend([
        Figure::counted("weight-bytes", "Weights touched", total.weight_bytes, format::bytes(total.weight_bytes),
            "Quantized bytes of every weight this pass needs; of the experts only those the router chose."),
        Figure::counted("kv-moved-bytes", "KV read + written", total.kv_read_bytes + total.kv_write_bytes,
            format!("{} + {}", format::bytes(total.kv_read_bytes), format::bytes(total.kv_write_bytes)),
            "Cache entries attention read, and the new ones written."),
        Figure::counted("operations", "Operations", total.operations, format::large(total.operations),
            "Multiplications and additions of matrices and attention, from the shapes in the plan; a multiply-add counts as two."),
        Figure::counted("dispatches", "Dispatches", u64::from(pass.dispatches), format::count(u64::from(pass.dispatches)),
            "Kernels started for this pass."),
    ]);
    if seconds > 0.0 {
        figures.extend([
            Figure::measured(
                "bytes-per-second",
                "Achieved bandwidth",
                moved as f64 / seconds,
                format::byte_rate(moved as f64 / seconds),
                "(weights touched + KV read + KV written) ÷ wall time.",
            ),
            Figure::measured(
                "operations-per-second",
                "Achieved rate",
                total.operations as f64 / seconds,
                format::operation_rate(total.operations as f64 / seconds),
                "Operations ÷ wall time.",
            ),
        ]);
    }
    figures
}

fn running(totals: &Totals) -> Html {
    if totals.passes == 0 {
        return Html::default();
    }
    let seconds = totals.wall_micros / 1e6;
    let moved = totals.weight_bytes + totals.kv_read_bytes + totals.kv_write_bytes;
    html! {
        <>
            <h3>{ "Conversation so far" }</h3>
            { figures(&[
                Figure::counted("total-tokens", "Tokens computed", totals.computed_tokens, format::count(totals.computed_tokens),
                    format!("Positions that went through the model, in {}.", passes(totals.passes))),
                Figure::counted("total-sampled-tokens", "Tokens sampled", totals.sampled_tokens, format::count(totals.sampled_tokens),
                    "Tokens the model wrote."),
                Figure::counted("total-reasoning-tokens", "of them reasoning", totals.reasoning_tokens, format::count(totals.reasoning_tokens),
                    "Tokens written before an answer, between <think> and </think> or in a channel that is not the final one. They cost what others cost."),
                Figure::measured("total-wall-micros", "Time in passes", totals.wall_micros, format::micros(totals.wall_micros),
                    "The sum of the wall times of all passes."),
                Figure::counted("total-bytes", "Bytes moved", moved, format::bytes(moved),
                    "Weights touched, KV read and KV written, over all passes."),
                Figure::counted("total-operations", "Operations", totals.operations, format::large(totals.operations),
                    "Multiplications and additions over all passes."),
                Figure::measured("tokens-per-second", "Tokens per second", totals.computed_tokens as f64 / seconds.max(f64::MIN_POSITIVE),
                    format::significant(totals.computed_tokens as f64 / seconds.max(f64::MIN_POSITIVE)),
                    "Tokens computed ÷ time in passes, prompt and answer together."),
            ]) }
        </>
    }
}

fn passes(number: u64) -> String {
    if number == 1 {
        "one forward pass".into()
    } else {
        format!("{} forward passes", format::count(number))
    }
}
