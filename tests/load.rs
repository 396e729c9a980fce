//! Load, coverage and divergence against traces made by hand, whose numbers can be worked out on paper.

#[path = "panels/recorded_run.rs"]
mod recorded_run;

use moescope_app::protocol::{ModelFacts, Pass};
use moescope_app::recording::{self, About};
use moescope_app::state::select::compare::{
    Of, are_alike, differences, divergence, jensen_shannon_bits, most_different, sides,
};
use moescope_app::state::select::load::{Part, Tally, counts, gini, rows_of, rows_of_turn, together};
use moescope_app::state::{Action, Conversation, Role, Row, reduce};
use recorded_run::{GENERATION_ID, finished, model, token_pass};

/// Three tokens of two layers, four experts, top 2.
fn conversation() -> Conversation {
    let mut conversation = Conversation::default();
    for (position, ids) in (0..).zip([[2, 0, 1, 3], [2, 3, 1, 0], [3, 2, 0, 3]]) {
        let pass = Pass {
            ids: ids.to_vec(),
            ..token_pass(position)
        };
        conversation.push_pass(&model(), pass);
    }
    conversation
}

fn all(conversation: &Conversation) -> Vec<Option<&Row>> {
    rows_of(conversation, Part::All)
}

#[track_caller]
fn assert_near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
}

#[test]
fn every_choice_is_counted_once() {
    let conversation = conversation();
    assert_eq!(counts(&model(), &all(&conversation)), [1, 0, 3, 2, 2, 2, 0, 2]);
}

#[test]
fn a_layer_is_as_uneven_as_its_counts() {
    let conversation = conversation();
    let found = Tally::of(&model(), &all(&conversation)).layers(&model());
    // Counts 1, 0, 3, 2: mean 1.5, variance (0.25 + 2.25 + 2.25 + 0.25) / 4 = 1.25.
    assert_eq!(found[0].used, 3);
    assert_near(found[0].variation, 1.25_f64.sqrt() / 1.5);
    assert_near(found[0].peak, 2.0);
    // In order 0, 1, 2, 3: (−3·0 − 1·1 + 1·2 + 3·3) / (4·6).
    assert_near(found[0].gini, 10.0 / 24.0);
    // {2,0} and {2,3} share one of two; {2,3} and {3,2} share both.
    assert_near(found[0].overlap.expect("there are pairs"), 0.75);
    // {1,3} and {1,0} share one; {1,0} and {0,3} share one.
    assert_near(found[1].overlap.expect("there are pairs"), 0.5);
}

#[test]
fn even_counts_have_no_inequality_and_one_taker_has_nearly_all() {
    assert_near(gini(&[5, 5, 5, 5]), 0.0);
    assert_near(gini(&[0, 0, 0, 8]), 0.75);
    assert_near(gini(&[0, 0]), 0.0);
}

#[test]
fn coverage_grows_with_new_slots_only_and_chance_has_its_closed_form() {
    let conversation = conversation();
    let found = Tally::of(&model(), &all(&conversation)).coverage(&model());
    assert_eq!(found.measured, [0.0, 4.0 / 8.0, 6.0 / 8.0, 6.0 / 8.0]);
    for (tokens, chance) in (0..).zip(&found.by_chance) {
        assert_near(*chance, 1.0 - 0.5_f64.powi(tokens));
    }
}

#[test]
fn pairs_are_held_against_independent_choices() {
    let conversation = conversation();
    let found = together(&model(), &all(&conversation), 0);
    assert_eq!((found.tokens, &*found.counts), (3, &[1, 0, 3, 2][..]));
    let most = found.most(9);
    assert_eq!(
        most.iter()
            .map(|pair| (pair.experts, pair.times))
            .collect::<Vec<_>>(),
        [((2, 3), 2), ((0, 2), 1)]
    );
    // Chosen 3 and 2 times of 3: independent choices meet 3 · 2 / 3 = 2 times.
    assert_near(most[0].lift, 1.0);
    assert_eq!(found.lift(1, 2), None, "never chosen, so nothing can be said");
}

