//! One token looked at closely: what is asked for, what is kept, and what is worked out of attention.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::protocol::{Envelope, Event, Examined, Request};
use moescope_app::state::select::attention::{Attention, Policy, forgotten, most};
use moescope_app::state::{Action, AppState, reduce};
use recorded_run::{finished, fold, receive, send, sent};

fn found(position: u32) -> Examined {
    Examined {
        position,
        layers: vec![0, 1],
        // Two layers over three positions.
        attention: vec![0.5, 0.25, 0.25, 0.0, 0.5, 0.25],
        ..Examined::default()
    }
}

fn ask(state: AppState, position: u32) -> (AppState, Vec<Request>) {
    reduce(state, Action::ExamineAsked(position))
}

#[test]
fn a_computed_token_is_asked_for_once() {
    let (state, requests) = ask(finished(), 2);
    assert!(matches!(requests[..], [Request::Examine { position: 2 }]));
    assert!(ask(state.clone(), 1).1.is_empty(), "one at a time");
    let state = receive(state, vec![Event::Examined(found(2))]);
    assert!(state.examination.at(2).is_some() && state.examination.at(1).is_none());
    assert_eq!(ask(state, 1).1.len(), 1);
}

#[test]
fn nothing_is_asked_of_what_was_never_computed_or_while_the_model_writes() {
    assert!(
        ask(finished(), 3).1.is_empty(),
        "the last token was never fed back"
    );
    assert!(ask(sent(), 0).1.is_empty());
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let (state, _) = ask(finished(), 0);
    let reason = "let go".into();
    let state = receive(state, vec![Event::NotExamined { reason }]);
    assert_eq!(state.alert.as_deref(), Some("let go"));
    assert_eq!(state.examination.asked, None);
}

#[test]
fn what_was_found_goes_with_its_position() {
    let (state, _) = ask(finished(), 2);
    let state = receive(state, vec![Event::Examined(found(2))]);
    let started = |reused| Event::Started {
        generation_id: 9,
        fresh: false,
        seed: 1,
        reused,
        first_position: reused,
        pieces: Vec::new(),
    };
    let asked = fold(state, send(9, "more"));
    let kept = receive(asked.clone(), vec![started(3)]);
    assert!(kept.examination.at(2).is_some());
    let gone = receive(asked, vec![started(2)]);
    assert!(gone.examination.at(2).is_none(), "position 2 is computed anew");
}

#[test]
fn an_answer_to_a_conversation_that_is_gone_is_dropped() {
    let (state, _) = ask(finished(), 2);
    let state = fold(state, Action::NewChat);
    let state = fold(
        state,
        Action::Received(Envelope::new(vec![Event::Examined(found(2))])),
    );
    assert!(state.examination.count() == 0);
}

#[test]
fn a_policy_forgets_what_lies_between_its_sinks_and_its_recent_positions() {
    let found = found(2);
    let attention = Attention::of(&found).expect("layers attend");
    assert_eq!(attention.mean(), [0.25, 0.375, 0.25]);
    let lost = |sinks, recent| attention.forgotten(Policy { sinks, recent });
    assert_eq!(lost(0, 1), 0.625, "a window of one");
    assert_eq!(lost(1, 1), 0.375, "with a sink");
    assert_eq!(lost(0, 3), 0.0);
    assert_eq!(lost(2, 1), 0.0);
    assert_eq!(forgotten(&[0.5, 0.5], Policy { sinks: 9, recent: 9 }), 0.0);
    assert_eq!(most(&attention.mean(), 2), [(1, 0.375), (0, 0.25)]);
}

#[test]
fn attention_of_another_size_is_none() {
    let broken = Examined {
        position: 3,
        ..found(2)
    };
    assert!(Attention::of(&broken).is_none());
    assert!(Attention::of(&Examined::default()).is_none());
}
