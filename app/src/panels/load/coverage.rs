//! Coverage as two lines: the share of all (layer, expert) slots touched after each token, and what
//! chance would touch.

use yew::{Html, html};

use crate::format;
use crate::panels::picture::Axis;
use crate::state::select::load::Coverage;
use crate::words::words;

/// Width and height in the picture's own units.
const SIZE: (f64, f64) = (600.0, 120.0);
/// Most points of a line.
const POINTS: usize = 300;
/// Lines of the table.
const TABLE: usize = 16;

/// The picture, its legend and its table.
pub fn curve(coverage: &Coverage) -> Html {
    let words = &words().load;
    let (measured, by_chance) = coverage.last();
    let percent = |share: f64| format::fixed_percent(share, 1);
    let told = (words.curve)(&percent(measured), &percent(by_chance));
    let tokens = coverage.measured.len().saturating_sub(1);
    html! {
        <>
            <h3>{ words.curve_title }</h3>
            <div class="charted">
            { Axis::over(100, |line| format::percent(1.0 - line as f64 / 100.0)).view("beside") }
            <svg class="curve" role="img" aria-label={told} viewBox={format!("0 0 {} {}", SIZE.0, SIZE.1)} preserveAspectRatio="none">
                { for [0.25, 0.5, 0.75].map(|share| html! { <line class="grid" x1="0" x2={SIZE.0.to_string()} y1={y(share)} y2={y(share)} /> }) }
                <polyline class="chance" points={points(&coverage.by_chance)} />
                <polyline class="measured" points={points(&coverage.measured)} />
            </svg>
            { Axis::over(tokens, |token| format::count(token as u64)).view("below") }
            </div>
            <p class="legend kinds"><span class="line measured">{ words.coverage }</span><span class="line chance">{ words.by_chance }</span>
                <span>{ words.curve_axes }</span></p>
            { table(coverage, tokens) }
        </>
    }
}

fn y(share: f64) -> String {
    format!("{:.2}", SIZE.1 * (1.0 - share))
}

/// A line through no more points than can be told apart.
fn points(shares: &[f64]) -> String {
    let last = shares.len().saturating_sub(1).max(1);
    let point = |at: usize| format!("{:.2},{}", SIZE.0 * at as f64 / last as f64, y(shares[at]));
    sampled(shares.len(), POINTS)
        .into_iter()
        .map(point)
        .collect::<Vec<_>>()
        .join(" ")
}

/// At most so many indices, even, the first and the last among them.
fn sampled(length: usize, most: usize) -> Vec<usize> {
    if length <= most {
        return (0..length).collect();
    }
    (0..most).map(|at| at * (length - 1) / (most - 1)).collect()
}

fn table(coverage: &Coverage, tokens: usize) -> Html {
    let words = &words().load;
    let percent = |share: f64| format::fixed_percent(share, 1);
    let row = |at: usize| {
        html! { <tr key={at}><th scope="row">{ format::count(at as u64) }</th><td>{ percent(coverage.measured[at]) }</td><td>{ percent(coverage.by_chance[at]) }</td></tr> }
    };
    html! {
        <details class="more"><summary>{ words.curve_table }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ words.tokens }</th><th scope="col">{ words.coverage }</th><th scope="col">{ words.by_chance }</th></tr></thead>
                <tbody>{ for sampled(tokens + 1, TABLE).into_iter().skip(1).map(row) }</tbody>
            </table>
        </details>
    }
}
