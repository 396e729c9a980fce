//! The numbers of a batch: experts touched, bytes, time, money and energy, each with its formula.

use moescope_engine::cost::{batch, roofline};

use super::super::lines::{Cell, Line, Shown, line, of_weights, shown};
use super::{Case, Measured};
use crate::format;
use crate::state::economics::presets::MeasuredRun;
use crate::state::economics::{Assumption, Economics};
use crate::words::words;

/// What the time of a step rests on.
const OF_TIME: &[Assumption] = &[
    Assumption::Batch,
    Assumption::Context,
    Assumption::KvBits,
    Assumption::Bandwidth,
    Assumption::Peak,
    Assumption::Efficiency,
    Assumption::FixedMicros,
    Assumption::Memory,
    Assumption::Reserve,
];

pub fn lines(economics: &Economics, cases: &[Case], measured: Option<&Measured>) -> Vec<Line> {
    let texts = &words().economics.batch;
    let inputs = |case: &Case, more: &[Assumption]| -> Vec<Shown> {
        let mut inputs = of_weights(&case.subject);
        inputs.extend(shown(economics, more));
        inputs
    };
    let model =
        |name, told, formula, more: &[Assumption], of: &dyn Fn(&Case) -> f64, text: fn(f64) -> String| {
            line(name, told, formula, cases, |case| {
                let value = of(case);
                Cell::modelled(value, text(value), inputs(case, more))
            })
        };
    let is_sparse = |case: &Case| case.subject.sizes.n_experts > 0;
    let sparse =
        |name, told, formula, more: &[Assumption], of: &dyn Fn(&Case) -> f64, text: fn(f64) -> String| {
            line(name, told, formula, cases, |case| {
                if !is_sparse(case) {
                    return Cell::unknown();
                }
                let value = of(case);
                Cell::modelled(value, text(value), inputs(case, more))
            })
        };
    let rent = economics.value(Assumption::Rent);
    let with = |more: &[Assumption]| [OF_TIME, more].concat();
    let mut lines = vec![sparse(
        "distinct-experts",
        &texts.distinct,
        "N(B) = E·(1 − (1 − k/E)^B)",
        &[Assumption::Batch],
        &|case| case.step.distinct,
        format::significant,
    )];
    lines.extend(
        measured
            .and_then(|measured| of_run(economics, cases, measured))
            .into_iter()
            .flatten(),
    );
    lines.extend([
        sparse(
            "touched-share",
            &texts.touched,
            "N(B) / E",
            &[Assumption::Batch],
            &|case| case.step.distinct / f64::from(case.subject.sizes.n_experts),
            format::percent,
        ),
        sparse(
            "tokens-per-expert",
            &texts.per_expert,
            "B·k / N(B)",
            &[Assumption::Batch],
            &|case| {
                batch::tokens_per_expert(
                    case.step.batch,
                    case.subject.sizes.n_experts,
                    case.subject.sizes.top_k,
                )
            },
            format::significant,
        ),
        sparse(
            "knee-batch",
            &texts.knee,
            "ln 0.1 / ln(1 − k/E)",
            &[],
            &|case| {
                batch::batch_for_share(0.9, case.subject.sizes.n_experts, case.subject.sizes.top_k).ceil()
            },
            format::number,
        ),
        sparse(
            "critical-batch",
            &texts.critical,
            "F/BW · b_x/2 · E/k",
            &[Assumption::Peak, Assumption::Bandwidth],
            &|case| {
                roofline::critical_batch(
                    &case.serving.device,
                    case.subject.weights.experts,
                    case.subject.sizes.n_experts,
                    case.subject.sizes.top_k,
                )
            },
            format::significant,
        ),
        model(
            "bytes-per-token",
            &texts.bytes,
            "(P_on·b + L_m·N(B)·p_x·b_x) / B + KV(S)",
            &[Assumption::Batch, Assumption::Context, Assumption::KvBits],
            &|case| case.step.bytes() / case.step.batch,
            format::byte_size,
        ),
        model(
            "devices",
            &texts.devices,
            "n: fewest with memory·n·(1 − reserve) ≥ weights + KV(S)",
            &[
                Assumption::Memory,
                Assumption::Reserve,
                Assumption::Context,
                Assumption::KvBits,
            ],
            &|case| case.serving.devices,
            format::number,
        ),
        model(
            "step-seconds",
            &texts.seconds,
            "max(bytes / BW, operations / F) / (n·η) + t_fix",
            OF_TIME,
            &|case| case.step.seconds,
            format::seconds,
        ),
        line(
            "bound",
            &texts.bound_by,
            "bytes / BW ≷ operations / F",
            cases,
            |case| {
                Cell::modelled(
                    f64::NAN,
                    (texts.bound)(case.step.bound.name()).into(),
                    inputs(case, OF_TIME),
                )
            },
        ),
        model(
            "user-speed",
            &texts.user_speed,
            "1 / t",
            OF_TIME,
            &|case| case.step.user_speed(),
            format::token_rate,
        ),
        model(
            "tokens-per-second",
            &texts.throughput,
            "B / t",
            OF_TIME,
            &|case| case.step.tokens_per_second(),
            format::token_rate,
        ),
        model(
            "dollars-per-million",
            &texts.per_million,
            "n·$/h / (3600·B/t)·10⁶",
            &with(&[Assumption::Rent]),
            &|case| case.per_million(rent),
            format::dollars,
        ),
        model(
            "joules-per-token",
            &texts.joules,
            "W·working·n·t / B",
            &with(&[Assumption::Watts, Assumption::PowerWorking]),
            &Case::joules,
            format::joules,
        ),
    ]);
    lines.extend(measured_joules(economics, cases));
    lines
}

