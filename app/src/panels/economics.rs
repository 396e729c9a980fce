//! Economics: what a token costs here, what it would cost there, and who can afford it.
//!
//! One file per panel. Each makes tables of lines from the assumptions and the models compared, and
//! hands them to [`sheet`], which draws them, lets every value be opened to its formula and inputs, and
//! offers the whole as a file. Nothing here is measured but what says so.

pub mod batch;
pub mod bits;
pub mod budget;
mod chart;
pub mod context;
mod controls;
pub mod demand;
pub mod dense;
mod export;
pub mod guide;
pub mod here;
pub mod lines;
pub mod receipt;
pub mod waste;

use yew::{Html, html};

use self::chart::Chart;
use self::controls::{Picker, assumptions, pickers};
use self::lines::{Table, tables};
use super::panel;
use super::views::Scene;
use crate::state::Action;
use crate::state::economics::{Assumption, EconomicsAction};
use crate::words::economics::Lead;
use crate::words::words;

/// What a panel of economics is made of.
pub struct Sheet<'a> {
    /// Its `data-panel`, and its page of docs.
    pub name: &'static str,
    pub lead: &'static Lead,
    pub pickers: &'a [Picker],
    pub controls: &'a [Assumption],
    /// Those that are seldom changed, behind a click.
    pub drawer: &'a [Assumption],
    pub tables: Vec<Table>,
    /// Numbers the body draws in a way of its own; they export like the others.
    pub drawn_otherwise: Vec<Table>,
    pub charts: Vec<Chart>,
    /// Between controls and charts: sentences.
    pub body: Html,
}

/// Draws it.
pub fn sheet(scene: &Scene<'_>, sheet: Sheet<'_>) -> Html {
    let (economics, dispatch) = (&scene.state.economics, &scene.hands.dispatch);
    let texts = &words().economics;
    let reset = dispatch.reform(|_| Action::Economics(EconomicsAction::Reset));
    let back = dispatch.reform(|_| Action::Economics(EconomicsAction::CameBack));
    let tools = html! {
        <span class="sheet-tools">
            if economics.is_followed() { <span class="note">{ texts.followed }{ " " }<button type="button" data-does="come-back" onclick={back}>{ texts.come_back }</button></span> }
            { export::links(economics, &sheet) }
            <a href={format!("{}/{}.html", texts.docs_folder, sheet.name)} target="_blank" rel="noopener">{ texts.docs }</a>
            <button type="button" class="reset" disabled={!economics.is_edited()} onclick={reset}>{ texts.reset }</button>
        </span>
    };
    let body = html! {
        <>
            <p class="lead">{ sheet.lead.told }</p>
            <div class="assumed">
                { pickers(scene, sheet.pickers) }
                { assumptions(economics, sheet.controls, dispatch) }
            </div>
            if !sheet.drawer.is_empty() {
                <details class="more drawer"><summary>{ texts.more }</summary>
                    <div class="assumed">{ assumptions(economics, sheet.drawer, dispatch) }</div></details>
            }
            { sheet.body }
            if !sheet.charts.is_empty() { <div class="charts">{ for sheet.charts.iter().map(Chart::draw) }</div> }
            { tables(&sheet.tables) }
            <p class="legend origins">
                <span class="measured">{ words().figure.measured_legend }</span>
                <span class="counted">{ words().figure.counted_legend }</span>
                <span class="modelled">{ words().figure.modelled_legend }</span>
            </p>
        </>
    };
    html! { <div class="economics">{ panel(sheet.name, sheet.lead.title, tools, body) }</div> }
}

/// A sentence that follows from the numbers.
fn finding(name: &'static str, sentence: String) -> Html {
    html! { <p class="finding" data-finding={name}>{ sentence }</p> }
}
