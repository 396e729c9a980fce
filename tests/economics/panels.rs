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
            let lead = |page: &str| {
                let at = page.split("class=\"lead\"").nth(1).unwrap_or_default();
                text(at.split("</p>").next().unwrap_or_default())
            };
            assert_ne!(lead(panel(&page, view)), lead(panel(english, view)), "{view}");
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

#[test]
fn a_latent_cache_takes_what_its_makers_say() {
    let state = fold(
        with_presets(finished()),
        Action::Economics(EconomicsAction::BesideChosen("deepseek-v3".into())),
    );
    let page = shown(state.clone(), "context");
    assert_eq!(value(&page, "kv-bytes-per-token", "deepseek-v3"), 70_272.0);
    let longer = shown(edited(state, Assumption::Context, 65_536.0), "context");
    assert_eq!(
        value(&longer, "kv-held-bytes", "deepseek-v3"),
        65_536.0 * 70_272.0
    );
    assert!(
        value(&longer, "prefill-seconds", "deepseek-v3")
            > value(&longer, "cached-prefill-seconds", "deepseek-v3")
    );
}

#[test]
fn more_agents_take_more_memory_and_never_fewer_copies() {
    let at = |sessions| {
        shown(
            edited(with_presets(finished()), Assumption::AgentSessions, sessions),
            "context",
        )
    };
    let (few, many) = (at(1.0), at(1000.0));
    let of = |page: &str, name| value(page, name, "gpt-oss-20b");
    assert!((of(&many, "agents-kv-bytes") / of(&few, "agents-kv-bytes") - 1000.0).abs() < 1e-6);
    assert!(of(&many, "agents-copies") > of(&few, "agents-copies"));
    assert!(value(&few, "agent-bill", "only") < value(&few, "agent-bill-uncached", "only"));
}

#[test]
fn the_receipt_adds_up_in_every_providers_words() {
    use moescope_engine::cost::usage::Provider;
    let state = edited(with_presets(finished()), Assumption::PriceOutput, 1000.0);
    let page = shown(state.clone(), "receipt");
    let names = [
        "fresh-input",
        "cache-read",
        "cache-write",
        "visible-output",
        "reasoning-output",
    ];
    let sum: f64 = names.iter().map(|name| value(&page, name, "cost")).sum();
    assert!((sum - value(&page, "total", "cost")).abs() < 1e-12);
    let tokens: f64 = names.iter().map(|name| value(&page, name, "tokens")).sum();
    assert_eq!(tokens, value(&page, "total", "tokens"));
    for (provider, field) in [
        (Provider::OpenAiChat, "prompt_tokens"),
        (Provider::OpenAiResponses, "input_tokens"),
        (Provider::Anthropic, "cache_creation_input_tokens"),
        (Provider::Gemini, "promptTokenCount"),
    ] {
        let chosen = EconomicsAction::ProviderChosen(provider);
        let page = shown(fold(state.clone(), Action::Economics(chosen)), "receipt");
        assert_eq!(
            value(&page, field, "only"),
            if provider == Provider::Anthropic { 0.0 } else { 2.0 }
        );
    }
}

#[test]
fn a_budget_ends_on_a_day_of_the_calendar() {
    let state = fold(
        with_presets(finished()),
        Action::Economics(EconomicsAction::TodayTold(20_416)),
    );
    let page = shown(edited(state.clone(), Assumption::Budget, 1.0), "budget");
    let months = value(&page, "months", "only");
    let days = (months * 365.25 / 12.0).floor();
    assert_eq!(value(&page, "budget-ends-day", "only"), 20_416.0 + days);
    let spent = shown(edited(state, Assumption::TaskScale, 100_000.0), "budget");
    assert!(value(&spent, "months", "only") < months * 1e5);
}

#[test]
fn days_are_those_of_the_calendar() {
    use moescope_app::format::day;
    let days = [
        (0, "1970-01-01"),
        (59, "1970-03-01"),
        (11_016, "2000-02-29"),
        (20_782, "2026-11-25"),
        (-1, "1969-12-31"),
    ];
    for (days, written) in days {
        assert_eq!(day(days), written);
    }
}

#[test]
fn the_waste_of_a_run_that_always_chose_the_same_is_half() {
    let page = shown(with_presets(finished()), "waste");
    assert_eq!(value(&page, "coverage", "only"), 0.5);
    assert_eq!(value(&page, "kept", "only"), 0.5);
    assert_eq!(value(&page, "missed-tokens", "only"), 0.0);
    // Four of eight experts of 1 187 500 weights at 4.5 bits.
    assert_eq!(value(&page, "saved-bytes", "loaded"), 4.0 * 1_187_500.0 * 0.5625);
}

