//! Results as markdown, for the terminal, the dated file and the README: rates where people compare rates,
//! each a median with its whole range.

use crate::case::Measure;
use crate::record::{Fact, Line, Session, Subject, Timing, Wasm};
use crate::stats::{short, summary};

/// Everything of a session.
pub fn session(lines: &[Line]) -> String {
    let mut text = String::new();
    for session in lines.iter().filter_map(|line| match line {
        Line::Session(session) => Some(session),
        _ => None,
    }) {
        text += &head(session);
    }
    for (model, mix) in files(lines) {
        text += &format!("\n**{model}, {mix}**\n\n{}", timings(lines, &model, &mix));
    }
    for (title, known) in [
        ("Counted per decoded token, and most memory held", COUNTS),
        ("Time by step, µs per decoded token", STEPS),
    ] {
        let table = facts(lines, known);
        if !table.is_empty() {
            text += &format!("\n**{title}**\n\n{table}");
        }
    }
    text + &crate::growth::tables(lines)
}

/// Where and when.
fn head(session: &Session) -> String {
    let Session {
        date,
        commit,
        machine,
        browser,
        rounds,
        wasm,
        note,
    } = session;
    let wasm: Vec<String> = wasm
        .iter()
        .map(
            |Wasm {
                 program, gzip_bytes, ..
             }| format!("{program} {} kB", gzip_bytes / 1000),
        )
        .collect();
    let wasm = wasm.join(", ");
    format!(
        "{date}, commit {commit}. {machine}; {browser}. Wasm, gzipped: {wasm}. Medians of {rounds} rounds taken in turns, range in brackets. {note}\n"
    )
}

/// Models and mixes, in the order they were run.
fn files(lines: &[Line]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for subject in lines.iter().filter_map(subject) {
        let file = (subject.model.clone(), subject.mix.clone());
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// Programs in rows, measures in columns.
fn timings(lines: &[Line], model: &str, mix: &str) -> String {
    let here = |subject: &Subject| subject.model == model && subject.mix == mix;
    let mut subjects: Vec<&Subject> = Vec::new();
    let mut measures: Vec<Measure> = Vec::new();
    for line in lines {
        let Some(subject) = subject(line).filter(|subject| here(subject)) else {
            continue;
        };
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
        if let Line::Timing(timing) = line {
            measures.extend(Measure::of(&timing.measure).filter(|measure| !measures.contains(measure)));
        }
    }
    measures.sort();
    let mut header = vec!["where".to_owned(), "program".into(), "on".into()];
    header.extend(measures.iter().map(|measure| column(*measure)));
    let rows = subjects.iter().map(|subject| {
        let mut row = vec![
            subject.place.clone(),
            subject.engine.clone(),
            subject.device.clone(),
        ];
        row.extend(measures.iter().map(|measure| cell(lines, subject, *measure)));
        row
    });
    markdown(&header, &rows.collect::<Vec<_>>())
}

fn column(measure: Measure) -> String {
    match measure.tokens() {
        Some(_) => format!("{}, tok/s", measure.name()),
        None => format!("{}, ms", measure.name()),
    }
}

/// A median with its range; where there is none, why.
fn cell(lines: &[Line], subject: &Subject, measure: Measure) -> String {
    let name = measure.name();
    let timing = lines.iter().find_map(|line| match line {
        Line::Timing(timing) if timing.subject == *subject && timing.measure == name => Some(timing),
        _ => None,
    });
    if let Some(timing) = timing {
        return figure(timing, measure);
    }
    let absent = lines.iter().find_map(|line| match line {
        Line::Absent(absent) if absent.subject == *subject => Some(absent.why.clone()),
        _ => None,
    });
    // A sentence in the first column is enough.
    absent
        .filter(|_| measure == Measure::Load)
        .unwrap_or_else(|| "–".into())
}

fn figure(timing: &Timing, measure: Measure) -> String {
    let values: Vec<f64> = match measure.tokens() {
        Some(tokens) => timing
            .millis
            .iter()
            .map(|millis| f64::from(tokens) / millis * 1e3)
            .collect(),
        None => timing.millis.clone(),
    };
    match summary(&values) {
        Some(all) if values.len() > 1 => {
            format!("{} ({}–{})", short(all.median), short(all.low), short(all.high))
        }
        Some(all) => short(all.median),
        None => "–".into(),
    }
}

/// Facts in a table: the name in results, the column, what it is divided by.
type Columns = [(&'static str, &'static str, f64)];

/// What does not depend on the machine, and memory.
const COUNTS: &Columns = &[
    ("decode: weight bytes per token", "weights, MB", 1e6),
    ("decode: least weight bytes per token", "least, MB", 1e6),
    ("decode: kv bytes read per token", "KV read, MB", 1e6),
    ("decode: dispatches per pass", "dispatches", 1.0),
    ("decode: dispatches per token", "dispatches", 1.0),
    ("decode: submits per token", "submits", 1.0),
    ("decode: readbacks per token", "readbacks", 1.0),
    ("wasm bytes", "wasm memory, MB", 1e6),
    ("gpu bytes", "GPU memory, MB", 1e6),
    ("peak resident bytes", "process, MB", 1e6),
];

/// Time by step, of the device's clock where it has one.
const STEPS: &Columns = &[
    ("decode: embed µs per token", "embed", 1.0),
    ("decode: attention µs per token", "attention", 1.0),
    ("decode: router µs per token", "router", 1.0),
    ("decode: experts µs per token", "experts", 1.0),
    ("decode: head µs per token", "head", 1.0),
];

/// A row for each program and file of which something is known.
fn facts(lines: &[Line], known: &Columns) -> String {
    let mut columns: Vec<&str> = known.iter().map(|(_, column, _)| *column).collect();
    columns.dedup();
    let facts: Vec<&Fact> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Fact(fact) => Some(fact),
            _ => None,
        })
        .filter(|fact| known.iter().any(|(name, ..)| *name == fact.name))
        .collect();
    let mut subjects: Vec<&Subject> = Vec::new();
    for fact in &facts {
        if !subjects.contains(&&fact.subject) {
            subjects.push(&fact.subject);
        }
    }
    if subjects.is_empty() {
        return String::new();
    }
    let value = |subject: &Subject, column: &str| {
        let wanted = known.iter().filter(|(_, shown, _)| *shown == column);
        wanted
            .flat_map(|(name, _, unit)| {
                let found = facts
                    .iter()
                    .find(|fact| fact.subject == *subject && fact.name == *name);
                found.map(|fact| short(fact.value / unit))
            })
            .next()
            .unwrap_or_else(|| "–".into())
    };
    let rows = subjects.iter().map(|subject| {
        let mut row = vec![
            format!("{} {}", subject.model, subject.mix),
            subject.place.clone(),
            subject.engine.clone(),
        ];
        row.extend(columns.iter().map(|column| value(subject, column)));
        row
    });
    let mut header = vec!["file".to_owned(), "where".into(), "program".into()];
    header.extend(columns.iter().map(|column| (*column).to_owned()));
    markdown(&header, &rows.collect::<Vec<_>>())
}

