//! A link says what is on screen: written and read again it is the same, and whatever somebody wrote
//! into an address is taken as far as it makes sense.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::link::{Link, Prompt};
use moescope_app::panels::views;
use moescope_app::protocol::Sampling;
use moescope_app::state::select::raster::Order;
use moescope_app::state::{Action, AppState, ExpertsView, Measure, Selection, View};
use recorded_run::{finished, fold};

fn parse(fragment: &str) -> Link {
    Link::parse(fragment, |name| views::find(name).map(|view| view.name))
}

fn seen() -> (Selection, View) {
    let selection = Selection {
        position: Some(2),
        layer: 1,
        expert: Some(3),
    };
    let view = View {
        measure: Measure::Margin,
        experts: ExpertsView::Load,
        raster_order: Order::FirstUse,
        shown: views::find("kv").map(|view| view.name),
    };
    (selection, view)
}

#[test]
fn what_is_written_is_read() {
    let (selection, view) = seen();
    let link = Link {
        model: Some("https://example.org/a b.gguf?x=1&y=2#z".into()),
        is_shipped: false,
        turns: vec![
            Prompt {
                prompt: "What is 27 + 58?\n100 % & more = “é” 🙂".into(),
                sampling: Sampling {
                    seed: u64::MAX,
                    temperature: 0.7,
                    top_k: 40,
                    top_p: 0.9,
                    min_p: 0.05,
                    repetition_penalty: 1.1,
                    max_tokens: 12,
                },
            },
            Prompt {
                prompt: String::new(),
                sampling: Sampling::default(),
            },
        ],
        selection,
        view,
    };
    assert_eq!(parse(&link.fragment()), link);
    assert_eq!(parse(&format!("#{}", link.fragment())), link);
    let is_plain = |letter: char| letter.is_ascii_graphic() && !"#\"<>`".contains(letter);
    assert!(link.fragment().chars().all(is_plain), "{}", link.fragment());
}

#[test]
fn a_page_as_usual_has_nothing_in_its_address() {
    assert_eq!(Link::default().fragment(), "");
    assert_eq!(Link::of(&AppState::default()).fragment(), "");
    assert_eq!(parse(""), Link::default());
}

#[test]
fn a_conversation_on_screen_is_its_prompts_and_what_is_looked_at() {
    let (selection, view) = seen();
    let state = fold(finished(), Action::Looked(selection, view));
    let link = Link::of(&state);
    assert_eq!(link.turns.len(), 1);
    assert_eq!(
        (link.turns[0].prompt.as_str(), link.turns[0].sampling.seed),
        ("Hi", 7)
    );
    assert_eq!(
        link.fragment(),
        "model=models/tiny.gguf&seed=7&prompt=Hi&token=2&layer=1&expert=3&view=kv&colour=router-margin&order=first-use&matrix=load"
    );
    assert!(link.is_on_screen(&state));
    assert!(!parse("prompt=Ho").is_on_screen(&state));
}

#[test]
fn a_link_looks_at_nothing_that_is_not_there() {
    let looked = |fragment: &str| {
        let link = parse(fragment);
        fold(finished(), Action::Looked(link.selection, link.view)).selection
    };
    assert_eq!(looked("token=3&layer=1&expert=3").position, Some(3));
    assert_eq!(looked("token=4&layer=2&expert=4"), Selection::default());
    assert_eq!(
        looked("token=-1&layer=99999999999999999999&expert=x"),
        Selection::default()
    );
}

#[test]
fn nonsense_in_an_address_is_passed_over() {
    for fragment in [
        "#",
        "&&&",
        "=",
        "prompt",
        "%",
        "%zz=%zz",
        "seed=-1&temperature=NaN&top-p=2&max-tokens=0",
        "view=nowhere&colour=purple&order=random",
        "run=elsewhere",
        "temperature=inf&repetition-penalty=0",
    ] {
        let link = parse(fragment);
        assert!(
            link.turns.is_empty() && link.view == View::default(),
            "{fragment}"
        );
        let asked = parse(&format!("{fragment}&prompt=Hi"));
        assert_eq!(asked.turns[0].sampling, Sampling::default(), "{fragment}");
    }
    let many = "prompt=a&".repeat(10_000);
    assert!(parse(&many).turns.len() <= 256);
    assert_eq!(parse("prompt=a%ff+b").turns[0].prompt, "a\u{fffd} b");
}
