//! Numbers the views derive from a trace made by hand, and the way through its tokens.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::protocol::Pass;
use moescope_app::state::select::raster::{Columns, Order, cells, sort, uses};
use moescope_app::state::{Action, Conversation, Row};
use recorded_run::{finished, fold, model, token_pass};

/// Three tokens of two layers, four experts, top 2.
fn conversation() -> Conversation {
    let mut conversation = Conversation::default();
    let ids = [[2, 0, 1, 3], [2, 3, 1, 0], [3, 2, 0, 3]];
    let weights = [[0.75, 0.25, 0.5, 0.5], [1.0, 0.0, 0.5, 0.5], [0.5, 0.5, 0.9, 0.1]];
    for (position, (ids, weights)) in (0..).zip(ids.into_iter().zip(weights)) {
        let pass = Pass {
            ids: ids.to_vec(),
            weights: weights.to_vec(),
            ..token_pass(position)
        };
        conversation.push_pass(&model(), pass);
    }
    conversation
}

#[test]
fn uses_of_a_layer_are_counted_weighed_and_dated() {
    let rows = conversation().rows;
    let found = uses(&rows, 4, 2, 0);
    let of = |expert: usize| (found[expert].times, found[expert].weight, found[expert].first);
    assert_eq!(of(0), (1, 0.25, Some(0)));
    assert_eq!(of(1), (0, 0.0, None), "dormant");
    assert_eq!(of(2), (3, 2.25, Some(0)));
    assert_eq!(of(3), (2, 0.5, Some(1)));
}

#[test]
fn experts_stand_by_index_load_or_first_use() {
    let rows = conversation().rows;
    let order = |order| {
        let mut found = uses(&rows, 4, 2, 0);
        sort(&mut found, order);
        found.iter().map(|own| own.expert).collect::<Vec<_>>()
    };
    assert_eq!(order(Order::Index), [0, 1, 2, 3]);
    assert_eq!(order(Order::Load), [2, 3, 0, 1]);
    assert_eq!(
        order(Order::FirstUse),
        [0, 2, 3, 1],
        "alike ones by index, unused ones last"
    );
}

#[test]
fn a_cell_is_the_weight_and_zero_weight_is_not_unchosen() {
    let rows = conversation().rows;
    let mut found = uses(&rows, 4, 2, 0);
    sort(&mut found, Order::Load);
    let columns = Columns::fit(3, 4, 8);
    let cells = cells(&rows, &found, 2, 0, columns);
    assert_eq!(cells[..4], [0.75, 1.0, 0.5, 0.0], "expert 2");
    assert!(
        cells[5] > 0.0 && cells[5] < 1e-30,
        "expert 3, chosen with weight 0"
    );
    assert_eq!(cells[4], 0.0, "expert 3, not chosen");
}

#[test]
fn choices_without_weights_are_seen_all_the_same() {
    let mut conversation = Conversation::default();
    let pass = Pass {
        ids: vec![2, 0, 1, 3],
        weights: Vec::new(),
        ..token_pass(0)
    };
    conversation.push_pass(&model(), pass);
    let found = uses(&conversation.rows, 4, 2, 0);
    assert!(found[2].times == 1 && found[2].weight.is_nan());
    let cells = cells(&conversation.rows, &found, 2, 0, Columns::fit(1, 1, 8));
    let is_chosen: Vec<bool> = cells.iter().map(|cell| *cell > 0.0).collect();
    assert_eq!(is_chosen, [true, false, true, false]);
}

#[test]
fn a_long_conversation_shares_columns_and_loses_no_choice() {
    let one = &conversation().rows[..1];
    let rows: Vec<Option<Row>> = (0..4000)
        .map(|position| if position == 3001 { one[0].clone() } else { None })
        .collect();
    let columns = Columns::fit(rows.len(), 128, 1024);
    assert_eq!((columns.count, columns.positions_each), (1024, 4));
    for (positions, count, each) in [
        (0, 128, 1),
        (129, 160, 1),
        (1024, 1024, 1),
        (1100, 640, 2),
        (100_000, 1024, 112),
    ] {
        let fit = Columns::fit(positions, 128, 1024);
        assert_eq!((fit.count, fit.positions_each), (count, each), "{positions}");
        assert!(fit.count * fit.positions_each >= positions);
    }
    assert_eq!((columns.of(3001), columns.position(750)), (Some(750), 3000));
    let cells = cells(&rows, &uses(&rows, 4, 2, 0), 2, 0, columns);
    assert_eq!(cells[2 * 1024 + 750], 0.75);
    assert_eq!(cells.iter().filter(|cell| **cell > 0.0).count(), 2);
}

#[test]
fn slots_are_walked_within_what_there_is() {
    let slots = |moves: &[(i64, i64)]| {
        let walked = moves.iter().fold(finished(), |state, (layers, experts)| {
            let (layers, experts) = (*layers, *experts);
            fold(state, Action::SlotMoved { layers, experts })
        });
        (walked.selection.layer, walked.selection.expert)
    };
    assert_eq!(
        slots(&[(1, 0), (0, 1), (0, 1)]),
        (1, Some(1)),
        "the first step enters at the edge"
    );
    assert_eq!(slots(&[(0, 2), (1, 0)]), (1, Some(1)), "straight down");
    assert_eq!(slots(&[(9, 0), (0, 16)]), (1, Some(3)));
    assert_eq!(slots(&[(-1, 0), (0, -1)]), (0, Some(0)));
}

#[test]
fn time_is_stepped_within_what_there_is() {
    let at = |state: &moescope_app::state::AppState| state.selection.position;
    let state = fold(finished(), Action::Stepped(-1));
    assert_eq!(at(&state), Some(1), "from the newest computed, 2");
    let state = fold(state, Action::Stepped(-16));
    assert_eq!(at(&state), Some(0));
    let state = fold(state, Action::Stepped(16));
    assert_eq!(
        at(&state),
        Some(3),
        "the last token was sampled and never computed"
    );
    let empty = fold(moescope_app::state::AppState::default(), Action::Stepped(1));
    assert_eq!(at(&empty), None);
}

#[test]
fn playing_goes_from_the_beginning_to_the_newest_and_stops() {
    let mut state = fold(finished(), Action::PlayToggled);
    let mut seen = vec![state.selection.position];
    while state.playback.is_playing {
        state = fold(state, Action::Ticked);
        seen.push(state.selection.position);
        assert!(seen.len() < 10, "it never stops: {seen:?}");
    }
    assert_eq!(seen, [Some(0), Some(1), Some(2)]);
    let paused = fold(
        fold(fold(finished(), Action::PlayToggled), Action::PlayToggled),
        Action::Ticked,
    );
    assert_eq!(paused.selection.position, Some(0), "a late tick moves nothing");
}
