//! Batch: the visitor's own tokens arrive together, beside what even routing would touch.

use moescope_engine::cost::batch::{self, Spread};
use moescope_engine::cost::{Serving, Step, energy, money, roofline};
use yew::{Html, html};

use super::chart::{Axis, Chart, Series};
use super::controls::Picker;
use super::lines::{Cell, Column, Line, Shown, Table, line, of_weights, shown};
use super::{Sheet, finding, sheet};
use crate::format;
use crate::panels::nothing;
use crate::panels::views::Scene;
use crate::state::AppState;
use crate::state::economics::account::{choices, chosen};
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Economics};
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
    Assumption::Watts,
];
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
const MOST_BATCH: u32 = 1024;
/// Orders in which the tokens are taken to arrive.
const DRAWS: u32 = 16;
const SEED: u64 = 1;
/// A dense model of about the size that a few billion active parameters are weighed against.
const DENSE: &str = "qwen3-8b";

/// A model at the slider's batch.
pub struct Case {
    pub subject: Subject,
    pub serving: Serving,
    pub step: Step,
}

impl Case {
    pub fn of(economics: &Economics, subject: Subject) -> Self {
        let serving = economics.serving(&subject.sizes, subject.weights);
        let (batch, context) = (
            economics.value(Assumption::Batch),
            economics.value(Assumption::Context),
        );
        let step = roofline::step(&subject.sizes, &serving, batch, context);
        Self {
            subject,
            serving,
            step,
        }
    }

    fn joules(&self) -> f64 {
        let watts = self.serving.device.watts;
        energy::joules_per_token(watts, self.serving.devices, self.step.seconds, self.step.batch)
    }

    fn per_million(&self, rent: f64) -> f64 {
        money::per_million(rent * self.serving.devices, self.step.tokens_per_second())
    }
}

/// What the transcript tells of its own batches.
struct Measured {
    positions: u64,
    spreads: Vec<Spread>,
    /// At the slider's batch, at the routers' own rates.
    skewed: f64,
}

impl Measured {
    fn of(state: &AppState) -> Option<Self> {
        let facts = &state.model.as_ref()?.facts;
        let positions = chosen(facts, &state.conversation.rows);
        if positions.is_empty() {
            return None;
        }
        let choices = choices(facts, &positions);
        Some(Self {
            positions: positions.len() as u64,
            spreads: choices.measured(MOST_BATCH, DRAWS, SEED),
            skewed: choices.skewed(state.economics.value(Assumption::Batch)),
        })
    }

    /// The largest batch that is not above this one.
    fn at(&self, batch: f64) -> Option<&Spread> {
        self.spreads
            .iter()
            .rev()
            .find(|spread| f64::from(spread.batch) <= batch)
    }
}

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.batch;
    let economics = &scene.state.economics;
    let cases: Vec<Case> = subjects(scene.state)
        .into_iter()
        .map(|subject| Case::of(economics, subject))
        .collect();
    let measured = Measured::of(scene.state);
    let columns = cases.iter().map(|case| Column::of(&case.subject)).collect();
    let tables = vec![Table::plain(columns, lines(economics, &cases, measured.as_ref()))];
    let body = html! {
        <>
            { for cases.iter().filter_map(|case| against_dense(economics, case)) }
            <div class="charts">
                { experts_chart(economics, &cases, measured.as_ref()) }
                { cost_chart(economics, &cases) }
            </div>
            if let Some(measured) = measured.filter(|measured| measured.positions < u64::from(MOST_BATCH)) {
                { nothing(&(texts.too_short)(measured.positions)) }
            }
        </>
    };
    sheet(
        scene,
        Sheet {
            name: "batch",
            lead: &texts.lead,
            pickers: &[Picker::Beside, Picker::Device],
            controls: CONTROLS,
            drawer: DRAWER,
            tables,
            body,
        },
    )
}

