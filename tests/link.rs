//! A link says what is on screen: written and read again it is the same, and whatever somebody wrote
//! into an address is taken as far as it makes sense.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::link::{Branching, Drawn, Link, Prompt, Trouble};
use moescope_app::panels::views;
use moescope_app::protocol::{Branch, Event, Finish, Piece, PieceKind, Sampling};
use moescope_app::recording::{self, About};
use moescope_app::state::economics::moment::Moment;
use moescope_app::state::economics::{Assumption, Choice, EconomicsAction};
use moescope_app::state::select::load::Part;
use moescope_app::state::select::raster::Order;
use moescope_app::state::{Action, AppState, ExpertsView, Measure, Origin, Selection, View};
use recorded_run::{GENERATION_ID, finished, fold, receive, send, token_pass};

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
        part: Part::Answer,
        shown: views::find("kv").map(|view| view.name),
    };
    (selection, view)
}

/// Every assumption, at a value that is not its start.
fn assumed() -> Moment {
    let mut assumed = Moment::default();
    for assumption in Assumption::ALL {
        let bounds = assumption.bounds();
        assumed.take(bounds.key, &bounds.most.to_string());
    }
    assert_eq!(assumed.edited.len(), Assumption::ALL.len());
    assumed.choice = Choice {
        device: "h200".into(),
        beside: "none".into(),
        prices: "groq/openai/gpt-oss-120b".into(),
        provider: 2,
    };
    assumed
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
                drawn: Drawn {
                    sampling: Sampling {
                        seed: u64::MAX,
                        temperature: 0.7,
                        top_k: 40,
                        top_p: 0.9,
                        min_p: 0.05,
                        repetition_penalty: 1.1,
                        max_tokens: 12,
                    },
                    stopped_after: Some(3),
                },
                branches: vec![
                    Branching {
                        at: Branch {
                            position: 9,
                            token: u32::MAX,
                        },
                        drawn: Drawn::default(),
                    },
                    Branching {
                        at: Branch {
                            position: 4_000_000,
                            token: 0,
                        },
                        drawn: Drawn {
                            stopped_after: Some(1),
                            ..Drawn::default()
                        },
                    },
                ],
            },
            Prompt::default(),
        ],
        selection,
        view,
        assumed: assumed(),
        trouble: None,
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
        (link.turns[0].prompt.as_str(), link.turns[0].drawn.sampling.seed),
        ("Hi", 7)
    );
    assert_eq!(
        link.fragment(),
        "model=models/tiny.gguf&seed=7&prompt=Hi&token=2&layer=1&expert=3&view=kv&colour=router-margin&order=first-use&part=answer&matrix=load"
    );
    assert!(link.is_on_screen(&state));
    assert!(!parse("prompt=Ho").is_on_screen(&state));
}

#[test]
fn a_link_assumes_what_the_page_assumed_and_leaves_the_visitors_own_as_they_are() {
    let act = |state, action| fold(state, Action::Economics(action));
    let sent = act(finished(), EconomicsAction::Edited(Assumption::Rent, 2.5));
    let sent = act(sent, EconomicsAction::DeviceChosen("b200".into()));
    let sent = act(sent, EconomicsAction::Edited(Assumption::Rent, 2.5));
    let link = Link::of(&sent);
    assert!(
        link.fragment().ends_with("&e.device=b200&e.rent=2.5"),
        "{}",
        link.fragment()
    );
    let own = act(finished(), EconomicsAction::Edited(Assumption::Batch, 64.0));
    let kept = own.economics.kept();
    let followed = act(
        own.clone(),
        EconomicsAction::Followed(Box::new(parse(&link.fragment()).assumed)),
    );
    assert_eq!(followed.economics.moment(), sent.economics.moment());
    assert!(followed.economics.is_followed() && followed.economics.kept() == kept);
    let moved = act(followed, EconomicsAction::Edited(Assumption::Seats, 7.0));
    assert_eq!(
        moved.economics.kept(),
        kept,
        "what is tried on a link's numbers is not kept as one's own"
    );
    assert_eq!(Link::of(&moved).assumed.edited[&Assumption::Seats], 7.0);
    let back = act(moved, EconomicsAction::CameBack);
    assert_eq!(
        (back.economics.moment(), back.economics.is_followed()),
        (own.economics.moment(), false)
    );
    let same = act(
        own.clone(),
        EconomicsAction::Followed(Box::new(own.economics.moment())),
    );
    assert!(!same.economics.is_followed(), "one's own link brings nothing new");
}