#[test]
fn divergence_is_none_zero_or_one_where_it_must_be() {
    assert_eq!(jensen_shannon_bits(&[0, 0], &[1, 2]), None);
    assert_near(jensen_shannon_bits(&[1, 3], &[2, 6]).expect("both chose"), 0.0);
    assert_near(jensen_shannon_bits(&[4, 0], &[0, 1]).expect("both chose"), 1.0);
    // P = (1, 0), Q = (½, ½), M = (¾, ¼).
    let expected = 0.5 * (4.0_f64 / 3.0).log2() + 0.5 * (0.5 * (2.0_f64 / 3.0).log2() + 0.5 * 2.0_f64.log2());
    assert_near(
        jensen_shannon_bits(&[7, 0], &[2, 2]).expect("both chose"),
        expected,
    );
    let by_layer = divergence(&model(), &[1, 0, 0, 0, 1, 1, 0, 0], &[0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(by_layer, [Some(1.0), None]);
}

#[test]
fn prompt_and_answer_are_told_apart() {
    let conversation = finished().conversation;
    let computed = |part| rows_of(&conversation, part).iter().flatten().count();
    // The last token of the answer was never fed back.
    assert_eq!(
        (
            computed(Part::All),
            computed(Part::Prompt),
            computed(Part::Answer)
        ),
        (3, 2, 1)
    );
    assert_eq!(
        rows_of_turn(&conversation, GENERATION_ID, Role::User)
            .iter()
            .flatten()
            .count(),
        2
    );
}

#[test]
fn an_answer_that_was_replaced_can_still_be_compared() {
    let mut conversation = finished().conversation;
    conversation.replace_from(&model(), GENERATION_ID, GENERATION_ID + 1);
    let sides = sides(&model(), &conversation);
    let [whole, replaced] = &sides[..] else {
        panic!("{sides:?}")
    };
    assert_eq!(whole.of, Of::Whole);
    assert_eq!((replaced.of, replaced.tokens), (Of::EarlierAnswer(1), 1));
    assert_eq!(replaced.counts, [1, 0, 1, 0, 0, 1, 0, 1]);
}

#[test]
fn a_second_run_is_counted_and_compared_with_the_one_on_screen() {
    let state = finished();
    let shown = state.model.as_deref().expect("a model");
    let run = recording::run(shown, &state.conversation, &About::default());
    let recording = recording::recording(&run, 0);
    let (state, _) = reduce(state, Action::BesideSet(Some(Box::new(recording))));
    let beside = state.beside.clone().expect("it is there");
    assert!(are_alike(&model(), &beside.facts));
    let own = sides(&model(), &state.conversation);
    assert_eq!(beside.sides, own, "the same run, by way of its file");
    assert_eq!(
        divergence(&model(), &own[0].counts, &beside.sides[0].counts),
        [Some(0.0); 2]
    );
    let (state, _) = reduce(state, Action::BesideSet(None));
    assert!(state.beside.is_none());
    let more_experts = ModelFacts {
        n_experts: 5,
        ..model()
    };
    assert!(!are_alike(&model(), &more_experts));
}

#[test]
fn a_difference_is_in_units_of_uniform_use() {
    // Two layers of four experts: 4 choices against 2, and a layer in which the other chose nothing.
    let (one, other) = ([3, 1, 0, 0, 1, 1, 0, 0], [1, 0, 1, 0, 0, 0, 0, 0]);
    let found = differences(&model(), &one, &other);
    assert_eq!(found[..4], [Some(1.0), Some(1.0), Some(-2.0), Some(0.0)]);
    assert_eq!(found[4..], [None; 4]);
    assert_eq!(
        most_different(&found, 4, 2),
        [(0, 2, -2.0), (0, 0, 1.0)],
        "the greatest first, whichever way; of equals the first"
    );
}
