//! A conversation is written as a run and read again as the events that fold into the same conversation;
//! what is live stands aside while a run is on screen.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::protocol::{
    Event, Examined, ExaminedKernel, ExaminedStep, Finish, Piece, PieceKind, Request, SourceText,
};
use moescope_app::recording::{About, recording, run, title};
use moescope_app::state::{Action, AppState, Origin, reduce};
use moescope_run_file::{Run, ledger, read, write};
use recorded_run::{GENERATION_ID, finished, fold, loaded, receive, send, token_pass};

fn about() -> About {
    About {
        title: "by hand".into(),
        date: "2026-01-02T03:04:05Z".into(),
        ..About::default()
    }
}

fn recorded(state: &AppState) -> Run {
    run(
        state.model.as_ref().expect("a model"),
        &state.conversation,
        &about(),
    )
}

fn shown(state: AppState, run: &Run, origin: Origin) -> AppState {
    fold(state, Action::RunShown(Box::new(recording(run, 100)), origin))
}

/// "Hi" and "Yo!", then "Hi" written anew as "Ho", answered by "No".
fn edited() -> AppState {
    let mut state = finished();
    let Action::Sent {
        generation_id,
        prompt,
        mut options,
        ..
    } = send(GENERATION_ID + 1, "Ho")
    else {
        panic!("a prompt is sent");
    };
    options.replaces = Some(GENERATION_ID);
    state = fold(
        state,
        Action::Sent {
            generation_id,
            prompt,
            options,
            from_draft: false,
        },
    );
    let piece = |token, text: &str| Piece {
        token,
        text: text.into(),
        kind: PieceKind::Said,
    };
    receive(
        state,
        vec![
            Event::Started {
                generation_id,
                fresh: false,
                seed: 7,
                reused: 1,
                first_position: 1,
                pieces: vec![piece(11, "Ho")],
            },
            Event::Pass {
                generation_id,
                pass: token_pass(1),
            },
            Event::Token {
                generation_id,
                position: 2,
                piece: piece(22, "No"),
                prob: 0.25,
                entropy_bits: 2.0,
                likeliest: Vec::new(),
            },
            Event::Finished {
                generation_id,
                finish: Finish::MaxTokens,
            },
        ],
    )
}

#[test]
fn a_run_read_again_is_the_conversation_that_was_written() {
    for state in [finished(), edited()] {
        let bytes = write(&recorded(&state)).expect("it is whole");
        let again = shown(
            AppState::default(),
            &read(&bytes).expect("it is read"),
            Origin::Opened,
        );
        assert_eq!(again.conversation.totals, state.conversation.totals);
        assert_eq!(again.conversation.load, state.conversation.load);
        let marks = |state: &AppState| -> Vec<_> {
            state
                .conversation
                .turns
                .iter()
                .flat_map(|turn| turn.marks().cloned())
                .collect()
        };
        assert_eq!(marks(&again), marks(&state));
        assert_eq!(
            again.conversation.replaced.len(),
            state.conversation.replaced.len()
        );
        // NaN is not equal to itself.
        let is_same = format!("{:?}", recorded(&again)) == format!("{:?}", recorded(&state));
        assert!(is_same, "the run of the run is another");
    }
}

#[test]
fn an_edit_keeps_what_it_replaced() {
    let lines = ledger::ledger(&recorded(&edited()));
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["<|user|>", "Hi", "Yo", "!", "Ho", "No"]);
    assert_eq!(recorded(&edited()).info.generations[1].replaces, Some(0));
    assert_eq!(title(&edited().conversation), "Ho");
}

#[test]
fn without_distributions_the_routers_entropies_stay() {
    let small = run(
        finished().model.as_ref().expect("a model"),
        &finished().conversation,
        &About {
            without_distributions: true,
            ..about()
        },
    );
    assert!(small.rows.router_probs.is_empty());
    let again = shown(AppState::default(), &small, Origin::Opened);
    let bits = |state: &AppState| state.conversation.row(1).map(|row| row.routers().to_vec());
    assert_eq!(bits(&again), bits(&finished()));
}

#[test]
fn what_is_live_goes_on_while_a_run_is_on_screen() {
    let file = recorded(&finished());
    let mut state = shown(recorded_run::sent(), &file, Origin::Opened);
    assert_eq!(state.conversation.turns.len(), 2, "the run");
    state = receive(state, recorded_run::events());
    assert_eq!(
        state.live_conversation().turns.len(),
        2,
        "the answer came meanwhile"
    );
    state = fold(state, Action::RunLeft);
    assert_eq!(state.conversation.turns[0].generation_id, GENERATION_ID);
    assert!(state.replay.is_none() && state.answering().is_some());
}