#[test]
fn absurd_assumptions_in_an_address_are_bounded_or_passed_over() {
    let assumed =
        parse("e.rent=1e99&e.batch=NaN&e.nothing=1&e.provider=200&e.seats=-4&e.=1&e.context=x").assumed;
    assert_eq!(
        assumed.edited.into_iter().collect::<Vec<_>>(),
        [(Assumption::Rent, 30.0), (Assumption::Seats, 1.0)]
    );
    assert_eq!(assumed.choice, Choice::default());
    let long = parse(&format!("e.device={}", "a".repeat(10_000)));
    assert!(long.assumed.choice.device.len() <= 200);
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
        assert_eq!(asked.turns[0].drawn, Drawn::default(), "{fragment}");
    }
    let many = "prompt=a&".repeat(10_000);
    assert_eq!(parse(&many).turns.len(), 256);
    assert_eq!(parse(&many).trouble, Some(Trouble::TooMuch { most: 256 }));
    let many = format!("prompt=a{}", "&branch=5.1".repeat(10_000));
    assert_eq!(parse(&many).turns[0].branches.len(), 256);
    assert_eq!(parse(&many).trouble, Some(Trouble::TooMuch { most: 256 }));
    assert_eq!(parse("prompt=a%ff+b").turns[0].prompt, "a\u{fffd} b");
}

/// The answer of a generation, going on from another token; nothing follows that.
fn branched(state: AppState, from: u32, generation_id: u32, at: Branch) -> AppState {
    let Action::Sent { mut options, .. } = send(generation_id, "") else {
        unreachable!()
    };
    (options.replaces, options.branch) = (Some(from), Some(at));
    options.sampling.temperature = 0.5;
    let asked = Action::Sent {
        generation_id,
        prompt: String::new(),
        options,
        from_draft: false,
    };
    let piece = Piece {
        token: at.token,
        text: "Ho".into(),
        kind: PieceKind::Said,
    };
    let events = vec![
        Event::Started {
            generation_id,
            fresh: false,
            seed: u64::from(generation_id),
            reused: at.position,
            first_position: at.position,
            pieces: vec![piece],
        },
        Event::Pass {
            generation_id,
            pass: token_pass(at.position),
        },
        Event::Finished {
            generation_id,
            finish: Finish::Cancelled,
        },
    ];
    receive(fold(state, asked), events)
}

const FIRST: Branch = Branch {
    position: 2,
    token: 12,
};
const SECOND: Branch = Branch {
    position: 3,
    token: 13,
};

#[test]
fn a_branched_answer_is_its_prompt_and_the_branches_that_led_to_it() {
    let (one, two) = (GENERATION_ID + 1, GENERATION_ID + 2);
    let state = branched(finished(), GENERATION_ID, one, FIRST);
    let state = branched(state, one, two, SECOND);
    let link = Link::of(&state);
    assert_eq!(
        link.fragment(),
        "model=models/tiny.gguf&seed=7&prompt=Hi&seed=3&temperature=0.5&branch=2.12&stop=1&seed=4&branch=3.13&stop=1"
    );
    assert_eq!(parse(&link.fragment()), link);
    assert!(link.is_on_screen(&state));
    let other = parse("prompt=Hi&branch=2.12&branch=3.14");
    assert!(!other.is_on_screen(&state), "another token is another answer");
    // Kept in the browser or saved, and opened again, it says the same.
    let model = state.model.clone().expect("a model");
    let run = recording::run(&model, &state.conversation, &About::default());
    let bytes = moescope_run_file::write(&run).expect("it is written");
    let run = moescope_run_file::read(&bytes).expect("it is read");
    let opened = recording::recording(&run, 10);
    let opened = fold(state, Action::RunShown(Box::new(opened), Origin::Opened));
    assert_eq!(Link::of(&opened).turns, link.turns);
}

#[test]
fn a_branch_from_further_back_leaves_nothing_of_the_one_before() {
    let (one, two) = (GENERATION_ID + 1, GENERATION_ID + 2);
    let state = branched(finished(), GENERATION_ID, one, SECOND);
    let state = branched(state, one, two, FIRST);
    let branches: Vec<_> = Link::of(&state).turns[0]
        .branches
        .iter()
        .map(|branching| branching.at)
        .collect();
    assert_eq!(branches, [FIRST]);
}

#[test]
fn a_branch_that_cannot_be_read_is_told() {
    for (fragment, told) in [
        ("prompt=Hi&branch=5", "5"),
        ("prompt=Hi&branch=-1.5", "-1.5"),
        ("prompt=Hi&branch=99999999999.1", "99999999999.1"),
        ("branch=5.1&prompt=Hi", "5.1"),
    ] {
        let link = parse(fragment);
        assert_eq!(link.trouble, Some(Trouble::NoBranch(told.into())), "{fragment}");
        assert!(link.turns.iter().all(|turn| turn.branches.is_empty()));
    }
    let long = parse(&format!("branch={}", "x".repeat(10_000)));
    assert_eq!(long.trouble, Some(Trouble::NoBranch("x".repeat(40))));
}

#[test]
fn a_conversation_too_long_for_an_address_leaves_the_views() {
    let long = "word ".repeat(10_000);
    let state = fold(finished(), send(9, &long));
    let state = receive(
        state,
        vec![Event::Started {
            generation_id: 9,
            fresh: true,
            seed: 1,
            reused: 0,
            first_position: 0,
            pieces: Vec::new(),
        }],
    );
    let (selection, view) = seen();
    let link = Link::of(&fold(state, Action::Looked(selection, view)));
    assert!(link.turns.is_empty() && link.fragment().starts_with("layer=1&expert=3&view=kv"));
}
