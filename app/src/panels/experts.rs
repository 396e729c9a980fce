//! Layer × expert: where the router sent one token, or all tokens so far.
//!
//! The picture is a real table: shade is probability (or load), a digit is the rank of a chosen
//! expert, and the last columns are the numbers of the layer. Experts are numbers, never topics.

mod wide;

use yew::{Html, classes, html};

use super::grid::{self, Grid};
use super::shade::{shade, shade_between};
use super::views::Scene;
use super::{Dispatch, not_fed, nothing, panel};
use crate::format;
use crate::protocol::ModelFacts;
use crate::state::select::{self, Focus, LayerLoad, LayerRouting};
use crate::state::{Action, Conversation, ExpertsView, Selection, View};
use crate::words::words;

/// Above this many cells the matrix is a picture: a table would outgrow the screen, and the time of a frame.
const MATRIX_CELLS: usize = 2048;

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let (state, dispatch) = (scene.state, &scene.hands.dispatch);
    match &state.model {
        Some(model) => experts(
            &model.facts,
            &state.conversation,
            scene.focus.as_ref(),
            state.view,
            state.selection,
            dispatch,
        ),
        None => {
            let words = &words().experts;
            panel("experts", words.title, Html::default(), nothing(words.unknown))
        }
    }
}

fn experts(
    facts: &ModelFacts,
    conversation: &Conversation,
    focus: Option<&Focus<'_>>,
    view: View,
    selection: Selection,
    dispatch: &Dispatch,
) -> Html {
    let (is_full_size, view) = (view.shown.is_some(), view.experts);
    let grid = Cells {
        facts,
        selection,
        grid: Grid::new(facts, selection),
        dispatch,
    };
    let words = &words().experts;
    let body = match (view, focus) {
        (_, None) => nothing(&(words.empty)(facts.top_k, facts.n_experts)),
        (ExpertsView::Load, _) => load(&grid, conversation),
        (ExpertsView::Token, Some(Focus { row: None, .. })) => not_fed(),
        (ExpertsView::Token, Some(Focus { row: Some(row), .. })) => {
            token(&grid, &select::routing(facts, row), is_full_size)
        }
    };
    panel("experts", words.title, toggle(view, dispatch), body)
}

fn toggle(view: ExpertsView, dispatch: &Dispatch) -> Html {
    let words = &words().experts;
    let button = |own: ExpertsView, label: &'static str| {
        let onclick = dispatch.reform(move |_| Action::ExpertsViewChosen(own));
        html! { <button type="button" aria-pressed={(view == own).to_string()} {onclick}>{ label }</button> }
    };
    html! {
        <div class="segments" role="group" aria-label={words.shows}>
            { button(ExpertsView::Token, words.this_token) }{ button(ExpertsView::Load, words.load_so_far) }
        </div>
    }
}

/// What the cells of the matrix need to know.
struct Cells<'a> {
    facts: &'a ModelFacts,
    selection: Selection,
    grid: Grid,
    dispatch: &'a Dispatch,
}

fn token(own: &Cells<'_>, layers: &[LayerRouting], is_full_size: bool) -> Html {
    let words = &words().experts;
    let is_small = layers.len() * own.facts.n_experts as usize <= MATRIX_CELLS;
    html! {
        <>
            if is_small {
                { matrix(own, words.matrix, [words.entropy, words.margin], layers.iter().map(|layer| token_row(layer, own.grid, own.facts.n_experts))) }
                <p class="legend">{ words.shade }{ ramp() }{ words.legend }{ tie_legend(layers) }</p>
            }
            if !is_small { { wide::picture(own.facts, layers, own.selection, own.dispatch) } }
            if is_small { { chosen_table(layers, is_full_size) } } else { <wide::Chosen layers={layers.to_vec()} /> }
        </>
    }
}

/// What the sign of a near tie means, where there is one.
fn tie_legend(layers: &[LayerRouting]) -> Html {
    if !layers.iter().any(LayerRouting::is_near_tie) {
        return Html::default();
    }
    html! { <span>{ "· " }<span class="tie-sign">{ "≈" }</span>{ words().experts.tie_short }</span> }
}

