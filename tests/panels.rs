//! The panels as text: a recorded run in, HTML out, and the numbers a script would read there.

#[path = "panels/drawn.rs"]
mod drawn;
#[path = "panels/recorded_run.rs"]
mod recorded_run;

use std::rc::Rc;

use drawn::{drawn, panel, raw};
use moescope_app::format;
use moescope_app::panels::views::VIEWS;
use moescope_app::protocol::{Envelope, Event, Likely, Needs, Source, Stored, StoredModel};
use moescope_app::state::{Action, AppState, ExpertsView, Measure, Origin, PublicModels};
use moescope_app::words::words;
use recorded_run::{finished, fold, loaded};

/// The tags of all cells that say something, in order.
fn cells<'a>(panel: &'a str, attribute: &str) -> Vec<&'a str> {
    panel
        .split("<td")
        .filter(|cell| cell.contains(attribute))
        .map(|cell| cell.split('>').next().unwrap_or_default())
        .collect()
}

#[test]
fn the_experts_panel_marks_the_chosen_with_rank_and_weight() {
    let page = drawn(finished());
    let chosen = cells(panel(&page, "experts"), "data-weight");
    assert_eq!(chosen.len(), 4, "two layers, top 2");
    assert!(
        chosen[0].contains("data-layer=\"0\"")
            && chosen[0].contains("data-expert=\"0\"")
            && chosen[0].contains("data-rank=\"2\"")
    );
    assert!(chosen[1].contains("data-expert=\"2\"") && chosen[1].contains("data-weight=\"0.75\""));
    assert_eq!(
        cells(panel(&page, "experts"), "data-prob").len(),
        8,
        "every expert of every layer"
    );
}

#[test]
fn the_experts_panel_shows_cumulative_load() {
    let page = drawn(fold(finished(), Action::ExpertsViewChosen(ExpertsView::Load)));
    let counts = cells(panel(&page, "experts"), "data-count=\"3\"");
    assert_eq!(counts.len(), 4);
}

#[test]
fn a_near_tie_is_marked_and_a_clear_choice_is_not() {
    let page = drawn(finished());
    assert!(
        !panel(&page, "experts").contains("near-ties"),
        "margins are 0.25 and 0.125"
    );
    let mut pass = recorded_run::token_pass(2);
    // Layer 0: experts 2 and 0 chosen, 1 rejected by 0.0078125.
    pass.probs[..3].copy_from_slice(&[0.25, 0.242_187_5, 0.5]);
    let tied = recorded_run::receive(recorded_run::sent(), recorded_run::events_with(pass));
    let page = drawn(tied);
    let experts = panel(&page, "experts");
    assert_eq!(raw(experts, "near-ties"), 1.0);
    let tied = cells(experts, "tied");
    assert_eq!(tied.len(), 2, "the last chosen and the first rejected expert");
    assert!(tied[0].contains("data-expert=\"0\"") && tied[1].contains("data-expert=\"1\""));
    assert!(tied.iter().all(|cell| cell.contains("data-layer=\"0\"")));
}

#[test]
fn the_load_panel_shows_what_is_counted() {
    let page = drawn(fold(finished(), Action::ViewChosen(Some("load"))));
    let load = panel(&page, "load");
    assert_eq!(raw(load, "load-tokens"), 3.0);
    // Every token went to the same two of four experts in both layers.
    assert_eq!(raw(load, "coverage"), 0.5);
    assert_eq!(raw(load, "dormant"), 0.5);
    assert_eq!(raw(load, "coverage-by-chance"), 0.875);
    assert_eq!(raw(load, "overlap"), 1.0);
    assert_eq!(raw(load, "overlap-by-chance"), 0.5);
    assert_eq!(raw(load, "gini"), 0.5);
    assert_eq!(
        raw(load, "divergence-bits"),
        0.0,
        "prompt and answer used the same experts"
    );
}

