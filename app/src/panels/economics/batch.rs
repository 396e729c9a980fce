//! Batch: the visitor's own tokens arrive together, beside what even routing would touch.

mod charts;
mod lines;

use moescope_engine::cost::batch::Spread;
use moescope_engine::cost::energy::Power;
use moescope_engine::cost::{Serving, Step, money, roofline};
use yew::{Html, html};

use super::controls::Picker;
use super::lines::{Column, Table};
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
    Assumption::PowerWorking,
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
    pub power: Power,
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
            power: economics.assumed_power(),
            step,
        }
    }

    fn joules(&self) -> f64 {
        let (devices, step) = (self.serving.devices, &self.step);
        self.power.joules_per_token(devices, step.seconds, step.batch)
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
    let charts = vec![
        charts::experts(economics, &cases, measured.as_ref()),
        charts::cost(economics, &cases),
    ];
    let tables = vec![Table::plain(
        columns,
        lines::lines(economics, &cases, measured.as_ref()),
    )];
    let body = html! {
        <>
            { for cases.iter().filter_map(|case| against_dense(economics, case)) }
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
            drawn_otherwise: Vec::new(),
            charts,
            body,
        },
    )
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
