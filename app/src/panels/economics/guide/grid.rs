//! A table turned: a row for each of its columns, whose numbers are buttons that open to formula and
//! source below the row.

use yew::{Html, classes, html};

use super::super::lines::{Cell, Column, Line, Table, workings};
use super::edit;
use crate::panels::views::Scene;
use crate::state::Action;
use crate::state::economics::EconomicsAction;
use crate::state::economics::own::{Kind, RowId};
use crate::words::words;

/// A row as it is drawn, beside its numbers.
pub struct Row {
    /// What can be changed; the loaded model cannot.
    pub kind: Option<Kind>,
    /// Puts it on the panels.
    pub choose: Option<EconomicsAction>,
    pub is_chosen: bool,
    pub is_own: bool,
    /// Texts after the numbers.
    pub words: Vec<Html>,
}

/// A grid under a heading.
pub struct Grid<'a> {
    /// Its `data-guide`.
    pub name: &'static str,
    pub title: &'static str,
    /// Of the first column.
    pub of: &'static str,
    /// Of the numbers, where they are more than their labels.
    pub heads: Vec<Html>,
    /// Of the texts.
    pub more: &'a [&'static str],
    pub table: &'a Table,
    pub rows: Vec<Row>,
    /// Below it.
    pub after: Html,
}

/// Labels of the numbers.
pub fn plain_heads(table: &Table) -> Vec<Html> {
    let head = |line: &Line| html! { <th scope="col">{ line.told.label }</th> };
    table.lines.iter().map(head).collect()
}

/// Draws it.
pub fn draw(scene: &Scene<'_>, grid: &Grid<'_>) -> Html {
    let columns = grid.table.columns.iter();
    let rows = columns.zip(&grid.rows).enumerate();
    let rows = rows.map(|(nth, (column, row))| draw_row(scene, grid, nth, column, row));
    html! {
        <>
            <h3>{ grid.title }</h3>
            <div class="wide"><table class="numbers stacks guide" data-guide={grid.name}>
                <thead><tr><th scope="col">{ grid.of }</th>{ for grid.heads.iter().cloned() }
                    { for grid.more.iter().map(|head| html! { <th scope="col" class="words">{ *head }</th> }) }</tr></thead>
                { for rows }
            </table></div>
            { grid.after.clone() }
        </>
    }
}

fn draw_row(scene: &Scene<'_>, grid: &Grid<'_>, nth: usize, column: &Column, row: &Row) -> Html {
    let (economics, texts) = (&scene.state.economics, &words().economics.guide);
    let dispatch = &scene.hands.dispatch;
    let id = row.kind.map(|kind| RowId {
        kind,
        id: column.id.clone(),
    });
    let is_changing = id.is_some() && economics.row == id;
    let choose = row.choose.clone().map(|action| {
        let onclick = dispatch.reform(move |_| Action::Economics(action.clone()));
        html! { <button type="button" class="small" aria-pressed={row.is_chosen.to_string()} data-compares={column.id.clone()} {onclick}>{ texts.compare }</button> }
    });
    let change = id.clone().map(|id| {
        let onclick = dispatch.reform(move |_| Action::Economics(EconomicsAction::RowOpened(id.clone())));
        html! { <button type="button" class="small" aria-expanded={is_changing.to_string()} data-changes={column.id.clone()} {onclick}>{ texts.rows.change }</button> }
    });
    let lines = &grid.table.lines;
    let opened = economics.opened.as_ref().filter(|(of, _)| *of == column.id);
    let opened = opened.and_then(|(_, name)| lines.iter().find(|line| line.name == *name));
    let raw = lines.first().map(|line| line.cells[nth].raw.to_string());
    let n_columns = (1 + lines.len() + grid.more.len()).to_string();
    html! {
        <tbody key={column.id.clone()}>
            <tr class={classes!(row.is_own.then_some("own"))} data-row={column.id.clone()} data-first={raw}>
                <th scope="row">{ &column.name }{ " " }if row.is_own { <em class="yours">{ texts.rows.yours }</em> }
                    <span class="row-tools">{ choose }{ change }</span></th>
                { for lines.iter().map(|line| number(scene, line, &line.cells[nth], column)) }
                { for row.words.iter().zip(grid.more).map(|(words, head)| html! { <td class="words" data-head={*head}>{ words.clone() }</td> }) }
            </tr>
            if let Some(line) = opened {
                <tr class="opened"><td colspan={n_columns.clone()}>{ story(line, &line.cells[nth], column) }</td></tr>
            }
            if let Some(id) = id.filter(|_| is_changing) {
                <tr class="opened"><td colspan={n_columns}>{ edit::form(scene, &id, &column.name) }</td></tr>
            }
        </tbody>
    }
}

fn number(scene: &Scene<'_>, line: &Line, cell: &Cell, column: &Column) -> Html {
    let opened = scene.state.economics.opened.as_ref();
    let is_open = opened.is_some_and(|(of, name)| *of == column.id && *name == line.name);
    let (of, name) = (column.id.clone(), line.name);
    let onclick = scene
        .hands
        .dispatch
        .reform(move |_| Action::Economics(EconomicsAction::NumberOpened(of.clone(), name)));
    let is_verified = cell.inputs.iter().all(|input| input.verified);
    html! {
        <td data-head={line.told.label}><button type="button" class="opens" aria-expanded={is_open.to_string()} aria-label={format!("{}, {}{}{}", column.name, line.told.label, words().economics.colon, cell.text)} {onclick}>
            <data class={classes!("value", cell.origin.name())} data-value={line.name} data-subject={column.id.clone()} data-raw={cell.raw.to_string()}>{ &cell.text }</data>
            if !is_verified { <em class="unverified" aria-hidden="true" title={words().economics.from.unverified}>{ "?" }</em> }
        </button></td>
    }
}

fn story(line: &Line, cell: &Cell, column: &Column) -> Html {
    html! {
        <div class="workings" data-workings={line.name}>
            <p><b>{ line.told.label }</b>{ " " }{ line.told.story }</p>
            if !line.formula.is_empty() { <p><code>{ line.formula }</code></p> }
            { workings(cell, column, true) }
        </div>
    }
}