#[test]
fn a_token_looked_at_closely_shows_its_steps_and_its_attention() {
    use moescope_app::protocol::{Examined, ExaminedKernel, ExaminedStep, SourceText};
    let asked = fold(finished(), Action::ExamineAsked(2));
    let step = |kernel, micros, weight_bytes| ExaminedStep {
        group: "experts".into(),
        layer: Some(kernel),
        kernel,
        micros: Some(micros),
        weight_bytes,
        operations: 2 * weight_bytes,
        ..ExaminedStep::default()
    };
    let text = |path: &str| SourceText {
        path: path.into(),
        text: "fn main() {}".into(),
    };
    let kernel = |stem: &str| ExaminedKernel {
        stem: stem.into(),
        files: vec![
            text("shaders/parts/batch.wgsl"),
            text(&format!("shaders/{stem}.wgsl")),
        ],
        twin: text(&format!("engine/src/cpu/{stem}.rs")),
    };
    let found = Examined {
        position: 2,
        runs: 5,
        wall_micros: 40.0,
        steps: vec![step(0, 10.0, 100), step(1, 20.0, 300), step(0, 5.0, 100)],
        kernels: vec![kernel("matmul"), kernel("router")],
        layers: vec![0, 1],
        attention: vec![0.5, 0.25, 0.25, 0.0, 0.5, 0.25],
    };
    let state = recorded_run::receive(asked, vec![Event::Examined(found)]);
    let page = drawn(fold(state.clone(), Action::ViewChosen(Some("steps"))));
    let steps = panel(&page, "steps");
    assert_eq!(raw(steps, "steps"), 3.0);
    assert_eq!(raw(steps, "steps-micros"), 35.0);
    assert_eq!(raw(steps, "steps-bytes"), 500.0);
    assert_eq!(raw(steps, "steps-operations"), 1000.0);
    // The first step is chosen at first: 100 bytes in 10 µs, and its sources.
    assert_eq!(raw(steps, "step-bytes-per-second"), 1e7);
    for path in [
        "shaders/matmul.wgsl",
        "shaders/parts/batch.wgsl",
        "engine/src/cpu/matmul.rs",
    ] {
        assert!(steps.contains(path), "{path} is named");
    }
    assert_eq!(steps.matches("<rect").count(), 6, "three steps in two strips");
    let page = drawn(fold(state, Action::ViewChosen(Some("kv"))));
    let kv = panel(&page, "kv");
    // The window keeps one of three positions, four sinks keep the rest.
    assert_eq!(raw(kv, "forgotten-by-window"), 0.625);
    assert_eq!(raw(kv, "forgotten-by-sinks"), 0.0);
    assert!(kv.contains("data-position=\"1\" data-share=\"0.375\""));
}

#[test]
fn the_kv_panel_shows_bytes_held_reserved_and_read() {
    let page = drawn(finished());
    let kv = panel(&page, "kv");
    assert_eq!(raw(kv, "kv-positions"), 3.0);
    assert_eq!(raw(kv, "kv-held-bytes"), 192.0);
    assert_eq!(raw(kv, "kv-reserved-bytes"), 1024.0);
    assert_eq!(raw(kv, "kv-read-bytes"), 192.0);
    assert_eq!(raw(kv, "kv-growth-bytes"), 64.0);
}

#[test]
fn the_cost_panel_sums_its_steps_and_the_conversation() {
    let page = drawn(finished());
    let cost = panel(&page, "cost");
    assert_eq!(raw(cost, "wall-micros"), 2000.0);
    assert_eq!(raw(cost, "gpu-micros"), 1500.0);
    assert_eq!(raw(cost, "weight-bytes"), 20_000.0);
    assert_eq!(raw(cost, "operations"), 40_000.0);
    assert_eq!(raw(cost, "dispatches"), 24.0);
    assert_eq!(raw(cost, "bytes-per-second"), 20_256.0 / 0.002);
    assert_eq!(raw(cost, "total-tokens"), 3.0);
}

#[test]
fn a_shared_pass_says_that_it_is_shared() {
    let page = drawn(fold(finished(), Action::Selected(Some(0))));
    assert!(panel(&page, "cost").contains("Computed together with 1 other prompt token"));
}

#[test]
fn a_token_never_fed_back_says_so_on_every_panel() {
    let page = drawn(fold(finished(), Action::Selected(Some(3))));
    for name in ["experts", "kv", "cost"] {
        assert!(panel(&page, name).contains("has not been fed back"), "{name}");
    }
}

