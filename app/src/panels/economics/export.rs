//! A sheet as a file: every number unrounded with its formula, inputs and sources, as JSON or CSV.

use serde_json::{Value, json};
use yew::{Html, html};

use super::Sheet;
use super::chart::{Chart, Series};
use super::lines::{Cell, Column, Line, Table};
use crate::state::economics::{Assumption, Economics};
use crate::words::words;

/// The two links.
pub fn links(economics: &Economics, sheet: &Sheet<'_>) -> Html {
    let link = |ending: &'static str, kind: &str, text: &str| {
        let href = format!("data:{kind};charset=utf-8,{}", encoded(text));
        let download = format!("moescope-{}.{ending}", sheet.name);
        html! { <a class="export" data-export={ending} {download} {href}>{ ending.to_uppercase() }</a> }
    };
    html! {
        <span class="exports" role="group" aria-label={words().economics.export}>
            { link("json", "application/json", &json_text(economics, sheet)) }
            { link("csv", "text/csv", &csv_text(sheet)) }
        </span>
    }
}

fn json_text(economics: &Economics, sheet: &Sheet<'_>) -> String {
    let assumption = |assumption: &Assumption| {
        let bounds = assumption.bounds();
        (
            bounds.key.to_owned(),
            json!({ "value": economics.value(*assumption), "edited": economics.is_own(*assumption) }),
        )
    };
    let assumptions: serde_json::Map<String, Value> = sheet
        .controls
        .iter()
        .chain(sheet.drawer)
        .map(assumption)
        .collect();
    let tables: Vec<Value> = tables(sheet)
        .map(|table| {
            json!({
                "caption": table.caption,
                "lines": table.lines.iter().map(|line| line_json(line, &table.columns)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let charts: Vec<Value> = sheet.charts.iter().map(chart_json).collect();
    json!({
        "panel": sheet.name,
        "device": economics.device().map(|device| &device.name),
        "beside": economics.beside().map(|model| &model.name),
        "prices": economics.prices().map(|(name, _)| name),
        "assumptions": assumptions,
        "tables": tables,
        "charts": charts,
    })
    .to_string()
}

/// All of them, wherever they are drawn.
fn tables<'a>(sheet: &'a Sheet<'_>) -> impl Iterator<Item = &'a Table> {
    sheet.tables.iter().chain(&sheet.drawn_otherwise)
}

fn chart_json(chart: &Chart) -> Value {
    let series = |series: &Series| json!({ "of": series.name, "origin": series.origin().name(), "points": series.points, "spread": series.spread });
    let all: Vec<Value> = chart.series.iter().map(series).collect();
    json!({ "name": chart.name, "label": chart.label, "x": chart.x.title, "y": chart.y.title, "series": all })
}

fn line_json(line: &Line, columns: &[Column]) -> Value {
    let cell = |(cell, column): (&Cell, &Column)| {
        let inputs: Vec<Value> = cell
            .inputs
            .iter()
            .map(|input| json!({ "what": input.label, "value": input.text, "from": input.from, "verified": input.verified }))
            .collect();
        json!({ "of": column.name, "value": cell.raw, "origin": cell.origin.name(), "inputs": inputs })
    };
    let cells: Vec<Value> = line.cells.iter().zip(columns).map(cell).collect();
    json!({ "name": line.name, "label": line.told.label, "formula": line.formula, "values": cells })
}

fn csv_text(sheet: &Sheet<'_>) -> String {
    let mut text = String::from("name,label,of,at,value,shown,origin,formula\r\n");
    let mut row = |fields: [&str; 8]| {
        text.push_str(&fields.map(quoted).join(","));
        text.push_str("\r\n");
    };
    for table in tables(sheet) {
        for line in &table.lines {
            for (cell, column) in line.cells.iter().zip(&table.columns) {
                let raw = cell.raw.to_string();
                let (label, origin) = (line.told.label, cell.origin.name());
                row([
                    line.name,
                    label,
                    &column.name,
                    "",
                    &raw,
                    &cell.text,
                    origin,
                    line.formula,
                ]);
            }
        }
    }
    for chart in &sheet.charts {
        for series in &chart.series {
            for (x, y) in &series.points {
                let (at, raw, shown) = (x.to_string(), y.to_string(), (chart.y.tick)(*y));
                let origin = series.origin().name();
                row([
                    chart.name,
                    chart.label,
                    &series.name,
                    &at,
                    &raw,
                    &shown,
                    origin,
                    "",
                ]);
            }
        }
    }
    text
}

/// A field of RFC 4180. What a spreadsheet would take for a formula is made a text.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '@']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

/// Percent-encoding of everything that is not plainly a character of an address.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
