//! The page's state is a fold of events: what a recording holds is what a live run shows.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::protocol::{
    Envelope, Event, Finish, LoadStage, ModelFacts, Pass, PieceKind, Request, Source, VERSION,
};
use moescope_app::state::select::measure::{self, Colouring};
use moescope_app::state::select::{self, entropy_bits};
use moescope_app::state::{
    Action, Activity, AppState, Conversation, DISTRIBUTION_BYTES, MarkKind, Measure, Role, reduce,
};
use recorded_run::{GENERATION_ID, LOAD_ID, events, finished, fold, loaded, receive, send, sent, token_pass};

fn texts(state: &AppState) -> Vec<(Role, String)> {
    state
        .conversation
        .turns
        .iter()
        .map(|turn| (turn.role, turn.text()))
        .collect()
}

#[test]
fn a_recorded_run_folds_to_its_conversation() {
    let state = finished();
    assert_eq!(
        texts(&state),
        [(Role::User, "Hi".into()), (Role::Model, "Yo!".into())]
    );
    assert_eq!(state.activity, Activity::Idle);
    assert_eq!(state.conversation.latest(), Some(2));
    assert_eq!(
        state.conversation.last_marked(),
        Some(3),
        "the last token was sampled, not fed back"
    );
    let totals = state.conversation.totals;
    assert_eq!(
        (totals.computed_tokens, totals.sampled_tokens, totals.passes),
        (3, 2, 2)
    );
    assert_eq!((totals.weight_bytes, totals.dispatches), (40_000, 48));
}

#[test]
fn events_one_by_one_fold_like_events_in_one_message() {
    let state = events()
        .into_iter()
        .fold(sent(), |state, event| receive(state, vec![event]));
    assert_eq!(texts(&state), texts(&finished()));
    assert_eq!(state.conversation.totals, finished().conversation.totals);
}

#[test]
fn every_computed_position_has_its_own_numbers() {
    let state = finished();
    let row = |position| state.conversation.row(position).expect("it was computed");
    assert_eq!(select::kv(row(0)).held_bytes, [32, 32]);
    assert_eq!(select::kv(row(1)).held_bytes, [64, 64]);
    assert_eq!(select::kv(row(2)).positions, 3);
    let routing = select::routing(&recorded_run::model(), row(1));
    assert_eq!(routing[0].chosen, [(2, 0.75), (0, 0.25)]);
    assert_eq!(
        routing[1].margin,
        Some(0.125),
        "least chosen 0.25, greatest rejected 0.125"
    );
}

#[test]
fn load_counts_every_choice_of_every_position() {
    let state = finished();
    let load = select::load(&recorded_run::model(), &state.conversation);
    assert_eq!(load[0].counts, [3, 0, 3, 0]);
    assert_eq!((load[1].used, load[1].uniform), (2, 1.5));
}

#[test]
fn entropy_is_in_bits_and_needs_no_normalised_input() {
    assert_eq!(entropy_bits(&[0.25; 4]), 2.0);
    assert_eq!(entropy_bits(&[3.0, 3.0]), 1.0);
    assert_eq!(entropy_bits(&[1.0, 0.0]), 0.0);
    assert_eq!(entropy_bits(&[0.0, 0.0]), 0.0);
}

#[test]
fn the_newest_computed_token_is_shown_until_another_is_chosen() {
    let state = finished();
    assert_eq!(select::focus(&state).map(|focus| focus.position), Some(2));
    let state = fold(state, Action::Selected(Some(3)));
    let focus = select::focus(&state).expect("position 3 stands in the text");
    assert!(focus.row.is_none(), "its own pass never ran");
    assert_eq!(focus.mark.map(|mark| mark.kind), Some(MarkKind::Generated));
}

#[test]
fn another_version_is_one_sentence_and_nothing_else() {
    let envelope = Envelope {
        version: VERSION + 1,
        messages: events(),
    };
    let state = fold(sent(), Action::Received(envelope));
    assert!(state.alert.is_some_and(|alert| alert.contains("reload the page")));
    assert!(state.conversation.turns.is_empty());
}

