//! Lines of a table: a number for each model compared, which opens to its formula, inputs and sources.

use yew::{Html, classes, html};

use crate::format::{self, Origin};
use crate::state::economics::subject::Subject;
use crate::state::economics::{Assumption, Economics, From};
use crate::words::economics::Told;
use crate::words::words;

/// Lines under one heading, with the same columns.
pub struct Table {
    pub caption: Option<String>,
    pub columns: Vec<Column>,
    pub lines: Vec<Line>,
}

/// What a column is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its `data-subject`.
    pub id: String,
    pub name: String,
}

/// One number, for every column.
pub struct Line {
    /// Its `data-value`.
    pub name: &'static str,
    pub told: &'static Told,
    /// As in the docs.
    pub formula: &'static str,
    pub cells: Vec<Cell>,
}

/// The number of one column.
pub struct Cell {
    pub raw: f64,
    pub text: String,
    pub origin: Origin,
    pub inputs: Vec<Shown>,
}

/// An input as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub label: String,
    pub text: String,
    pub from: String,
    pub verified: bool,
}

impl Cell {
    /// Worked out with a formula.
    pub fn modelled(raw: f64, text: String, inputs: Vec<Shown>) -> Self {
        Self {
            raw,
            text,
            origin: Origin::Modelled,
            inputs,
        }
    }

    /// Counted exactly.
    pub fn counted(raw: f64, text: String) -> Self {
        Self {
            raw,
            text,
            origin: Origin::Counted,
            inputs: Vec::new(),
        }
    }

    /// Read from a clock, or divided by one.
    pub fn measured(raw: f64, text: String) -> Self {
        Self {
            raw,
            text,
            origin: Origin::Measured,
            inputs: Vec::new(),
        }
    }

    /// Not known here.
    pub fn unknown() -> Self {
        Self {
            raw: f64::NAN,
            text: "—".into(),
            origin: Origin::Modelled,
            inputs: Vec::new(),
        }
    }
}

impl Table {
    /// Lines without a heading.
    pub fn plain(columns: Vec<Column>, lines: Vec<Line>) -> Self {
        Self {
            caption: None,
            columns,
            lines,
        }
    }

    /// Lines under a heading.
    pub fn under(caption: impl Into<String>, columns: Vec<Column>, lines: Vec<Line>) -> Self {
        Self {
            caption: Some(caption.into()),
            ..Self::plain(columns, lines)
        }
    }
}

/// A line with a cell for each of something.
pub fn line<T>(
    name: &'static str,
    told: &'static Told,
    formula: &'static str,
    of: &[T],
    cell: impl Fn(&T) -> Cell,
) -> Line {
    Line {
        name,
        told,
        formula,
        cells: of.iter().map(cell).collect(),
    }
}

/// The line of a table with one column.
pub fn one(name: &'static str, told: &'static Told, formula: &'static str, cell: Cell) -> Line {
    Line {
        name,
        told,
        formula,
        cells: vec![cell],
    }
}

impl Column {
    /// A column by an id of its own.
    pub fn named(id: &str, name: &str) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
        }
    }

    pub fn of(subject: &Subject) -> Self {
        Self {
            id: subject.id.clone(),
            name: subject.name.clone(),
        }
    }

    /// The only column of a table.
    pub fn only(name: &str) -> Vec<Self> {
        vec![Self {
            id: "only".into(),
            name: name.into(),
        }]
    }
}

/// Assumptions as inputs.
pub fn shown(economics: &Economics, assumptions: &[Assumption]) -> Vec<Shown> {
    let one = |assumption: &Assumption| {
        let input = economics.input(*assumption);
        Shown {
            label: (words().economics.assumption)(*assumption).into(),
            text: format::assumed(input.value, assumption.bounds().unit),
            verified: is_verified(&input.from),
            from: from_text(&input.from),
        }
    };
    assumptions.iter().map(one).collect()
}

/// A number of a model as an input.
pub fn of_model(subject: &Subject, label: &str, text: String) -> Shown {
    Shown {
        label: label.into(),
        text,
        from: from_text(&subject.from),
        verified: is_verified(&subject.from),
    }
}

