//! What fewer bits do to the answers: the experts rounded in the page, over the conversation.

use yew::{Html, html};

use super::super::lines::{Cell, Column, Line, Table, line};
use crate::format;
use crate::panels::nothing;
use crate::panels::views::Scene;
use crate::protocol::ComparedFacts;
use crate::state::Action;
use crate::state::economics::{Economics, EconomicsAction, Quality};
use crate::words::words;

/// Bits that the page rounds to.
const ROUNDED_TO: [u8; 6] = [8, 6, 5, 4, 3, 2];

/// What was measured, a column for each number of bits.
pub fn table(economics: &Economics) -> Vec<Table> {
    let Quality::Known(measured) = &economics.quality else {
        return Vec::new();
    };
    let columns = measured
        .iter()
        .map(|facts| Column::named(&format!("bits-{}", facts.bits), &format!("{} bit", facts.bits)));
    let compared: Vec<ComparedFacts> = measured.iter().map(|facts| facts.compared).collect();
    vec![Table::under(
        words().economics.bits.measured,
        columns.collect(),
        lines(&compared),
    )]
}

/// Means over the positions, a cell for each comparison.
pub fn lines(compared: &[ComparedFacts]) -> Vec<Line> {
    let texts = &words().economics.bits;
    vec![
        line("positions", &texts.positions, "", compared, |facts| {
            let text = format::count(u64::from(facts.positions));
            Cell::counted(f64::from(facts.positions), text)
        }),
        line(
            "kl-divergence",
            &texts.divergence,
            "Σ_v p(v)·log₂(p(v) / q(v))",
            compared,
            |facts| Cell::counted(facts.divergence_bits, format::bits_exact(facts.divergence_bits)),
        ),
        line(
            "agreement",
            &texts.agreement,
            "argmax p = argmax q",
            compared,
            |facts| Cell::counted(facts.agreement, format::percent(facts.agreement)),
        ),
        line(
            "perplexity",
            &texts.perplexity,
            "2^(mean −log₂ q(next))",
            compared,
            |facts| {
                let text = format!(
                    "{} ({})",
                    format::significant(facts.perplexity),
                    format::significant(facts.reference_perplexity)
                );
                Cell::counted(facts.perplexity, text)
            },
        ),
    ]
}

/// The button that measures, and what it does.
pub fn measuring(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.bits;
    let is_empty = scene.state.conversation.latest().is_none();
    let is_under_way = scene.state.economics.quality == Quality::UnderWay;
    let onclick = scene
        .hands
        .dispatch
        .reform(|_| Action::Economics(EconomicsAction::BitsAsked(ROUNDED_TO.to_vec())));
    let is_ready = !is_empty && !is_under_way && scene.state.activity.is_idle();
    html! {
        <div class="to-measure">
            <p class="note">{ texts.how }</p>
            <button type="button" data-does="compare-bits" disabled={!is_ready} {onclick}>
                { if is_under_way { texts.measuring } else { texts.measure } }</button>
            if is_empty { { nothing(texts.nothing_to_compare) } }
        </div>
    }
}