#[test]
fn tokens_can_be_found_by_position_and_one_is_a_tab_stop() {
    let page = drawn(fold(finished(), Action::Selected(Some(2))));
    for position in 0..4 {
        assert!(
            page.contains(&format!("data-token-position=\"{position}\"")),
            "{position}"
        );
    }
    let tokens: Vec<&str> = page
        .split("<span ")
        .filter(|tag| tag.contains("role=\"option\""))
        .collect();
    let with = |attribute: &str| tokens.iter().filter(|tag| tag.contains(attribute)).count();
    assert_eq!(with("tabindex=\"0\""), 1, "{tokens:#?}");
    assert_eq!(with("aria-selected=\"true\""), 1, "{tokens:#?}");
}

#[test]
fn no_element_carries_an_inline_style() {
    for measure in Measure::ALL {
        assert!(
            !drawn(fold(finished(), Action::MeasureChosen(measure))).contains("style="),
            "the page forbids them"
        );
    }
}

#[test]
fn the_badge_says_what_computes_and_why() {
    let page = drawn(loaded());
    assert!(page.contains("id=\"executor-badge\"") && page.contains("no WebGPU adapter is available here"));
}

#[test]
fn an_alert_can_be_dismissed() {
    let state = fold(loaded(), Action::AlertRaised("It is truncated.".into()));
    assert!(drawn(state.clone()).contains("role=\"alert\""));
    assert!(!drawn(fold(state, Action::AlertDismissed)).contains("role=\"alert\""));
}

#[test]
fn numbers_have_three_digits_and_units() {
    let spoken = |text: String| text.replace('\u{202f}', " ");
    assert_eq!(spoken(format::bytes(0)), "0 B");
    assert_eq!(spoken(format::bytes(999)), "999 B");
    assert_eq!(spoken(format::bytes(5_123_456)), "5.12 MB");
    assert_eq!(spoken(format::bytes(999_999)), "1.00 MB");
    assert_eq!(spoken(format::count(1_234_567)), "1 234 567");
    assert_eq!(spoken(format::micros(0.5)), "0.500 µs");
    assert_eq!(spoken(format::micros(11_230.0)), "11.2 ms");
    assert_eq!(spoken(format::micros(2_500_000.0)), "2.50 s");
    assert_eq!(spoken(format::large(23_456_789)), "23.5 M");
    assert_eq!(spoken(format::byte_rate(1.5e9)), "1.50 GB/s");
    assert_eq!(format::significant(f64::NAN), "—");
    assert_eq!(format::token_text(" a\n"), "␣a⏎");
}

#[test]
fn the_menu_lists_what_is_kept_and_what_can_be_fetched() {
    let whole = StoredModel {
        url: "https://example.org/models/whole.gguf?download=true".into(),
        stored_bytes: 2_000_000_000,
        total_bytes: 2_000_000_000,
        is_whole: true,
        sha256: Some("0123456789abcdef".repeat(4)),
    };
    let part = StoredModel {
        url: "https://example.org/part.gguf".into(),
        stored_bytes: 500_000_000,
        total_bytes: 2_000_000_000,
        is_whole: false,
        sha256: None,
    };
    let stored = Stored {
        models: vec![whole, part],
        usage_bytes: 2_500_000_000,
        quota_bytes: 10_000_000_000,
    };
    let list = include_str!("../public/models/public.json");
    let public: PublicModels = serde_json::from_str(list).expect("the list of public models");
    assert!(public.models.len() >= 5 && !public.date.is_empty());
    assert!(
        public
            .models
            .iter()
            .all(|model| model.url.starts_with("https://") && model.url.ends_with(".gguf"))
    );
    let n_models = public.models.len();
    let state = AppState {
        stored: Rc::new(stored),
        public: Rc::new(public),
        ..AppState::default()
    };
    let page = drawn(state);
    let at = page.find("id=\"models\"").expect("the menu");
    let menu = &page[at..at + page[at..].find("</details>").expect("its end")];
    for told in [
        "whole.gguf",
        "SHA-256 0123456789abcdef",
        "500 MB of 2.00 GB",
        "Go on",
        "2.50 GB used of about 10.0 GB",
    ] {
        let plain = menu.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(plain.contains(told), "{told:?} is not in {plain}");
    }
    assert_eq!(menu.matches(">Fetch<").count(), n_models);
}