#[test]
fn stopping_asks_the_worker_and_keeps_what_came() {
    let mut told = events();
    let finish = told.pop();
    assert!(finish.is_some());
    let (state, requests) = reduce(receive(sent(), told), Action::Stopped);
    assert!(matches!(
        requests[..],
        [Request::Cancel {
            generation_id: GENERATION_ID
        }]
    ));
    let ended = receive(
        state,
        vec![Event::Finished {
            generation_id: GENERATION_ID,
            finish: Finish::Cancelled,
        }],
    );
    assert_eq!(texts(&ended)[1].1, "Yo!");
    assert_eq!(ended.conversation.turns[1].finish, Some(Finish::Cancelled));
    assert!(ended.activity.is_idle());
}

#[test]
fn the_tail_of_a_left_generation_is_ignored() {
    let state = fold(sent(), Action::NewChat);
    let state = receive(state, events());
    assert!(state.conversation.turns.is_empty());
    let state = receive(fold(state, send(9, "again")), events());
    assert!(
        state.conversation.turns.is_empty(),
        "generation 2 is not generation 9"
    );
    assert_eq!(state.activity.generation_id(), Some(9));
}

#[test]
fn a_model_that_fails_to_load_leaves_the_present_one() {
    let source = Source::Url("broken.gguf".into());
    let state = fold(
        finished(),
        Action::LoadAsked {
            load_id: 5,
            origin: "broken.gguf".into(),
            source,
        },
    );
    let progress = |load_id| Event::LoadProgress {
        load_id,
        stage: LoadStage::Fetching,
        done_bytes: 1,
        total_bytes: 2,
        elapsed_millis: 3.0,
    };
    let state = receive(state, vec![progress(LOAD_ID), progress(5)]);
    assert_eq!(state.loading.as_ref().map(|loading| loading.done_bytes), Some(1));
    let state = receive(
        state,
        vec![Event::LoadFailed {
            load_id: 5,
            reason: "it is truncated".into(),
        }],
    );
    assert_eq!(
        state.alert.as_deref(),
        Some("it is truncated The model before it still works.")
    );
    assert!(state.model.is_some() && state.loading.is_none());
    assert_eq!(texts(&state), texts(&finished()), "the conversation goes on");
    assert!(state.activity.is_idle());
}

#[test]
fn a_load_replaced_by_another_is_cancelled_and_its_end_ignored() {
    let ask = |load_id| Action::LoadAsked {
        load_id,
        origin: "x.gguf".into(),
        source: Source::Url("x.gguf".into()),
    };
    let (state, requests) = reduce(fold(loaded(), ask(5)), ask(6));
    assert!(matches!(
        requests[..],
        [
            Request::CancelLoad { load_id: 5 },
            Request::Load { load_id: 6, .. }
        ]
    ));
    let state = receive(
        state,
        vec![Event::LoadFailed {
            load_id: 5,
            reason: "loading was cancelled".into(),
        }],
    );
    assert!(state.alert.is_none() && state.loading.is_some());
}

#[test]
fn a_prompt_that_fails_before_it_began_returns_to_the_draft() {
    let failed = Event::GenerationFailed {
        generation_id: GENERATION_ID,
        reason: "the context is full".into(),
    };
    let state = receive(sent(), vec![failed]);
    assert_eq!(state.draft, "Hi");
    assert!(state.activity.is_idle() && state.alert.is_some());
}

#[test]
fn nothing_is_sent_without_a_model_or_while_one_answers() {
    let (state, requests) = reduce(
        fold(AppState::default(), Action::DraftChanged("Hi".into())),
        send(3, "Hi"),
    );
    assert!(requests.is_empty());
    assert_eq!(state.draft, "Hi");
    let (state, requests) = reduce(sent(), send(3, "more"));
    assert!(requests.is_empty());
    assert_eq!(state.activity.generation_id(), Some(GENERATION_ID));
}