#[test]
fn a_prompt_goes_on_with_a_run_of_the_same_model() {
    let state = shown(loaded(), &recorded(&finished()), Origin::Kept("id".into()));
    assert!(state.continues());
    let (state, requests) = reduce(state, send(200, "More"));
    assert!(
        matches!(&requests[..], [Request::Restore { turns }, Request::Generate { .. }]
            if turns.len() == 1 && turns[0].prompt == "Hi" && turns[0].answer == "Yo!"),
        "{requests:?}"
    );
    assert!(state.replay.is_none());
    assert_eq!(state.conversation.kept_as.as_deref(), Some("id"));
}

#[test]
fn a_prompt_to_the_shipped_run_begins_a_conversation() {
    let state = shown(loaded(), &recorded(&finished()), Origin::Shipped);
    assert!(!state.continues());
    let (state, requests) = reduce(state, send(200, "More"));
    assert!(
        matches!(&requests[..], [Request::Generate { .. }]),
        "{requests:?}"
    );
    assert!(state.conversation.turns.is_empty());
}

#[test]
fn a_run_needs_no_model() {
    let state = shown(AppState::default(), &recorded(&finished()), Origin::Opened);
    assert!(state.answering().is_none() && state.model.is_some());
    let (state, requests) = reduce(state, send(200, "More"));
    assert!(
        requests.is_empty() && state.replay.is_some(),
        "there is nothing to answer"
    );
}

#[test]
fn the_shipped_run_is_of_the_shipped_model() {
    let bytes = include_bytes!("../public/runs/demo.safetensors");
    assert!(
        bytes.len() < 500_000,
        "{} bytes before the first paint",
        bytes.len()
    );
    let run = read(bytes).expect("it is whole");
    let state = shown(AppState::default(), &run, Origin::Shipped);
    assert!(state.conversation.turns[1].text().contains("85"));
    let model = include_bytes!("../public/models/moescope-demo.gguf");
    assert_eq!(
        run.info.model.file_bytes,
        model.len() as u64,
        "the model has changed: cargo xtask record"
    );
    assert!(!run.info.date.is_empty() && run.info.device.is_some());
}

/// What the worker might find at a position.
fn examined(position: u32) -> Examined {
    let source = |path: &str| SourceText {
        path: path.into(),
        text: "fn main() {}".into(),
    };
    Examined {
        position,
        runs: 3,
        wall_micros: 12.5,
        steps: vec![ExaminedStep {
            group: "attention".into(),
            layer: Some(1),
            micros: Some(4.0),
            weight_bytes: 100,
            kv_read_bytes: u64::from(position) * 8,
            ..ExaminedStep::default()
        }],
        kernels: vec![ExaminedKernel {
            stem: "attention".into(),
            files: vec![source("shaders/attention.wgsl")],
            twin: source("engine/src/cpu/attention.rs"),
        }],
        layers: vec![1],
        attention: vec![1.0 / (position as f32 + 1.0); position as usize + 1],
    }
}

#[test]
fn what_was_looked_at_closely_is_in_the_run_and_stands_aside_with_it() {
    let mut state = finished();
    for position in [1, 0] {
        state = fold(state, Action::ExamineAsked(position));
        state = receive(state, vec![Event::Examined(examined(position))]);
    }
    let about = About {
        examined: state.examination.all(),
        ..about()
    };
    let run = run(
        state.model.as_ref().expect("a model"),
        &state.conversation,
        &about,
    );
    assert_eq!(run.examined.positions, [0, 1], "in the order of positions");
    let run = read(&write(&run).expect("it is whole")).expect("it is read");
    let again = shown(AppState::default(), &run, Origin::Opened);
    let found = again.examination.at(1).expect("it was looked at");
    let mut expected = examined(1);
    // Sources are named, not told.
    expected.kernels[0].files[0].text.clear();
    expected.kernels[0].twin.text.clear();
    assert_eq!(**found, expected);
    // Of a run that is shown meanwhile, the page knows nothing of what was found in the live one.
    let mut bare = recorded(&state);
    bare.info.title = "another".into();
    let state = shown(state, &bare, Origin::Opened);
    assert!(state.examination.at(1).is_none());
    assert_eq!(state.live_examination().count(), 2);
    let state = fold(state, Action::RunLeft);
    assert_eq!(state.examination.count(), 2);
}
