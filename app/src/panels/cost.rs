//! What one token cost on this device, and what the conversation has cost so far.
//!
//! Time comes from clocks, bytes and operations are counted from the plan and the chosen experts;
//! nothing here is modelled.

use yew::{Html, classes, html};

use super::figure::{Figure, figures};
use super::views::Scene;
use super::{not_fed, not_recorded, nothing, panel};
use crate::format;
use crate::protocol::{Executor, ExecutorFacts, GroupCost, Pass};
use crate::state::Totals;
use crate::state::select::{self, Focus};
use crate::words::words;

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

/// The view at full size.
pub fn view(scene: &Scene<'_>) -> Html {
    let running = running(&scene.state.conversation.totals);
    cost(
        scene,
        |pass| figures(&of_pass(pass, &select::total(pass))),
        running,
    )
}

/// Its part of the overview.
pub fn brief(scene: &Scene<'_>) -> Html {
    let running = running(&scene.state.conversation.totals);
    let of_pass = |pass: &Pass| {
        let mut first = of_pass(pass, &select::total(pass));
        let rest = first.split_off(1);
        html! { <>{ figures(&first) }<details class="more"><summary>{ words().figure.more }</summary>{ figures(&rest) }{ running.clone() }</details></> }
    };
    cost(scene, of_pass, Html::default())
}

fn cost(scene: &Scene<'_>, numbers: impl Fn(&Pass) -> Html, running: Html) -> Html {
    let words = &words().cost;
    let clock = Clock::of(scene.state.model.as_ref().map(|model| &model.executor));
    let body = match &scene.focus {
        None => nothing(words.empty),
        Some(Focus { row: None, .. }) => not_fed(),
        Some(Focus { row: Some(row), .. }) if !select::is_cost_known(&row.pass) => not_recorded(),
        Some(Focus { row: Some(row), .. }) => {
            html! { <>{ pass(&row.pass, clock) }{ numbers(&row.pass) }</> }
        }
    };
    panel(
        "cost",
        words.title,
        Html::default(),
        html! { <>{ body }{ running }</> },
    )
}

fn pass(pass: &Pass, clock: Clock) -> Html {
    html! {
        <>
            { together(pass) }
            { strip(pass, select::total(pass).micros) }
            { groups(pass, clock) }
            { coarse_clock(clock) }
        </>
    }
}

fn together(pass: &Pass) -> Html {
    if pass.batch_tokens <= 1 {
        return Html::default();
    }
    let told = (words().cost.together)(u64::from(pass.batch_tokens - 1));
    html! { <p class="note" data-value="batch-tokens" data-raw={pass.batch_tokens.to_string()}>{ told }</p> }
}

/// Time by step group as one strip.
fn strip(pass: &Pass, total_micros: Option<f64>) -> Html {
    let Some(total) = total_micros.filter(|total| *total > 0.0) else {
        return html! { <p class="note">{ words().cost.no_timestamps }</p> };
    };
    let mut from = 0.0;
    let part = |(at, group): (usize, &GroupCost)| {
        let width = 1000.0 * group.micros.unwrap_or_default() / total;
        let x = from;
        from += width;
        html! { <rect class={format!("g{at}")} x={x.to_string()} y="0" width={(width - 2.0).max(0.0).to_string()} height="10" /> }
    };
    let timed = |group: &GroupCost| format!("{} {}", name(group), group_time(group, Clock::default()));
    let times: Vec<_> = pass.groups.iter().map(timed).collect();
    let told = (words().cost.time_by_step)(&times.join(", "));
    html! {
        <svg class="strip" role="img" aria-label={told} viewBox="0 0 1000 10" preserveAspectRatio="none">
            { for pass.groups.iter().enumerate().map(part) }
        </svg>
    }
}

/// What a group of steps is called.
fn name(group: &GroupCost) -> &str {
    group_name(&group.name)
}

/// The same by its name in the trace.
pub fn group_name(name: &str) -> &str {
    (words().cost.group)(name).unwrap_or(name)
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
    html! { <p class="note">{ (words().cost.coarse_clock)(&format::micros(clock.wall)) }</p> }
}