fn lines(economics: &Economics, cases: &[Case], measured: Option<&Measured>) -> Vec<Line> {
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
            "W·n·t / B",
            &with(&[Assumption::Watts]),
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
        let is_of = |run: &&crate::state::economics::presets::MeasuredRun| {
            run.model == case.subject.id && run.device == device.id
        };
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

/// Sparse against dense at this batch: neither wins everywhere.
fn against_dense(economics: &Economics, case: &Case) -> Option<Html> {
    let texts = &words().economics.batch;
    let dense = economics
        .preset(DENSE)
        .filter(|_| case.subject.sizes.n_experts > 0)?;
    // Far smaller and far larger models say nothing beside it.
    let active = case.subject.sizes.active() as f64;
    let dense = Case::of(economics, Subject::of(dense));
    if !(0.2..=0.9).contains(&(active / dense.subject.sizes.active() as f64)) {
        return None;
    }
    let (own, other) = (case.joules(), dense.joules());
    let tell = if own > other { texts.dearer } else { texts.cheaper };
    let batch = format::number(case.step.batch);
    let sentence = tell(
        &case.subject.name,
        &dense.subject.name,
        &batch,
        &format::joules(own),
        &format::joules(other),
    );
    Some(finding(if own > other { "dearer" } else { "cheaper" }, sentence))
}

fn batches() -> impl Iterator<Item = u32> {
    (0..=MOST_BATCH.ilog2()).map(|power| 1 << power)
}

fn experts_chart(economics: &Economics, cases: &[Case], measured: Option<&Measured>) -> Html {
    let texts = &words().economics.batch;
    let sparse = cases.iter().filter(|case| case.subject.sizes.n_experts > 0);
    let mut series: Vec<Series> = Vec::new();
    for case in sparse {
        let (experts, chosen) = (case.subject.sizes.n_experts, case.subject.sizes.top_k);
        let share = |batch: u32| batch::distinct(f64::from(batch), experts, chosen) / f64::from(experts);
        series.push(Series {
            name: (texts.closed_form)(&case.subject.name),
            style: "dashed",
            points: batches().map(|batch| (f64::from(batch), share(batch))).collect(),
            spread: Vec::new(),
        });
        if let Some(measured) = measured.filter(|_| case.subject.is_loaded()) {
            let of = |distinct: f64| distinct / f64::from(experts);
            series.push(Series {
                name: texts.measured_line.into(),
                style: "measured",
                points: measured
                    .spreads
                    .iter()
                    .map(|spread| (f64::from(spread.batch), of(spread.mean)))
                    .collect(),
                spread: measured
                    .spreads
                    .iter()
                    .map(|spread| (of(spread.low), of(spread.high)))
                    .collect(),
            });
        }
    }
    let chart = Chart {
        name: "experts",
        label: texts.chart,
        x: Axis {
            title: texts.batch,
            is_log: true,
            tick: format::number,
        },
        y: Axis {
            title: texts.share_axis,
            is_log: false,
            tick: format::percent,
        },
        series,
        at: Some(economics.value(Assumption::Batch)),
    };
    chart.draw()
}

fn cost_chart(economics: &Economics, cases: &[Case]) -> Html {
    let texts = &words().economics.batch;
    let (rent, context) = (
        economics.value(Assumption::Rent),
        economics.value(Assumption::Context),
    );
    let series = cases.iter().map(|case| {
        let at = |batch: u32| {
            let step = roofline::step(&case.subject.sizes, &case.serving, f64::from(batch), context);
            let dollars = money::per_million(rent * case.serving.devices, step.tokens_per_second());
            (f64::from(batch), dollars)
        };
        Series {
            name: case.subject.name.clone(),
            style: "solid",
            points: batches().map(at).collect(),
            spread: Vec::new(),
        }
    });
    let chart = Chart {
        name: "batch-cost",
        label: texts.cost_chart,
        x: Axis {
            title: texts.batch,
            is_log: true,
            tick: format::number,
        },
        y: Axis {
            title: texts.dollars_axis,
            is_log: true,
            tick: format::dollars,
        },
        series: series.collect(),
        at: Some(economics.value(Assumption::Batch)),
    };
    chart.draw()
}