#[test]
fn control_tokens_are_marks_but_not_said() {
    let piece = moescope_app::protocol::Piece {
        token: 2,
        text: "<|end|>".into(),
        kind: PieceKind::Template,
    };
    let mut told = events();
    told.insert(
        5,
        Event::Token {
            generation_id: GENERATION_ID,
            position: 4,
            piece,
            prob: 0.5,
            entropy_bits: 1.0,
            likeliest: Vec::new(),
        },
    );
    let state = receive(sent(), told);
    assert_eq!(texts(&state)[1].1, "Yo!");
    assert_eq!(
        state.conversation.mark(4).map(|mark| mark.kind),
        Some(MarkKind::Template)
    );
}

#[test]
fn a_full_context_is_a_state() {
    let mut told = events();
    told.pop();
    told.push(Event::Finished {
        generation_id: GENERATION_ID,
        finish: Finish::ContextFull,
    });
    let state = receive(sent(), told);
    assert!(state.conversation.is_full && state.activity.is_idle());
    assert!(!fold(state, Action::NewChat).conversation.is_full);
}

#[test]
fn tokens_the_cache_dropped_keep_their_text_and_lose_their_position() {
    let state = fold(finished(), send(3, "Again"));
    let piece = moescope_app::protocol::Piece {
        token: 30,
        text: "Again".into(),
        kind: PieceKind::Said,
    };
    let started = Event::Started {
        generation_id: 3,
        fresh: false,
        seed: 1,
        reused: 1,
        first_position: 1,
        pieces: vec![piece],
    };
    let pass = Event::Pass {
        generation_id: 3,
        pass: token_pass(1),
    };
    let state = receive(state, vec![started, pass]);
    assert_eq!(texts(&state)[1].1, "Yo!");
    let positions: Vec<_> = state
        .conversation
        .turns
        .iter()
        .flat_map(|turn| turn.marks())
        .map(|mark| mark.position)
        .collect();
    assert_eq!(positions, [Some(0), None, None, None, Some(1)]);
    assert_eq!(state.conversation.rows.len(), 2);
}

#[test]
fn reasoning_is_counted_apart_and_not_said() {
    let piece = |token, text: &str, kind| moescope_app::protocol::Piece {
        token,
        text: text.into(),
        kind,
    };
    let mut told = events();
    let thought = Event::Token {
        generation_id: GENERATION_ID,
        position: 4,
        piece: piece(9, "hm", PieceKind::Reasoned),
        prob: 0.5,
        entropy_bits: 1.0,
        likeliest: Vec::new(),
    };
    told.insert(5, thought);
    let state = receive(sent(), told);
    let answer = &state.conversation.turns[1];
    assert_eq!(
        (answer.text().as_str(), answer.reasoning().as_str()),
        ("Yo!", "hm")
    );
    assert_eq!(state.conversation.totals.reasoning_tokens, 1);
    assert!(state.conversation.totals.sampled_tokens > 1);
}

#[test]
fn an_edited_message_takes_the_place_of_what_followed_it_and_keeps_it() {
    let writing = fold(finished(), Action::DraftChanged("half a thought".into()));
    let editing = fold(writing, Action::EditStarted(GENERATION_ID));
    let asked = texts(&editing)[0].1.clone();
    assert_eq!(editing.draft, asked, "the message is where one writes");
    let left = fold(editing.clone(), Action::EditCancelled);
    assert_eq!((left.draft.as_str(), left.editing), ("half a thought", None));

    let Action::Sent { mut options, .. } = send(3, "Hello") else {
        panic!("send() sends");
    };
    options.replaces = Some(GENERATION_ID);
    let sent = Action::Sent {
        generation_id: 3,
        prompt: "Hello".into(),
        options,
        from_draft: true,
    };
    let waiting = fold(editing, sent);
    assert_eq!(waiting.draft, "half a thought", "what was being written is back");
    assert_eq!(
        texts(&waiting).len(),
        2,
        "nothing is replaced before the new prompt has begun"
    );
    let started = Event::Started {
        generation_id: 3,
        fresh: false,
        seed: 1,
        reused: 0,
        first_position: 0,
        pieces: vec![moescope_app::protocol::Piece {
            token: 30,
            text: "Hello".into(),
            kind: PieceKind::Said,
        }],
    };
    let failed = Event::GenerationFailed {
        generation_id: 3,
        reason: "no".into(),
    };
    assert_eq!(texts(&receive(waiting.clone(), vec![failed])).len(), 2);
    let state = receive(waiting, vec![started]);
    assert_eq!(texts(&state)[0].1, "Hello");
    let kept: Vec<_> = state.conversation.replaced_by(3).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].turns[0].text(), asked);
    assert_eq!(kept[0].turns[1].text(), "Yo!");
}

