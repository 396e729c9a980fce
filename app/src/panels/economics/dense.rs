//! This token, dense: the same token where every weight is met, with equal total and with equal active
//! parameters.

use moescope_engine::cost::{Serving, Sizes, Step, WeightBytes, dense, money, roofline};
use yew::{Html, html};

use super::controls::Picker;
use super::lines::{Cell, Column, Line, Shown, Table, line, of_weights, shown};
use super::{Sheet, finding, sheet};
use crate::format;
use crate::panels::views::Scene;
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Economics};
use crate::state::select;
use crate::words::words;

const CONTROLS: &[Assumption] = &[Assumption::Batch, Assumption::Context, Assumption::Rent];
const DRAWER: &[Assumption] = &[
    Assumption::Bandwidth,
    Assumption::Memory,
    Assumption::Peak,
    Assumption::Efficiency,
    Assumption::FixedMicros,
    Assumption::KvBits,
    Assumption::Reserve,
];

/// A model and how it fares.
struct Case {
    sizes: Sizes,
    weights: WeightBytes,
    serving: Serving,
    step: Step,
}

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.dense;
    let economics = &scene.state.economics;
    let subjects = subjects(scene.state);
    let mut tables: Vec<Table> = subjects
        .iter()
        .filter(|subject| subject.sizes.n_experts > 0)
        .map(|subject| compared(economics, subject))
        .collect();
    tables.extend(subjects.iter().find_map(|subject| as_it_ran(scene, subject)));
    let findings = subjects
        .iter()
        .filter(|subject| subject.sizes.n_experts > 0)
        .map(|subject| findings(economics, subject));
    let body = html! { <>{ for findings }</> };
    sheet(
        scene,
        Sheet {
            name: "dense",
            lead: &texts.lead,
            pickers: &[Picker::Beside, Picker::Device],
            controls: CONTROLS,
            drawer: DRAWER,
            tables,
            drawn_otherwise: Vec::new(),
            charts: Vec::new(),
            body,
        },
    )
}

/// The model, and two dense ones whose weights are stored with as many bits as its own on average.
fn cases(economics: &Economics, subject: &Subject) -> Vec<Case> {
    let sizes = &subject.sizes;
    let mean = sizes.held_bytes(subject.weights) / sizes.total().max(1) as f64;
    let even = WeightBytes {
        always: mean,
        experts: mean,
    };
    let (batch, context) = (
        economics.value(Assumption::Batch),
        economics.value(Assumption::Context),
    );
    let case = |sizes: Sizes, weights| {
        let serving = economics.serving(&sizes, weights);
        let step = roofline::step(&sizes, &serving, batch, context);
        Case {
            sizes,
            weights,
            serving,
            step,
        }
    };
    vec![
        case(sizes.clone(), subject.weights),
        case(dense::equal_total(sizes), even),
        case(dense::equal_active(sizes), even),
    ]
}

fn columns() -> Vec<Column> {
    let texts = &words().economics.dense;
    vec![
        Column::named("sparse", texts.sparse),
        Column::named("equal-total", texts.equal_total),
        Column::named("equal-active", texts.equal_active),
    ]
}