#[test]
fn the_field_guide_sorts_and_compares() {
    use moescope_app::state::economics::Column;
    let totals = |page: &str| -> Vec<f64> {
        let models = page.split("data-guide=\"models\"").nth(1).unwrap_or_default();
        let models = models.split("</table>").next().unwrap_or_default();
        let rows = models.split("<tr ").filter(|row| row.contains("data-row"));
        rows.map(|row| attribute(row, "data-first").parse().expect("a number"))
            .collect()
    };
    let page = shown(with_presets(finished()), "guide");
    let sorted = totals(&page);
    assert!(sorted.len() >= 16 && sorted.is_sorted());
    let by_active = EconomicsAction::SortedBy(Column::Active);
    let state = fold(with_presets(finished()), Action::Economics(by_active));
    assert!(!totals(&shown(state, "guide")).is_sorted());
}

#[test]
fn every_number_of_the_field_guide_opens_to_its_source_and_is_exported() {
    let page = shown(with_presets(finished()), "guide");
    let csv = page.split("data-export=\"csv\"").nth(1).expect("it exports");
    let csv = attribute(csv, "href").to_owned();
    let mut numbers = 0;
    for (name, subject) in page.split("<data ").skip(1).filter_map(|tag| {
        let (name, subject) = (attribute(tag, "data-value"), attribute(tag, "data-subject"));
        (!subject.is_empty()).then_some((name, subject))
    }) {
        numbers += 1;
        assert!(csv.contains(&format!("%22{name}%22")), "{name} is not exported");
        if !["gpt-oss-20b", "loaded", "h100", "m2", "claude-sonnet-4-5"].contains(&subject) {
            continue;
        }
        // The names are static, so that one is found by what it is called.
        let name = [
            "parameters",
            "active-parameters",
            "experts",
            "kv-bytes-per-token",
            "ceiling",
            "flops-crossover",
            "memory",
            "bandwidth",
            "peak",
            "balance",
            "watts",
            "rent",
            "price-input",
            "price-output",
            "price-cache-read",
            "price-cache-write",
            "price-reasoning",
        ]
        .into_iter()
        .find(|known| *known == name)
        .expect("it has a name");
        let opened = EconomicsAction::NumberOpened(subject.to_owned(), name);
        let state = fold(with_presets(finished()), Action::Economics(opened.clone()));
        let open = shown(state.clone(), "guide");
        let story = open
            .split("data-workings")
            .nth(1)
            .unwrap_or_else(|| panic!("{name} of {subject} does not open"));
        let story = story.split("</tbody>").next().unwrap_or_default();
        let is_empty = page.contains(&format!(
            "data-value=\"{name}\" data-subject=\"{subject}\" data-raw=\"NaN\""
        ));
        assert!(
            is_empty || story.contains("<li>"),
            "{name} of {subject} comes from nowhere"
        );
        let shut = shown(fold(state, Action::Economics(opened)), "guide");
        assert!(!shut.contains("data-workings"), "the second time it closes");
    }
    assert!(numbers > 200, "{numbers} numbers");
}