#[test]
fn the_oldest_router_distributions_are_let_go_and_nothing_else() {
    // Two layers of 4096 experts are 16 kB a token, so that some thousands fill the room there is.
    let facts = ModelFacts {
        n_experts: 4096,
        ..recorded_run::model()
    };
    let most = DISTRIBUTION_BYTES / (2 * 4096 * 2);
    let mut conversation = Conversation::default();
    for position in 0..most as u32 + 3 {
        let mut probs = vec![0.0; 2 * 4096];
        [probs[7], probs[4096 + 9]] = [1.0, 0.5];
        let pass = Pass {
            probs,
            ..token_pass(position)
        };
        conversation.push_pass(&facts, pass);
    }
    let row = |position: u32| conversation.row(position).expect("it was computed");
    assert!(row(2).probs().is_none() && row(2).layer_probs(1).is_none());
    assert_eq!(row(3).layer_probs(1).map(|probs| probs[9]), Some(0.5));
    assert_eq!(row(2).ids(), token_pass(2).ids);
    let routing = select::layer_routing(&facts, row(2), 0).expect("the choice is kept");
    assert_eq!(routing.chosen, [(2, 0.75), (0, 0.25)]);
    assert_eq!((routing.probs.len(), routing.entropy_bits), (0, 0.0));
}

#[test]
fn a_token_reuses_the_experts_of_the_one_before() {
    let state = finished();
    let mark = |position| state.conversation.mark(position).expect("it stands in the text");
    assert_eq!(mark(0).reuse, None, "nothing came before");
    assert_eq!(mark(1).reuse, Some(1.0));
    let mut state = state;
    let pass = Pass {
        ids: vec![2, 1, 0, 2],
        ..token_pass(3)
    };
    state.conversation.push_pass(&recorded_run::model(), pass);
    let mark = state.conversation.mark(3).expect("it stands in the text");
    assert_eq!(mark.reuse, Some(0.25), "of 2 0 and 1 3 only 2 comes again");
    assert_eq!(mark.moved_bytes, Some(20_256.0));
}

#[test]
fn text_is_coloured_by_one_experts_weight_and_by_what_was_cached() {
    let state = fold(finished(), Action::MeasureChosen(Measure::Cached));
    let colouring = Colouring {
        reused: 2,
        ..Colouring::of(&state)
    };
    let of = |position, weight| {
        let mark = state.conversation.mark(position).expect("it stands in the text");
        [Measure::Cached, Measure::Part, Measure::Expert]
            .map(|measure| measure::value(mark, Colouring { measure, ..colouring }, weight))
    };
    assert_eq!(of(0, None), [Some(0.0), Some(0.0), None], "cached, template");
    assert_eq!(
        of(1, Some(0.5)),
        [Some(0.0), Some(1.0), Some(0.5)],
        "cached, prompt"
    );
    assert_eq!(of(2, None), [Some(1.0), Some(3.0), None], "computed, answer");
    let row = state.conversation.row(1).expect("it was computed");
    assert_eq!(measure::expert_weight(row, 2, 1, 3), Some(0.375));
    assert_eq!(measure::expert_weight(row, 2, 1, 2), None);
    assert_eq!(
        measure::is_written(&state.conversation),
        [Some(false), Some(false), Some(true)]
    );
}

#[test]
fn the_worker_of_made_up_traces_speaks_the_version_of_the_page() {
    let source = include_str!("fixtures/synthetic_worker.js");
    let line = format!("const VERSION = {};", moescope_app::protocol::VERSION);
    assert!(source.contains(&line), "it lacks `{line}`");
}