fn groups(pass: &Pass, clock: Clock) -> Html {
    let words = &words().cost;
    let row = |(at, group): (usize, &GroupCost)| {
        html! {
            <tr key={group.name.clone()} data-group={group.name.clone()}>
                <th scope="row"><i class={classes!("swatch", format!("g{at}"))}></i>{ name(group).to_owned() }</th>
                <td data-head={words.time}>{ group_time(group, clock) }</td>
                <td data-head={words.weights}>{ format::bytes(group.weight_bytes) }</td>
                <td data-head={words.kv}>{ format::bytes(group.kv_read_bytes + group.kv_write_bytes) }</td>
                <td data-head={words.operations_column}>{ format::large(group.operations) }</td>
            </tr>
        }
    };
    html! {
        <table class="numbers stacks late">
            <thead><tr>
                <th scope="col">{ words.step }</th><th scope="col">{ words.time }</th><th scope="col">{ words.weights }</th>
                <th scope="col">{ words.kv }</th><th scope="col">{ words.operations_column }</th>
            </tr></thead>
            <tbody>{ for pass.groups.iter().enumerate().map(row) }</tbody>
        </table>
    }
}

fn of_pass(pass: &Pass, total: &GroupCost) -> Vec<Figure> {
    let words = &words().cost;
    let moved = total.weight_bytes + total.kv_read_bytes + total.kv_write_bytes;
    let seconds = pass.wall_micros / 1e6;
    let mut figures = vec![Figure::measured(
        "wall-micros",
        words.wall,
        pass.wall_micros,
        format::micros(pass.wall_micros),
        words.wall_story,
    )];
    figures.extend(total.micros.map(|micros| {
        Figure::measured(
            "gpu-micros",
            words.in_steps,
            micros,
            format::micros(micros),
            words.in_steps_story,
        )
    }));
    figures.extend([
        Figure::counted(
            "weight-bytes",
            words.weights_touched,
            total.weight_bytes,
            format::bytes(total.weight_bytes),
            words.weights_touched_story,
        ),
        Figure::counted(
            "kv-moved-bytes",
            words.kv_moved,
            total.kv_read_bytes + total.kv_write_bytes,
            format!(
                "{} + {}",
                format::bytes(total.kv_read_bytes),
                format::bytes(total.kv_write_bytes)
            ),
            words.kv_moved_story,
        ),
        Figure::counted(
            "operations",
            words.operations,
            total.operations,
            format::large(total.operations),
            words.operations_story,
        ),
        Figure::counted(
            "dispatches",
            words.dispatches,
            u64::from(pass.dispatches),
            format::count(u64::from(pass.dispatches)),
            words.dispatches_story,
        ),
    ]);
    if seconds > 0.0 {
        figures.extend([
            Figure::measured(
                "bytes-per-second",
                words.bandwidth,
                moved as f64 / seconds,
                format::byte_rate(moved as f64 / seconds),
                words.bandwidth_story,
            ),
            Figure::measured(
                "operations-per-second",
                words.rate,
                total.operations as f64 / seconds,
                format::operation_rate(total.operations as f64 / seconds),
                words.rate_story,
            ),
        ]);
    }
    figures
}

fn running(totals: &Totals) -> Html {
    if totals.passes == 0 {
        return Html::default();
    }
    let words = &words().cost;
    let seconds = totals.wall_micros / 1e6;
    let moved = totals.weight_bytes + totals.kv_read_bytes + totals.kv_write_bytes;
    let rate = totals.computed_tokens as f64 / seconds.max(f64::MIN_POSITIVE);
    let mut all = vec![
        Figure::counted(
            "total-tokens",
            words.tokens_computed,
            totals.computed_tokens,
            format::count(totals.computed_tokens),
            (words.tokens_computed_story)(totals.passes),
        ),
        Figure::counted(
            "total-sampled-tokens",
            words.tokens_sampled,
            totals.sampled_tokens,
            format::count(totals.sampled_tokens),
            words.tokens_sampled_story,
        ),
        Figure::counted(
            "total-reasoning-tokens",
            words.reasoning,
            totals.reasoning_tokens,
            format::count(totals.reasoning_tokens),
            words.reasoning_story,
        ),
    ];
    // Another program's run may tell tokens and nothing of their cost.
    if totals.dispatches > 0 {
        all.extend([
            Figure::measured(
                "total-wall-micros",
                words.in_passes,
                totals.wall_micros,
                format::micros(totals.wall_micros),
                words.in_passes_story,
            ),
            Figure::counted(
                "total-bytes",
                words.bytes_moved,
                moved,
                format::bytes(moved),
                words.bytes_moved_story,
            ),
            Figure::counted(
                "total-operations",
                words.operations,
                totals.operations,
                format::large(totals.operations),
                words.total_operations_story,
            ),
            Figure::measured(
                "tokens-per-second",
                words.tokens_per_second,
                rate,
                format::significant(rate),
                words.tokens_per_second_story,
            ),
        ]);
    }
    html! { <><h3>{ words.so_far }</h3>{ figures(&all) }</> }
}
