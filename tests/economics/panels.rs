//! Every economics panel as text: a recorded run in, its numbers out. `MOESCOPE_BLESS=1` writes what
//! the panels show now into `fixtures/economics/`, to be read before it is committed.

use moescope_app::panels::views::{Group, VIEWS};
use moescope_app::state::economics::{Assumption, EconomicsAction};
use moescope_app::state::{Action, AppState};
use moescope_app::words::{Language, speak};

use crate::drawn::{drawn, panel};
use crate::presets::with_presets;
use crate::recorded_run::{finished, fold};

/// Views of the group.
fn views() -> impl Iterator<Item = &'static str> {
    let group = VIEWS.iter().filter(|entry| entry.group == Group::Economics);
    group.map(|entry| entry.name)
}

fn shown(state: AppState, view: &'static str) -> String {
    drawn(fold(state, Action::ViewChosen(Some(view))))
}

fn edited(state: AppState, assumption: Assumption, value: f64) -> AppState {
    fold(
        state,
        Action::Economics(EconomicsAction::Edited(assumption, value)),
    )
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let at = tag.find(&format!("{name}=\"")).map(|at| at + name.len() + 2);
    at.and_then(|at| tag[at..].split('"').next()).unwrap_or_default()
}

/// The text between tags.
fn text(html: &str) -> String {
    let pieces = html
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<String>().trim().to_owned()
}

/// One line per number: name, column, value as shown, origin.
fn numbers(html: &str) -> Vec<String> {
    let tags = html.split("<data ").skip(1);
    let number = |tag: &str| {
        let body = tag.split("</data>").next().unwrap_or_default();
        let (head, body) = body.split_once('>').unwrap_or_default();
        let value = body.rsplit("</span>").next().unwrap_or_default();
        let origin = attribute(head, "class").replace("value ", "");
        let (name, subject) = (attribute(head, "data-value"), attribute(head, "data-subject"));
        format!("{name} | {subject} | {} | {origin}", text(value))
    };
    tags.map(number).collect()
}

/// The value of a number in one column.
#[track_caller]
fn value(html: &str, name: &str, subject: &str) -> f64 {
    let tag = html
        .split("<data ")
        .find(|tag| attribute(tag, "data-value") == name && attribute(tag, "data-subject") == subject)
        .unwrap_or_else(|| panic!("there is no {name} of {subject}"));
    attribute(tag, "data-raw").parse().expect("it is a number")
}

#[test]
fn every_panel_shows_the_numbers_that_were_read_before_commit() {
    let is_blessed = std::env::var_os("MOESCOPE_BLESS").is_some();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/economics");
    for view in views() {
        let page = shown(with_presets(finished()), view);
        let at = page.find("class=\"view\"").expect("the view is shown");
        let text = numbers(&page[at..]).join("\n") + "\n";
        let path = folder.join(format!("{view}.txt"));
        if is_blessed {
            std::fs::write(&path, &text).expect("it is written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, expected, "{view} shows other numbers");
    }
}

#[test]
fn every_number_opens_to_where_it_comes_from() {
    for view in views() {
        let page = shown(with_presets(finished()), view);
        for line in page.split("<details class=\"figure cost-line\"").skip(1) {
            let workings = line.split_once("class=\"workings\"").expect("it opens").1;
            let workings = workings.split("</details>").next().unwrap_or_default();
            let is_modelled = line.contains("value modelled");
            assert!(
                workings.contains("<code>") || workings.contains("<p>"),
                "{view}: {} says nothing of itself",
                attribute(line, "data-value")
            );
            let is_empty = line.contains(">—</data>");
            assert!(
                !is_modelled || is_empty || workings.contains("<li>"),
                "{view}: {} is modelled from nothing",
                attribute(line, "data-value")
            );
        }
    }
}

#[test]
fn every_panel_is_drawn_without_a_model_and_without_presets() {
    for view in views() {
        for state in [AppState::default(), with_presets(AppState::default()), finished()] {
            let page = shown(state, view);
            assert!(
                page.contains(&format!("data-panel=\"{view}\"")),
                "{view} is not there"
            );
            assert!(!page.contains("NaN") || page.contains("data-raw=\"NaN\""));
            assert!(!page.contains(" style="), "{view} carries an inline style");
        }
    }
}

#[test]
fn every_panel_speaks_every_language() {
    let english: Vec<String> = views()
        .map(|view| shown(with_presets(finished()), view))
        .collect();
    for language in Language::ALL.iter().filter(|language| **language != Language::En) {
        speak(*language);
        for (view, english) in views().zip(&english) {
            let page = shown(with_presets(finished()), view);
            let title = |page: &str| {
                text(
                    page.split("<h2")
                        .nth(1)
                        .and_then(|rest| rest.split("</h2>").next())
                        .unwrap_or_default(),
                )
            };
            assert_ne!(title(panel(&page, view)), title(panel(english, view)), "{view}");
            assert!(
                !page.contains("modelled<") && !page.contains("(modelled)"),
                "{view}"
            );
        }
    }
    speak(Language::En);
}

#[test]
fn a_larger_batch_makes_tokens_cheaper_and_touches_more_experts() {
    let at = |batch| {
        shown(
            edited(with_presets(finished()), Assumption::Batch, batch),
            "batch",
        )
    };
    let (few, many) = (at(1.0), at(256.0));
    for subject in ["loaded", "gpt-oss-20b"] {
        assert!(value(&few, "dollars-per-million", subject) > value(&many, "dollars-per-million", subject));
        assert!(value(&few, "distinct-experts", subject) < value(&many, "distinct-experts", subject));
    }
    assert_eq!(value(&few, "distinct-experts", "gpt-oss-20b"), 4.0);
    // All three recorded tokens chose the same two experts.
    assert_eq!(value(&many, "measured-distinct", "loaded"), 2.0);
}

#[test]
fn one_token_a_second_pays_for_a_whole_device() {
    let wanted = |wanted| {
        shown(
            edited(with_presets(finished()), Assumption::TokensWanted, wanted),
            "demand",
        )
    };
    let page = wanted(1.0);
    let dollars = value(&page, "dollars-per-million", "gpt-oss-20b");
    assert!(
        (dollars - 833.33).abs() < 0.01,
        "$3 an hour over 3600 tokens is $833 a million, not {dollars}"
    );
    assert!(value(&wanted(1000.0), "dollars-per-million", "gpt-oss-20b") < 1.0);
}

#[test]
fn the_disclosed_day_is_reproduced() {
    let page = shown(with_presets(finished()), "demand");
    for name in ["cost", "revenue", "margin-of-cost"] {
        let (computed, published) = (value(&page, name, "computed"), value(&page, name, "published"));
        let off = (computed / published - 1.0).abs();
        assert!(off < 0.01, "{name}: {computed} computed, {published} published");
    }
}

#[test]
fn a_dense_model_of_equal_size_reads_all_of_it() {
    let page = shown(edited(with_presets(finished()), Assumption::Batch, 1.0), "dense");
    let (sparse, dense) = (
        value(&page, "met-parameters", "sparse"),
        value(&page, "met-parameters", "equal-total"),
    );
    assert_eq!((sparse, dense), (7_050_000.0, 11_800_000.0));
    assert!(value(&page, "ran-bytes", "equal-total") > value(&page, "ran-bytes", "equal-active"));
}