fn subject(line: &Line) -> Option<&Subject> {
    match line {
        Line::Timing(timing) => Some(&timing.subject),
        Line::Absent(absent) => Some(&absent.subject),
        Line::Fact(_) | Line::Session(_) | Line::Growth(_) => None,
    }
}

/// A table. A bar in a cell would end it, so it becomes a slash.
pub fn markdown(header: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "/")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = vec!["---".to_owned(); header.len()];
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(header) + &line(&rule) + &body
}

/// `text` with what stands between the two markers replaced; `None` where they are not both there.
pub fn between_markers(text: &str, begin: &str, end: &str, new: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{new}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Absent;

    fn subject(engine: &str) -> Subject {
        Subject {
            model: "mid".into(),
            mix: "Q4_0".into(),
            place: "browser".into(),
            engine: engine.into(),
            device: "CPU".into(),
        }
    }

    fn lines() -> Vec<Line> {
        let timing = |engine, measure: Measure, millis: &[f64]| {
            Line::Timing(Timing {
                subject: subject(engine),
                measure: measure.name(),
                millis: millis.to_vec(),
            })
        };
        vec![
            timing("a", Measure::Decode { tokens: 64 }, &[640.0, 320.0, 64.0]),
            timing("a", Measure::Load, &[12.0]),
            Line::Absent(Absent {
                subject: subject("b"),
                why: "no | build".into(),
            }),
            Line::Fact(Fact {
                subject: subject("a"),
                name: "gpu bytes".into(),
                value: 2.5e6,
            }),
        ]
    }

    #[test]
    fn times_become_rates_with_their_range_and_absence_has_its_reason() {
        let text = timings(&lines(), "mid", "Q4_0");
        let expected = "\
| where | program | on | load, ms | decode 64, tok/s |
| --- | --- | --- | --- | --- |
| browser | a | CPU | 12.0 | 200 (100–1000) |
| browser | b | CPU | no / build | – |
";
        assert_eq!(text, expected);
    }

    #[test]
    fn counts_have_a_column_each_and_a_dash_where_nothing_was_counted() {
        let text = facts(&lines(), COUNTS);
        assert!(text.contains("| GPU memory, MB |"), "{text}");
        assert!(text.ends_with("| – | 2.50 | – |\n"), "{text}");
        assert_eq!(text.matches("dispatches").count(), 1, "{text}");
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let text = "before <a> old <b> after";
        let new = between_markers(text, "<a>", "<b>", "new\n");
        assert_eq!(new.as_deref(), Some("before <a>\nnew\n<b> after"));
        assert_eq!(between_markers(text, "<a>", "<c>", "new"), None);
    }
}