/// What the run shows of the loaded model.
fn of_run(economics: &Economics, cases: &[Case], measured: &Measured) -> Option<[Line; 2]> {
    let texts = &words().economics.batch;
    let spread = measured.at(economics.value(Assumption::Batch))?;
    let union = |case: &Case| {
        if !case.subject.is_loaded() {
            return Cell::unknown();
        }
        let spread_text = format!(
            "{} ({}–{}, B = {})",
            format::significant(spread.mean),
            format::significant(spread.low),
            format::significant(spread.high),
            spread.batch
        );
        Cell::counted(spread.mean, spread_text)
    };
    let at_rates = |case: &Case| {
        if !case.subject.is_loaded() {
            return Cell::unknown();
        }
        let text = format::significant(measured.skewed);
        Cell::modelled(measured.skewed, text, shown(economics, &[Assumption::Batch]))
    };
    Some([
        line("measured-distinct", &texts.measured, "|∪ chosen|", cases, union),
        line(
            "skewed-distinct",
            &texts.skewed,
            "N(B) = Σ_e 1 − (1 − p_e)^B",
            cases,
            at_rates,
        ),
    ])
}

/// Joules that others measured of a model on the chosen device, at the nearest batch.
fn measured_joules(economics: &Economics, cases: &[Case]) -> Option<Line> {
    let device = economics.device()?;
    let runs = &economics.presets.measured;
    let wanted = economics.value(Assumption::Batch);
    let of = |case: &Case| {
        let is_of = |run: &&MeasuredRun| run.model == case.subject.id && run.device == device.id;
        let run = runs.runs.iter().find(is_of)?;
        let distance = |batch: u32| (f64::from(batch) / wanted).ln().abs();
        let nearest = run
            .joules_per_token
            .iter()
            .min_by(|a, b| distance(a.batch).total_cmp(&distance(b.batch)))?;
        Some((run.devices, *nearest))
    };
    cases.iter().find_map(of)?;
    let told = &words().economics.batch.measured_joules;
    Some(line("measured-joules", told, "", cases, |case| match of(case) {
        None => Cell::unknown(),
        Some((devices, nearest)) => {
            let text = format!(
                "{} (B = {}, n = {devices})",
                format::joules(nearest.joules),
                nearest.batch
            );
            let source = Shown {
                label: device.name.clone(),
                text: format::joules(nearest.joules),
                from: format!("{}, {}", runs.source, runs.date),
                verified: true,
            };
            Cell::modelled(nearest.joules, text, vec![source])
        }
    }))
}