#[test]
fn a_model_that_may_not_fit_is_told_before_it_is_fetched() {
    let needs = Needs {
        file_bytes: 12_000_000_000,
        weight_bytes: 12_000_000_000,
        kv_bytes: 200_000_000,
        buffer_bytes: 20_000_000,
        context: 4096,
    };
    let state = |device_bytes| {
        let asked = Action::LoadAsked {
            load_id: 7,
            origin: "https://example.org/large.gguf".into(),
            source: Source::Url("https://example.org/large.gguf".into()),
        };
        let state = fold(AppState::default(), asked);
        let needed = Envelope::new(vec![Event::Needed { load_id: 7, needs }]);
        let state = fold(state, Action::Received(needed));
        drawn(fold(state, Action::DeviceMemoryTold(device_bytes))).replace(['\u{a0}', '\u{202f}'], " ")
    };
    let small = state(8 << 30);
    assert!(small.contains("200 MB of KV cache for"), "{small}");
    assert!(
        small.contains("It may not fit: this computer has at least"),
        "{small}"
    );
    assert!(!state(64 << 30).contains("It may not fit"));
}

#[test]
fn the_selected_token_is_shown_among_what_was_expected() {
    let newest = finished().conversation.last_marked().expect("a token");
    let page = drawn(fold(finished(), Action::Selected(Some(newest))));
    let panel = panel(&page, "prediction");
    assert!(
        panel.contains("data-value=\"prediction-entropy-bits\" data-raw=\"1.5\""),
        "{panel}"
    );
    assert_eq!(panel.matches("data-alternative=").count(), 2);
    assert!(
        panel.contains("width=\"50.00\"") && panel.contains("Drawn: "),
        "{panel}"
    );
    // A token of the prompt was not drawn.
    let prompt = drawn(fold(finished(), Action::Selected(Some(0))));
    assert!(!prompt.contains("data-panel=\"prediction\""));
}

#[test]
fn the_cache_says_what_each_layer_keeps() {
    let page = drawn(finished());
    let panel = panel(&page, "kv");
    // The longest bar is the layer that reserves most.
    for width in ["1000", "500"] {
        let bar = format!("width=\"{width}\" height=\"8\" class=\"reserved\"");
        assert!(panel.contains(&bar), "{bar} is not in {panel}");
    }
    assert!(
        panel.contains(">full<") && panel.contains(">window of 8<"),
        "{panel}"
    );
}

#[test]
fn every_view_can_be_shown_at_full_size_and_left_again() {
    for state in [AppState::default(), loaded(), finished()] {
        for view in VIEWS {
            let page = drawn(fold(state.clone(), Action::ViewChosen(Some(view.name))));
            assert!(
                page.contains(&format!("data-view=\"{}\"", view.name)),
                "{}",
                view.name
            );
            assert!(
                !page.contains("style="),
                "{}: the page forbids inline styles",
                view.name
            );
            assert!(page.contains("data-leads-to=\"overview\""), "{}", view.name);
        }
    }
    let names: std::collections::BTreeSet<_> = VIEWS.iter().map(|view| view.name).collect();
    assert_eq!(names.len(), VIEWS.len(), "two views of one name");
    let groups: Vec<_> = VIEWS.iter().map(|view| view.group as usize).collect();
    assert!(groups.is_sorted(), "the list is by group");
}

#[test]
fn every_picture_has_a_table_in_its_panel() {
    for view in VIEWS {
        let page = drawn(fold(finished(), Action::ViewChosen(Some(view.name))));
        for panel in page.split("<section class=\"panel\"").skip(1) {
            let has_canvas = panel.contains("<canvas");
            assert!(
                !has_canvas || panel.contains("<table"),
                "{}: a picture without its numbers",
                view.name
            );
        }
    }
}

#[test]
fn the_matrix_has_one_tab_stop_and_every_cell_a_name() {
    let selected = fold(finished(), Action::LayerSelected(1));
    for (state, stop) in [
        (finished(), ["data-layer=\"0\"", "data-expert=\"0\""]),
        (
            fold(selected, Action::ExpertSelected(Some(2))),
            ["data-layer=\"1\"", "data-expert=\"2\""],
        ),
    ] {
        let page = drawn(state);
        let cells = cells(panel(&page, "experts"), "data-prob");
        let stops: Vec<_> = cells
            .iter()
            .filter(|cell| cell.contains("tabindex=\"0\""))
            .collect();
        assert_eq!(stops.len(), 1);
        assert!(
            stop.iter().all(|attribute| stops[0].contains(attribute)),
            "{stops:?}"
        );
        assert!(cells.iter().all(|cell| cell.contains("aria-label=\"")));
    }
}