/// Its parameters by role, and how they are stored.
pub fn of_weights(subject: &Subject) -> Vec<Shown> {
    let (texts, sizes) = (&words().economics.sizes, &subject.sizes);
    let mut inputs = vec![of_model(subject, texts.always, format::large(sizes.always))];
    if sizes.n_experts > 0 {
        let experts = (texts.experts)(sizes.moe_layers, sizes.n_experts, sizes.top_k);
        inputs.push(of_model(subject, texts.routing, experts));
        inputs.push(of_model(
            subject,
            texts.per_expert,
            format::large(sizes.per_expert),
        ));
    }
    let bits = |bytes: f64| format::significant(bytes * 8.0);
    let stored = (texts.stored)(&bits(subject.weights.always), &bits(subject.weights.experts));
    inputs.push(of_model(subject, texts.bits, stored));
    inputs
}

pub fn is_verified(from: &From) -> bool {
    !matches!(from, From::Preset { verified: false, .. })
}

/// Where an input is from, in words.
pub fn from_text(from: &From) -> String {
    let texts = &words().economics.from;
    match from {
        From::Edited => texts.edited.into(),
        From::Usual => texts.usual.into(),
        From::File => texts.file.into(),
        From::Run => texts.run.into(),
        From::Preset { source, date, .. } => format!("{source}, {date}"),
        From::Own { source, day } => (texts.own)(day, source),
    }
}

/// Draws tables under each other.
pub fn tables(tables: &[Table]) -> Html {
    html! { <>{ for tables.iter().map(table) }</> }
}

fn table(table: &Table) -> Html {
    if table.lines.is_empty() {
        return Html::default();
    }
    let n_columns = table.columns.len();
    let several = (n_columns > 1).then(|| vec!["several".to_owned(), format!("of-{n_columns}")]);
    let wide = classes!("lines", several);
    html! {
        <div class={wide} role="group" aria-label={table.caption.clone()}>
            if let Some(caption) = &table.caption { <h3>{ caption }</h3> }
            if table.columns.len() > 1 {
                <p class="columns-of"><span></span>{ for table.columns.iter().map(|column| html! { <b>{ &column.name }</b> }) }</p>
            }
            { for table.lines.iter().map(|line| draw(line, &table.columns)) }
        </div>
    }
}

fn draw(line: &Line, columns: &[Column]) -> Html {
    let values = line.cells.iter().zip(columns).map(|(cell, column)| {
        html! {
            <data class={classes!("value", cell.origin.name())} data-value={line.name} data-subject={column.id.clone()}
                data-raw={cell.raw.to_string()}><span class="of">{ &column.name }</span>{ &cell.text }</data>
        }
    });
    html! {
        <details class="figure cost-line" key={line.name}>
            <summary><span class="label">{ label(line) }</span>{ for values }</summary>
            <div class="workings">
                if !line.told.story.is_empty() { <p>{ line.told.story }</p> }
                if !line.formula.is_empty() { <p><code>{ line.formula }</code></p> }
                { for line.cells.iter().zip(columns).map(|(cell, column)| workings(cell, column, columns.len() > 1)) }
            </div>
        </details>
    }
}

/// Fields of a provider are called what it calls them.
fn label(line: &Line) -> Html {
    match line.told.label {
        "" => html! { <code>{ line.name }</code> },
        label => html! { label },
    }
}

pub fn workings(cell: &Cell, column: &Column, is_named: bool) -> Html {
    let unverified = words().economics.from.unverified;
    let input = |shown: &Shown| {
        html! {
            <li><span>{ &shown.label }</span>{ " " }<b>{ &shown.text }</b>{ " " }<i>{ &shown.from }</i>
                if !shown.verified { { " " }<em class="unverified">{ unverified }</em> }</li>
        }
    };
    html! {
        <>
            <p class="whose">{ if is_named { format!("{}: {} ", column.name, cell.text) } else { String::new() } }<em>{ format!("({})", cell.origin.told()) }</em></p>
            if !cell.inputs.is_empty() { <ul>{ for cell.inputs.iter().map(input) }</ul> }
        </>
    }
}
