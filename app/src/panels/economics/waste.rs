//! Waste: what the workload leaves untouched, what leaving it out would save, and what it would cost in
//! choices that miss. The set is chosen on the first part of the recording and held against the rest.

use moescope_engine::cost::batch::Choices;
use moescope_engine::cost::waste::{self, Coverage, Missed};
use moescope_engine::cost::{Sizes, WeightBytes};
use yew::{Html, html};

use super::controls::Picker;
use super::lines::{Cell, Column, Line, Shown, Table, line, of_weights, one, shown};
use super::{Sheet, finding, sheet};
use crate::format;
use crate::panels::nothing;
use crate::panels::views::Scene;
use crate::state::AppState;
use crate::state::economics::account::{choices, chosen};
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Economics, From};
use crate::words::words;

const CONTROLS: &[Assumption] = &[
    Assumption::KeepShare,
    Assumption::CalibrationShare,
    Assumption::Rent,
];
const DRAWER: &[Assumption] = &[
    Assumption::Memory,
    Assumption::Reserve,
    Assumption::Context,
    Assumption::KvBits,
];

/// What the recording tells.
struct Tested {
    tokens: usize,
    coverage: Coverage,
    /// Share of all experts that is kept.
    kept: f64,
    missed: Missed,
}

impl Tested {
    fn of(state: &AppState) -> Option<Self> {
        let facts = &state.model.as_ref()?.facts;
        let positions = chosen(facts, &state.conversation.rows);
        if positions.len() < 2 {
            return None;
        }
        let all = choices(facts, &positions);
        let share = state.economics.value(Assumption::CalibrationShare);
        let first = ((positions.len() as f64 * share).round() as usize).clamp(1, positions.len() - 1);
        let (known, later) = positions.split_at(first);
        let of = |positions| Choices { positions, ..all };
        let kept = waste::keep(&of(known), state.economics.value(Assumption::KeepShare));
        let n_kept = kept.iter().filter(|kept| **kept).count();
        Some(Self {
            tokens: positions.len(),
            coverage: waste::coverage(&all),
            kept: n_kept as f64 / kept.len().max(1) as f64,
            missed: waste::missed(&of(later), &kept),
        })
    }
}

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.waste;
    let economics = &scene.state.economics;
    let tested = Tested::of(scene.state);
    let subjects: Vec<Subject> = subjects(scene.state)
        .into_iter()
        .filter(|subject| subject.sizes.n_experts > 0)
        .collect();
    let tables = match &tested {
        None => Vec::new(),
        Some(tested) => vec![
            Table::plain(Column::only(texts.lead.title), counted(tested)),
            Table::plain(
                subjects.iter().map(Column::of).collect(),
                saved(economics, &subjects, tested),
            ),
        ],
    };
    let verdict = tested.as_ref().map(|tested| {
        let sentence = (texts.verdict)(
            &format::percent(tested.kept),
            &format::percent(tested.missed.tokens),
        );
        finding("verdict", sentence)
    });
    let others = subjects.iter().filter(|subject| !subject.is_loaded());
    let body = html! {
        <>
            if tested.is_none() { { nothing(texts.empty) } }
            { for verdict }
            if tested.is_some() { { for others.map(|subject| html! { <p class="note">{ (texts.extrapolated)(&subject.name) }</p> }) } }
            { evidence() }
        </>
    };
    sheet(
        scene,
        Sheet {
            name: "waste",
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

#[rustfmt::skip]
fn counted(tested: &Tested) -> Vec<Line> {
    let texts = &words().economics.waste;
    let share = |value: f64| Cell::counted(value, format::percent(value));
    let tokens = Shown {
        label: texts.tokens.label.into(),
        text: format::count(tested.tokens as u64),
        from: super::lines::from_text(&From::Run),
        verified: true,
    };
    let expected = tested.coverage.expected;
    vec![
        one("recorded-tokens", &texts.tokens, "T: positions with a trace", Cell::counted(tested.tokens as f64, format::count(tested.tokens as u64))),
        one("coverage", &texts.coverage, "|touched| / (L_m·E)", share(tested.coverage.touched)),
        one("expected-coverage", &texts.expected, "1 − (1 − k/E)^T", Cell::modelled(expected, format::percent(expected), vec![tokens])),
        one("dormant", &texts.dormant, "1 − touched", share(1.0 - tested.coverage.touched)),
        one("kept", &texts.kept, "fewest that cover the share", share(tested.kept)),
        one("missed-choices", &texts.missed, "choices of what was left out / choices", share(tested.missed.choices)),
        one("missed-tokens", &texts.missed_tokens, "tokens with a miss / tokens", share(tested.missed.tokens)),
    ]
}

/// A model with only a share of its experts.
fn pruned(sizes: &Sizes, weights: WeightBytes, kept: f64) -> f64 {
    waste::pruned_bytes(sizes, weights, kept)
}

#[rustfmt::skip]
fn saved(economics: &Economics, subjects: &[Subject], tested: &Tested) -> Vec<Line> {
    let texts = &words().economics.waste;
    let (memory, reserve) = (economics.value(Assumption::Memory) * 1e9, economics.value(Assumption::Reserve));
    let (context, kv_bytes) = (economics.value(Assumption::Context), economics.value(Assumption::KvBits) / 8.0);
    let rent = economics.value(Assumption::Rent);
    let after = |subject: &Subject| pruned(&subject.sizes, subject.weights, tested.kept);
    let before = |subject: &Subject| subject.sizes.held_bytes(subject.weights);
    let devices = |subject: &Subject, weights: f64| {
        let needed = weights + subject.sizes.kv_bytes(context, kv_bytes);
        (needed / (memory * (1.0 - reserve))).ceil().max(1.0)
    };
    let line = |name, told, formula, more: &[Assumption], of: &dyn Fn(&Subject) -> f64, text: fn(f64) -> String| {
        line(name, told, formula, subjects, |subject| {
            let value = of(subject);
            let mut inputs = of_weights(subject);
            inputs.push(Shown {
                label: texts.kept.label.into(),
                text: format::percent(tested.kept),
                from: super::lines::from_text(&From::Run),
                verified: true,
            });
            inputs.extend(shown(economics, more));
            Cell::modelled(value, text(value), inputs)
        })
    };
    let of_devices = [Assumption::Memory, Assumption::Reserve, Assumption::Context, Assumption::KvBits];
    vec![
        line("pruned-bytes", &texts.pruned, "P_tot·b − (1 − kept)·L_m·E·p_x·b_x", &[], &after, format::byte_size),
        line("saved-bytes", &texts.saved, "(1 − kept)·L_m·E·p_x·b_x", &[], &|subject| before(subject) - after(subject), format::byte_size),
        line("pruned-devices", &texts.devices, "fewest n with memory·n·(1 − reserve) ≥ weights + KV(S)", &of_devices, &|subject| devices(subject, after(subject)), format::number),
        line("saved-dollars-per-hour", &texts.rent, "(n − n pruned)·$/h", &[&of_devices[..], &[Assumption::Rent]].concat(),
            &|subject| (devices(subject, before(subject)) - devices(subject, after(subject))) * rent, format::dollars_per_hour),
    ]
}

fn evidence() -> Html {
    let texts = &words().economics.waste;
    let item = |(claim, source): &(&'static str, &'static str)| {
        html! { <li>{ *claim }{ " " }<cite>{ *source }</cite></li> }
    };
    html! {
        <details class="more evidence"><summary>{ texts.evidence }</summary><ul>{ for texts.evidence_items.iter().map(item) }</ul></details>
    }
}
