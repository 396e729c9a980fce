//! The KV cache as memory, against traces made by hand: how every position stands in every layer.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::protocol::{Branch, Event, KvLayerFacts, Pass, Piece, PieceKind};
use moescope_app::state::select::kv::{Cell, Kind, Memory, memory};
use moescope_app::state::select::raster::Columns;
use moescope_app::state::{Action, Conversation, MarkKind};
use recorded_run::{GENERATION_ID, finished, fold, model, receive, send, token_pass};

/// A full layer of 32 bytes each, a window of 2 that keeps 4 of 8 bytes, a convolution of 1 that keeps 2.
fn facts() -> Vec<KvLayerFacts> {
    let layers = [
        ("full", 16 * 32),
        ("window of 2", 4 * 8),
        ("convolution of 1", 2 * 4),
    ];
    let layer = |(layer, (kind, reserved_bytes)): (u32, (&str, u64))| KvLayerFacts {
        layer,
        kind: kind.into(),
        reserved_bytes,
    };
    (0..).zip(layers).map(layer).collect()
}

/// The cache after position 5.
fn after_six() -> Memory {
    let mut conversation = Conversation::default();
    for position in 0..6_u32 {
        let computed = u64::from(position) + 1;
        let pass = Pass {
            kv_held_bytes: vec![32 * computed, 8 * computed.min(4), 4 * computed.min(2)],
            kv_read_bytes: vec![32 * computed, 8 * computed.min(2), 4],
            ..token_pass(position)
        };
        conversation.push_pass(&model(), pass);
    }
    let row = conversation.row(5).expect("it was computed").clone();
    memory(&facts(), &conversation, &row)
}

#[test]
fn kinds_and_sizes_follow_from_facts_and_trace() {
    let memory = after_six();
    let found: Vec<_> = memory
        .layers
        .iter()
        .map(|l| (l.kind, l.bytes_each, l.seen, l.held, l.evicted))
        .collect();
    assert_eq!(
        found,
        [
            (Kind::Full, 32, 6, 6, 0),
            (Kind::Window, 8, 2, 4, 2),
            (Kind::State, 4, 1, 2, 4)
        ]
    );
    let bytes = |layer: usize, position| memory.bytes(&memory.layers[layer], position);
    // Held; let go; held though out of sight; not there yet.
    assert_eq!(
        [bytes(0, 0), bytes(1, 0), bytes(1, 2), bytes(0, 6)],
        [32, 0, 8, 0]
    );
    assert_eq!(
        memory.by_kind(),
        [
            (Kind::Full, 1, 192, 32),
            (Kind::Window, 1, 32, 0),
            (Kind::State, 1, 8, 0)
        ],
        "only the full layer still grows"
    );
}

#[test]
fn every_cell_is_seen_kept_or_let_go() {
    use Cell::{Computed, Empty, Evicted, New, Unseen};
    let columns = Columns {
        from: 0,
        count: 8,
        positions_each: 1,
    };
    let cells = after_six().cells(columns);
    assert_eq!(
        cells[..8],
        [
            Computed, Computed, Computed, Computed, Computed, New, Empty, Empty
        ]
    );
    assert_eq!(
        cells[8..16],
        [Evicted, Evicted, Unseen, Unseen, Computed, New, Empty, Empty]
    );
    assert_eq!(
        cells[16..],
        [Evicted, Evicted, Evicted, Evicted, Unseen, New, Empty, Empty]
    );
    assert_eq!(after_six().sum(Evicted), (6, 2 * 8 + 4 * 4));
    assert_eq!(after_six().sum(New), (3, 32 + 8 + 4));
}

#[test]
fn shared_columns_show_their_newest_position() {
    let columns = Columns {
        from: 0,
        count: 4,
        positions_each: 2,
    };
    let cells = after_six().cells(columns);
    assert_eq!(
        cells[..4],
        [Cell::Computed, Cell::Computed, Cell::New, Cell::Empty]
    );
}

#[test]
fn what_the_turn_found_is_reused_and_the_rest_computed() {
    let generation_id = GENERATION_ID + 1;
    let piece = Piece {
        token: 30,
        text: "more".into(),
        kind: PieceKind::Said,
    };
    let started = Event::Started {
        generation_id,
        fresh: false,
        seed: 7,
        reused: 3,
        first_position: 3,
        pieces: vec![piece],
    };
    let asked = fold(finished(), send(generation_id, "more"));
    let state = receive(
        asked,
        vec![
            started,
            Event::Pass {
                generation_id,
                pass: token_pass(3),
            },
        ],
    );
    let row = state.conversation.row(3).expect("it was computed");
    let memory = memory(&model().kv_layers, &state.conversation, row);
    let cells: Vec<_> = (0..5)
        .map(|position| memory.cell(&memory.layers[0], position))
        .collect();
    assert_eq!(
        cells,
        [Cell::Reused, Cell::Reused, Cell::Reused, Cell::New, Cell::Empty]
    );
}

#[test]
fn an_answer_that_goes_on_from_another_token_keeps_what_stood_before_it() {
    let generation_id = GENERATION_ID + 1;
    let Action::Sent {
        prompt, mut options, ..
    } = send(generation_id, "")
    else {
        unreachable!()
    };
    options.replaces = Some(GENERATION_ID);
    options.branch = Some(Branch {
        position: 3,
        token: 13,
    });
    let asked = fold(
        finished(),
        Action::Sent {
            generation_id,
            prompt,
            options,
            from_draft: false,
        },
    );
    let piece = Piece {
        token: 13,
        text: "Ho".into(),
        kind: PieceKind::Said,
    };
    let started = Event::Started {
        generation_id,
        fresh: false,
        seed: 1,
        reused: 3,
        first_position: 3,
        pieces: vec![piece],
    };
    let state = receive(
        asked,
        vec![
            started,
            Event::Pass {
                generation_id,
                pass: token_pass(3),
            },
        ],
    );
    let conversation = &state.conversation;
    let texts: Vec<_> = conversation.turns.iter().map(|turn| turn.text()).collect();
    assert_eq!(texts, ["Hi", "YoHo"]);
    let chosen = conversation.mark(3).expect("it stands there");
    assert_eq!(
        (chosen.prob, chosen.kind),
        (Some(0.25), MarkKind::Generated),
        "as the model had expected it"
    );
    assert!(chosen.wall_micros.is_some(), "it was computed");
    assert_eq!(conversation.latest(), Some(3), "rows before it stay");
    assert_eq!(conversation.replaced.len(), 1);
    assert_eq!(conversation.replaced[0].turns[1].text(), "Yo!");
}
