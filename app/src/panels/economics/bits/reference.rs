//! The loaded model against a file of the visitor's: what it will take, how far it is, what came of it,
//! token by token.

use web_sys::HtmlInputElement;
use yew::{Html, TargetCast, html};

use super::super::chart::{Axis, Chart, Series};
use super::super::lines::{Cell, Column, Line, Table};
use super::quality;
use crate::format;
use crate::hands::ReferenceAsk;
use crate::panels::views::Scene;
use crate::panels::when;
use crate::protocol::{FileFacts, PositionFacts};
use crate::state::Action;
use crate::state::economics::reference::Reference;
use crate::state::economics::subject::subjects;
use crate::state::economics::{Economics, EconomicsAction};
use crate::words::words;

/// Positions told with their tokens, those that differ most.
const FARTHEST: usize = 8;

fn known(economics: &Economics) -> Option<&FileFacts> {
    match &economics.reference {
        Reference::Known(facts) => Some(facts),
        _ => None,
    }
}

/// Means, and where both differ most.
pub fn tables(economics: &Economics) -> Vec<Table> {
    let Some(facts) = known(economics) else {
        return Vec::new();
    };
    let texts = &words().economics.bits;
    let caption = (texts.against)(&facts.name, &facts.quantization);
    let means = Table::under(
        caption,
        vec![Column::named("file", &facts.name)],
        quality::lines(&[facts.compared]),
    );
    let columns = [
        ("token", texts.token),
        ("divergence", texts.divergence.label),
        ("reference", texts.reference_expects),
        ("own", texts.own_expects),
    ];
    let columns = columns.map(|(id, name)| Column::named(id, name)).to_vec();
    let mut farthest: Vec<(usize, &PositionFacts)> = facts.positions.iter().enumerate().collect();
    farthest.sort_by(|a, b| b.1.divergence_bits.total_cmp(&a.1.divergence_bits));
    let lines = farthest
        .into_iter()
        .take(FARTHEST)
        .map(|(at, position)| farthest_line(at, position));
    vec![
        means,
        Table::under(texts.farthest_title, columns, lines.collect()),
    ]
}

fn farthest_line(at: usize, position: &PositionFacts) -> Line {
    let quoted = |text: &str| format!("“{}”", text.escape_debug());
    let at = at as f64;
    let text = |text: &str| Cell::counted(at, quoted(text));
    Line {
        name: "farthest",
        told: &words().economics.bits.farthest,
        formula: "",
        cells: vec![
            text(&position.text),
            Cell::counted(
                position.divergence_bits,
                format::bits_exact(position.divergence_bits),
            ),
            text(&position.reference_choice),
            text(&position.choice),
        ],
    }
}

/// Position by position.
pub fn chart(economics: &Economics) -> Option<Chart> {
    let (facts, texts) = (known(economics)?, &words().economics.bits);
    let points = facts.positions.iter().enumerate();
    let series = Series {
        name: facts.name.clone(),
        hue: 0,
        style: "measured",
        points: points
            .map(|(at, position)| (at as f64, position.divergence_bits))
            .collect(),
        spread: Vec::new(),
    };
    Some(Chart {
        name: "divergence",
        label: texts.by_position,
        x: Axis {
            title: texts.position,
            is_log: false,
            tick: format::number,
        },
        y: Axis {
            title: texts.divergence.label,
            is_log: false,
            tick: format::bits_exact,
        },
        series: vec![series],
        at: None,
    })
}

/// The file, what it will take, and the buttons.
pub fn choosing(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.bits;
    let chosen = scene.hands.reference.clone();
    let onchange = when(&chosen, |event: yew::Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        let list = input.files()?;
        let files: Vec<_> = (0..list.length()).filter_map(|at| list.get(at)).collect();
        // The same file may be chosen again.
        input.set_value("");
        (!files.is_empty()).then_some(ReferenceAsk::Choose(files))
    });
    html! {
        <div class="to-measure" data-panel-part="reference">
            <p class="note">{ texts.against_how }{ " " }{ texts.audit }</p>
            <label class="picker">{ texts.open_reference }<input type="file" accept=".gguf" multiple=true data-picker="reference" {onchange} /></label>
            { under_way(scene) }
        </div>
    }
}

fn under_way(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.bits;
    let ask = scene.hands.reference.reform(|_| ReferenceAsk::Compare);
    let cancel = scene
        .hands
        .dispatch
        .reform(|_| Action::Economics(EconomicsAction::ReferenceCancelled));
    match &scene.state.economics.reference {
        Reference::None | Reference::Known(_) => Html::default(),
        Reference::Chosen { name, bytes } => {
            let own = subjects(scene.state)
                .into_iter()
                .find(|subject| subject.is_loaded());
            let own = own.map_or(0.0, |subject| subject.sizes.held_bytes(subject.weights));
            let needs = (texts.reference_needs)(name, &format::bytes(*bytes), &format::byte_size(own));
            let is_ready = scene.state.conversation.latest().is_some() && scene.state.activity.is_idle();
            html! {
                <>
                    <p class="note" data-value="reference-needs">{ needs }
                        if scene.state.conversation.latest().is_none() { { " " }{ texts.nothing_to_compare } }</p>
                    <button type="button" data-does="compare-file" disabled={!is_ready} onclick={ask}>{ texts.compare }</button>
                </>
            }
        }
        Reference::UnderWay {
            name, done, total, ..
        } => {
            let progress = match total {
                0 => (texts.opening)(name),
                _ => (texts.comparing)(*done, *total),
            };
            html! {
                <>
                    <p class="note" role="status">{ progress }{ " " }if *total > 0 { <progress max={total.to_string()} value={done.to_string()} aria-label={texts.compare} /> }</p>
                    <button type="button" data-does="cancel-compare" onclick={cancel}>{ texts.cancel }</button>
                </>
            }
        }
    }
}