fn compared(economics: &Economics, subject: &Subject) -> Table {
    let cases = cases(economics, subject);
    let inputs = |more: &[Assumption]| -> Vec<Shown> {
        let mut inputs = of_weights(subject);
        inputs.extend(shown(economics, more));
        inputs
    };
    let line =
        |name, told, formula, more: &[Assumption], of: fn(&Case) -> f64, shown: fn(f64) -> String| -> Line {
            line(name, told, formula, &cases, |case| {
                let value = of(case);
                Cell::modelled(value, shown(value), inputs(more))
            })
        };
    let texts = &words().economics.dense;
    let of_step = [Assumption::Batch, Assumption::Context, Assumption::KvBits];
    let of_time = [
        Assumption::Batch,
        Assumption::Context,
        Assumption::KvBits,
        Assumption::Bandwidth,
        Assumption::Peak,
        Assumption::Efficiency,
        Assumption::FixedMicros,
    ];
    let rent = economics.value(Assumption::Rent);
    let mut lines = vec![
        line(
            "total-parameters",
            &texts.total,
            "P_on + L_m·E·p_x + embedding",
            &[],
            |case| case.sizes.total() as f64,
            format::large_size,
        ),
        line(
            "met-parameters",
            &texts.met,
            "P_on + L_m·k·p_x",
            &[],
            |case| case.sizes.active() as f64,
            format::large_size,
        ),
        line(
            "held-bytes",
            &texts.held,
            "P_tot·b",
            &[],
            |case| case.sizes.held_bytes(case.weights),
            format::byte_size,
        ),
        line(
            "bytes-per-token",
            &texts.bytes,
            "(P_on·b + L_m·N(B)·p_x·b_x) / B + KV(S)",
            &of_step,
            |case| case.step.bytes() / case.step.batch,
            format::byte_size,
        ),
        line(
            "operations-per-token",
            &texts.operations,
            "2·P_act + attention(S)",
            &[Assumption::Context],
            |case| case.step.flops / case.step.batch,
            format::large_size,
        ),
        line(
            "step-seconds",
            &texts.step,
            "max(bytes / BW, operations / F) / (n·η) + t_fix",
            &of_time,
            |case| case.step.seconds,
            format::seconds,
        ),
    ];
    let mut of_money = of_time.to_vec();
    of_money.push(Assumption::Rent);
    lines.push(super::lines::line(
        "dollars-per-million",
        &texts.per_million,
        "n·$/h / (3600·B/t)·10⁶",
        &cases,
        |case| {
            let value = money::per_million(rent * case.serving.devices, case.step.tokens_per_second());
            Cell::modelled(value, format::dollars(value), inputs(&of_money))
        },
    ));
    Table::under(subject.name.clone(), columns(), lines)
}

/// The token the panels are about, if the model that ran it is this one.
fn as_it_ran(scene: &Scene<'_>, subject: &Subject) -> Option<Table> {
    let row = scene.focus.as_ref()?.row.filter(|_| subject.is_loaded())?;
    let (pass, total) = (&row.pass, select::total(&row.pass));
    if pass.batch_tokens > 1 || pass.wall_micros <= 0.0 {
        // Tokens of a prompt share their pass: nothing to compare one token with.
        return None;
    }
    let texts = &words().economics.dense;
    let seconds = pass.wall_micros / 1e6;
    let kv_bytes = (total.kv_read_bytes + total.kv_write_bytes) as f64;
    let rate = (total.weight_bytes as f64 + kv_bytes) / seconds;
    let cases = cases(&scene.state.economics, subject);
    let dense_bytes = |case: &Case| case.sizes.always as f64 * case.weights.always;
    let dense = |value: f64, text: String| Cell::modelled(value, text, of_weights(subject));
    let mut bytes = vec![Cell::counted(
        total.weight_bytes as f64,
        format::bytes(total.weight_bytes),
    )];
    let mut time = vec![Cell::measured(seconds, format::micros(pass.wall_micros))];
    for case in &cases[1..] {
        let weights = dense_bytes(case);
        bytes.push(dense(weights, format::byte_size(weights)));
        let seconds = (weights + kv_bytes) / rate;
        time.push(dense(seconds, format::seconds(seconds)));
    }
    let lines = vec![
        Line {
            name: "ran-bytes",
            told: &texts.here_bytes,
            formula: "P·b",
            cells: bytes,
        },
        Line {
            name: "ran-seconds",
            told: &texts.here_time,
            formula: "(weights + KV) / achieved bandwidth",
            cells: time,
        },
    ];
    Some(Table::under(texts.here, columns(), lines))
}

fn findings(economics: &Economics, subject: &Subject) -> Html {
    let texts = &words().economics.dense;
    let cases = cases(economics, subject);
    let [sparse, total, active] = &cases[..] else {
        return Html::default();
    };
    let per_token = |case: &Case| case.step.bytes() / case.step.batch;
    let times = format::significant(per_token(total) / per_token(sparse));
    let held = sparse.sizes.held_bytes(sparse.weights) / active.sizes.held_bytes(active.weights);
    let wins = (texts.wins)(&times, &format::number(economics.value(Assumption::Batch)));
    let loses = dense::batch_reading(&subject.sizes, 2.0)
        .map(|batch| (texts.loses)(&format::significant(held), &format::number(batch.ceil())));
    let sentence = |name, sentence: String| {
        finding(
            name,
            format!("{}{}{sentence}", subject.name, words().economics.colon),
        )
    };
    html! { <>{ sentence("wins", wins) }{ for loses.map(|loses| sentence("loses", loses)) }</> }
}