#[test]
fn what_is_exported_has_every_number_and_every_curve() {
    for view in views() {
        let page = shown(with_presets(finished()), view);
        for part in page
            .split("data-panel=\"")
            .skip(1)
            .filter(|part| part.contains("data-export"))
        {
            let panel = part.split('"').next().unwrap_or_default();
            let href = |kind: &str| {
                let link = part.split(&format!("data-export=\"{kind}\"")).nth(1);
                let link = link.map_or("", |link| attribute(link, "href"));
                let data = link
                    .split_once(',')
                    .unwrap_or_else(|| panic!("{panel} has no {kind}"))
                    .1;
                let bytes: Vec<u8> = percent_encoding::percent_decode_str(data).collect();
                String::from_utf8(bytes).expect("it is text")
            };
            let json: serde_json::Value = serde_json::from_str(&href("json")).expect("it is JSON");
            assert_eq!(json["panel"], panel);
            let csv = href("csv");
            for tag in part
                .split("<data ")
                .skip(1)
                .filter(|tag| !attribute(tag, "data-subject").is_empty())
            {
                let (name, raw) = (attribute(tag, "data-value"), attribute(tag, "data-raw"));
                let has = csv.lines().any(|line| {
                    line.starts_with(&format!("\"{name}\"")) && line.contains(&format!("\"{raw}\""))
                });
                assert!(has, "{panel}: {name} = {raw} is not in the CSV");
            }
            let curves = part.matches("data-chart=").count();
            assert_eq!(json["charts"].as_array().map(Vec::len), Some(curves), "{panel}");
            for chart in json["charts"].as_array().into_iter().flatten() {
                let name = chart["name"].as_str().expect("a name");
                assert!(
                    csv.contains(&format!("\"{name}\"")) && !chart["series"][0]["points"][0].is_null(),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn what_was_measured_of_fewer_bits_is_shown_and_forgotten_with_the_conversation() {
    use moescope_app::protocol::{BitsFacts, ComparedFacts, Event};
    let facts = BitsFacts {
        bits: 4,
        compared: ComparedFacts {
            positions: 3,
            divergence_bits: 0.0125,
            agreement: 1.0,
            perplexity: 2.0,
            reference_perplexity: 1.9,
        },
    };
    let state =
        crate::recorded_run::receive(with_presets(finished()), vec![Event::BitsCompared(vec![facts])]);
    let page = shown(state.clone(), "bits");
    assert_eq!(value(&page, "kl-divergence", "bits-4"), 0.0125);
    let asked = crate::recorded_run::fold(state, crate::recorded_run::send(9, "again"));
    let started = Event::Started {
        generation_id: 9,
        fresh: false,
        seed: 1,
        reused: 0,
        first_position: 3,
        pieces: Vec::new(),
    };
    let page = shown(crate::recorded_run::receive(asked, vec![started]), "bits");
    assert!(!page.contains("kl-divergence"));
}

#[test]
fn bandwidth_is_a_share_of_what_was_measured() {
    use moescope_app::protocol::Event;
    let told = Event::Calibrated {
        bytes_per_second: 20.256e6,
        threads: 2,
    };
    let page = shown(
        crate::recorded_run::receive(with_presets(finished()), vec![told]),
        "here",
    );
    let share = value(&page, "bandwidth-share", "only");
    assert!((share - value(&page, "bytes-per-second", "only") / 20.256e6).abs() < 1e-12);
}

/// Name of the panel, label and formula of every number that has one.
fn formulas() -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for view in views() {
        let page = shown(with_presets(finished()), view);
        for part in page.split("data-panel=\"").skip(1) {
            let panel = part.split('"').next().unwrap_or_default();
            for line in part.split("class=\"figure cost-line\"").skip(1) {
                let label = line.split("class=\"label\">").nth(1).unwrap_or_default();
                let label = label.split("</span>").next().unwrap_or_default();
                let formula = line
                    .split("<p><code>")
                    .nth(1)
                    .and_then(|rest| rest.split("</code>").next());
                all.extend(formula.map(|formula| (panel.to_owned(), text(label), formula.to_owned())));
            }
        }
    }
    all
}

/// Languages with pages of their own; the others show the English ones.
fn with_docs() -> impl Iterator<Item = Language> {
    let folder = |language: Language| language.words().economics.docs_folder;
    let is_own = move |own: &Language| *own == Language::En || folder(*own) != folder(Language::En);
    Language::ALL.iter().copied().filter(is_own)
}

/// A page of docs in a language.
fn docs(language: Language, panel: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../public")
        .join(language.words().economics.docs_folder);
    std::fs::read_to_string(folder.join(format!("{panel}.html"))).unwrap_or_default()
}

#[test]
fn every_panel_has_a_page_of_docs_with_its_formulas_in_every_language() {
    let mut missing = Vec::new();
    for language in with_docs() {
        for (panel, label, formula) in formulas() {
            if !docs(language, &panel).contains(&formula) {
                missing.push(format!("{}\t{panel}\t{label}\t{formula}", language.words().tag));
            }
        }
    }
    assert!(missing.is_empty(), "the docs lack\n{}", missing.join("\n"));
}

/// The texts of a page, without its formulas.
fn texts_of(page: &str) -> Vec<&str> {
    let body = page.split_once("<main").map_or("", |(_, body)| body);
    let texts = body
        .split('\n')
        .filter(|line| line.starts_with("<p>") || line.starts_with("<li>"));
    texts.collect()
}

#[test]
fn a_page_of_docs_says_as_much_in_every_language_and_leads_to_the_others() {
    let panels: std::collections::BTreeSet<String> =
        formulas().into_iter().map(|(panel, ..)| panel).collect();
    for panel in panels {
        let english = docs(Language::En, &panel);
        for language in with_docs() {
            let (page, tag) = (docs(language, &panel), language.words().tag);
            assert!(
                page.contains(&format!("<html lang=\"{tag}\">")),
                "{panel} in {tag}"
            );
            let (own, others) = (texts_of(&page), texts_of(&english));
            assert_eq!(own.len(), others.len(), "{panel} in {tag}");
            let is_translated = own.iter().zip(&others).all(|(own, other)| own != other);
            assert!(
                language == Language::En || is_translated,
                "{panel} in {tag} is English"
            );
            for other in with_docs().filter(|other| *other != language) {
                let leads = format!("hreflang=\"{}\"", other.words().tag);
                assert!(page.contains(&leads), "{panel} in {tag} has no {leads}");
            }
        }
    }
}