#[test]
fn a_view_that_is_not_there_is_the_overview() {
    let page = drawn(fold(finished(), Action::ViewChosen(Some("none of them"))));
    assert!(page.contains("data-panel=\"experts\"") && page.contains("data-panel=\"cost\""));
}

#[test]
fn another_layer_forgets_the_expert() {
    let state = fold(finished(), Action::ExpertSelected(Some(3)));
    assert_eq!(
        fold(state.clone(), Action::LayerSelected(0)).selection.expert,
        Some(3)
    );
    let other = fold(state, Action::LayerSelected(1)).selection;
    assert_eq!((other.layer, other.expert), (1, None));
}

#[test]
fn a_run_of_another_program_is_drawn_without_made_up_numbers() {
    let text = include_str!("fixtures/imports/vllm.json");
    let (run, _) = moescope_run_file::import::import(text).expect("it is whole");
    let recording = moescope_app::recording::recording(&run, 1);
    let shown = Action::RunShown(Box::new(recording), moescope_app::state::Origin::Opened);
    let state = recorded_run::fold(AppState::default(), shown);
    let names = moescope_app::panels::views::VIEWS
        .iter()
        .map(|view| Some(view.name));
    for view in [None].into_iter().chain(names) {
        for position in [None, Some(0), Some(6)] {
            let seen = recorded_run::fold(state.clone(), Action::ViewChosen(view));
            let html = drawn(recorded_run::fold(seen, Action::Selected(position)));
            // Attributes for scripts may say that a number is none; what is read may not.
            let texts = html.split('>').filter_map(|part| part.split('<').next());
            let made_up: Vec<_> = texts.filter(|text| text.contains("NaN")).collect();
            assert!(made_up.is_empty(), "{view:?} at {position:?} says {made_up:?}");
        }
    }
}

#[test]
fn what_another_program_did_not_tell_is_shown_as_unknown() {
    let text = include_str!("fixtures/imports/vllm.json");
    let (run, _) = moescope_run_file::import::import(text).expect("a response with routed experts");
    let recording = moescope_app::recording::recording(&run, 10);
    let state = fold(
        AppState::default(),
        Action::RunShown(Box::new(recording), Origin::Opened),
    );
    let page = drawn(state.clone());
    assert!(page.contains("class=\"turn user\""), "its prompt is there");
    assert!(!page.contains("class=\"edit\""), "nobody knows what was typed");
    assert!(!page.contains("seed"), "nor how it was drawn");
    for view in ["kv", "cost", "here"] {
        let page = drawn(fold(state.clone(), Action::ViewChosen(Some(view))));
        let panel = panel(&page, view);
        assert!(panel.contains(words().focus.not_recorded), "{view}: {panel}");
        assert!(!panel.contains("value measured"), "{view}: {panel}");
        for name in ["weight-bytes", "kv-bytes", "wall-seconds", "wall-micros"] {
            let told = format!("data-value=\"{name}\"");
            assert!(!panel.contains(&told), "{view} tells {name}");
        }
    }
}

#[test]
fn the_overview_shows_the_token_that_was_drawn_however_unlikely() {
    let likely = |token: u32| Likely {
        token,
        text: format!("t{token}"),
        prob: 0.1,
    };
    // Drawn was token 21, the fifth.
    let events = recorded_run::events().into_iter().map(|event| match event {
        Event::Token {
            generation_id,
            position: 3,
            piece,
            prob,
            entropy_bits,
            ..
        } => Event::Token {
            generation_id,
            position: 3,
            piece,
            prob,
            entropy_bits,
            likeliest: [30, 31, 32, 33, 21, 34].map(likely).to_vec(),
        },
        other => other,
    });
    let state = recorded_run::receive(recorded_run::sent(), events.collect());
    let page = drawn(fold(state, Action::Selected(Some(3))));
    let panel = panel(&page, "prediction");
    let shown: Vec<&str> = panel.split("data-alternative=\"").skip(1).collect();
    let tokens: Vec<&str> = shown.iter().filter_map(|row| row.split('"').next()).collect();
    assert_eq!(tokens, ["30", "31", "32", "21"]);
}