/// In which layers another device might have chosen otherwise.
fn near_ties(layers: &[LayerRouting]) -> Html {
    let ties: Vec<_> = layers
        .iter()
        .filter(|layer| layer.is_near_tie())
        .map(|layer| layer.layer.to_string())
        .collect();
    if ties.is_empty() {
        return Html::default();
    }
    let told = (words().experts.near_ties)(ties.len() as u64, &ties.join(", "));
    html! { <p class="note ties" data-value="near-ties" data-raw={ties.len().to_string()}><span class="tie-sign" aria-hidden="true">{ "≈" }</span>{ told }</p> }
}

fn matrix(
    own: &Cells<'_>,
    caption: &'static str,
    ends: [&'static str; 2],
    rows: impl Iterator<Item = Html>,
) -> Html {
    let words = &words().experts;
    let facts = own.facts;
    let step = if facts.n_experts <= 32 { 2 } else { 8 };
    let number = |expert: u32| {
        if expert.is_multiple_of(step) {
            expert.to_string()
        } else {
            String::new()
        }
    };
    html! {
        <div class="matrix-box">
            <table class={classes!("matrix", (facts.n_experts > 40).then_some("dense"))} role="grid" aria-readonly="true" onclick={grid::picked(facts, own.dispatch)}>
                <caption class="visually-hidden">{ caption }</caption>
                <thead><tr>
                    <th scope="col" class="corner">{ words.layer }</th>
                    { for (0..facts.n_experts).map(|expert| html! { <th scope="col" aria-label={(words.expert)(expert)}>{ number(expert) }</th> }) }
                    { for ends.iter().map(|end| html! { <th scope="col" class="end">{ *end }</th> }) }
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </div>
    }
}

/// Where a distribution is not known, the chosen experts are marked all the same.
fn token_row(layer: &LayerRouting, grid: Grid, n_experts: u32) -> Html {
    let tied = layer
        .is_near_tie()
        .then(|| (layer.chosen.last().map(|(id, _)| *id), layer.first_rejected()));
    let is_tied = |expert: usize| {
        let is = |id: Option<u16>| id.is_some_and(|id| usize::from(id) == expert);
        tied.is_some_and(|(last, first)| is(last) || is(first))
    };
    let cell = |expert: usize| {
        let prob = layer.probs.get(expert).copied().unwrap_or(f32::NAN);
        let rank = layer.chosen.iter().position(|(id, _)| usize::from(*id) == expert);
        let weight = rank
            .and_then(|rank| layer.chosen.get(rank))
            .map(|(_, weight)| *weight);
        let chosen = rank.zip(weight);
        token_cell(layer.layer, expert, prob, chosen, is_tied(expert), grid)
    };
    html! {
        <tr key={layer.layer}>
            <th scope="row">{ layer.layer }</th>
            { for (0..n_experts as usize).map(cell) }
            <td class="end">{ format::bits(layer.entropy_bits) }</td>
            <td class="end margin" data-margin={layer.margin.map(|margin| margin.to_string())} data-tie={tied.map(|_| "true")}>
                if tied.is_some() { <span class="tie-sign" title={words().experts.tie}>{ "≈" }<span class="visually-hidden">{ words().experts.tie }</span></span> }
                { layer.margin.map_or("—".into(), format::prob) }
            </td>
        </tr>
    }
}

fn token_cell(
    layer: u32,
    expert: usize,
    prob: f32,
    chosen: Option<(usize, f32)>,
    is_tied: bool,
    grid: Grid,
) -> Html {
    let (rank, weight) = chosen.unzip();
    let (words, number) = (&words().experts, expert as u32);
    let told = match weight {
        Some(weight) => (words.chosen_cell)(layer, number, &format::prob(prob), &format::prob(weight)),
        None => (words.cell)(layer, number, &format::prob(prob)),
    };
    // What is heard begins with what is seen.
    let heard = match rank {
        Some(rank) => format!("{}: {told}", rank + 1),
        None => told.clone(),
    };
    html! {
        <td class={classes!(format!("s{}", shade(prob)), rank.map(|_| "chosen"), is_tied.then_some("tied"))} title={told} aria-label={heard}
            tabindex={grid.tabindex(layer, expert)} aria-selected={grid.is_selected(layer, expert).then_some("true")} data-layer={layer.to_string()} data-expert={expert.to_string()} data-prob={prob.to_string()}
            data-weight={weight.map(|weight| weight.to_string())} data-rank={rank.map(|rank| (rank + 1).to_string())}>
            { rank.map(|rank| (rank + 1).to_string()).unwrap_or_default() }
        </td>
    }
}

fn chosen_table(layers: &[LayerRouting], is_open: bool) -> Html {
    html! { <details class="more" open={is_open}><summary>{ words().experts.chosen }</summary>{ chosen_rows(layers) }</details> }
}

fn chosen_rows(layers: &[LayerRouting]) -> Html {
    let words = &words().experts;
    let row = |layer: &LayerRouting| {
        html! {
            <tr key={layer.layer}>
                <th scope="row">{ layer.layer }</th>
                { for layer.chosen.iter().map(|(id, weight)| html! {
                    <td><b>{ *id }</b><span class="value">{ format::prob(*weight) }</span></td>
                }) }
            </tr>
        }
    };
    let ranks = layers.first().map_or(0, |layer| layer.chosen.len());
    html! {
        <>
            { near_ties(layers) }
            <table class="numbers">
                <thead><tr><th scope="col">{ words.layer }</th>{ for (1..=ranks).map(|rank| html! { <th scope="col">{ (words.rank)(rank as u64) }</th> }) }</tr></thead>
                <tbody>{ for layers.iter().map(row) }</tbody>
            </table>
            <p class="note">{ words.chosen_note }</p>
        </>
    }
}

fn load(own: &Cells<'_>, conversation: &Conversation) -> Html {
    let facts = own.facts;
    let words = &words().experts;
    let layers = select::load(facts, conversation);
    if layers.len() * facts.n_experts as usize > MATRIX_CELLS {
        return html! { <table class="numbers">
            <thead><tr><th scope="col">{ words.layer }</th><th scope="col">{ words.used }</th><th scope="col">{ words.variation }</th></tr></thead>
            <tbody>{ for layers.iter().map(|layer| html! {
                <tr key={layer.layer}><th scope="row">{ layer.layer }</th><td>{ used(layer) }</td><td>{ format::percent(layer.variation) }</td></tr>
            }) }</tbody>
        </table> };
    }
    html! {
        <>
            { matrix(own, words.load_matrix, [words.used, words.variation], layers.iter().map(|layer| load_row(layer, own.grid))) }
            <p class="legend">{ words.shade }{ ramp() }{ (words.load_legend)(facts.top_k, facts.n_experts) }</p>
            <p class="note">{ words.load_note }</p>
        </>
    }
}

fn used(layer: &LayerLoad) -> String {
    (words().numbers.of)(
        &format::count(layer.used as u64),
        &format::count(layer.counts.len() as u64),
    )
}

fn load_row(layer: &LayerLoad, grid: Grid) -> Html {
    let cell = |(expert, &count): (usize, &u32)| {
        let ratio = f64::from(count) / layer.uniform.max(f64::MIN_POSITIVE);
        let told = (words().experts.load_cell)(
            layer.layer,
            expert as u32,
            u64::from(count),
            &format::significant(ratio),
        );
        html! {
            <td class={format!("s{}", shade_between(ratio, 0.0, 3.0))} title={told.clone()} aria-label={told}
                tabindex={grid.tabindex(layer.layer, expert)} aria-selected={grid.is_selected(layer.layer, expert).then_some("true")} data-layer={layer.layer.to_string()} data-expert={expert.to_string()} data-count={count.to_string()}>
                { if count == 0 { "·" } else { "" } }
            </td>
        }
    };
    html! {
        <tr key={layer.layer}>
            <th scope="row">{ layer.layer }</th>
            { for layer.counts.iter().enumerate().map(cell) }
            <td class="end">{ used(layer) }</td>
            <td class="end">{ format::percent(layer.variation) }</td>
        </tr>
    }
}

/// The shades from least to most.
pub fn ramp() -> Html {
    html! { <span class="ramp" aria-hidden="true">{ for (0..super::shade::SHADES).map(|level| html! { <i class={format!("s{level}")}></i> }) }</span> }
}
