//! The conversation as an account, on a run made by hand.

use moescope_app::state::economics::account::account;

use crate::recorded_run::{finished, loaded};

#[test]
fn prompts_and_answers_are_accounted_apart() {
    let state = finished();
    let account = account(&state.conversation, false);
    assert_eq!(account.prefill.tokens, 2, "the template's token and the prompt's");
    assert_eq!(account.decode.tokens, 1, "the last token was never fed back");
    let totals = &state.conversation.totals;
    assert_eq!(
        account.prefill.tokens + account.decode.tokens,
        totals.computed_tokens
    );
    assert_eq!(
        account.prefill.weight_bytes + account.decode.weight_bytes,
        totals.weight_bytes
    );
    let wall = account.prefill.wall_micros + account.decode.wall_micros;
    assert!((wall - totals.wall_micros).abs() < 1e-9);
    assert_eq!(account.first_token_micros, Some(account.prefill.wall_micros));
}

#[test]
fn a_seller_counts_each_token_once() {
    let state = finished();
    let usage = account(&state.conversation, false).usage;
    assert_eq!((usage.fresh, usage.cache_read, usage.cache_write), (2, 0, 0));
    assert_eq!((usage.visible, usage.reasoning), (2, 0));
    let written = account(&state.conversation, true).usage;
    assert_eq!((written.fresh, written.cache_write), (0, 2));
    assert_eq!(written.input() + written.output(), usage.input() + usage.output());
}

#[test]
fn an_empty_conversation_costs_nothing_and_divides_by_nothing() {
    let account = account(&loaded().conversation, false);
    assert_eq!(account.usage.input() + account.usage.output(), 0);
    assert_eq!(account.saved_micros(), None);
    assert_eq!(account.decode.micros_per_token(), None);
}
