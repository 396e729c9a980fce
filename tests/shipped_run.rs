//! The run that a visitor sees first is what the engine gives now for its prompt. Where this fails after a
//! change that was meant to change answers, `cargo xtask record` makes the file again.

use moescope_app::state::select::TIE_MARGIN;
use moescope_run_file::{Run, read};
use moescope_tests::native;

/// Attention of one token, summed in f32 over positions.
const SUM_TOLERANCE: f32 = 1e-4;

fn shipped() -> Run {
    read(include_bytes!("../public/runs/demo.safetensors")).expect("it is whole")
}

#[test]
fn the_shipped_run_is_what_the_engine_gives_now() {
    let run = shipped();
    let told = &run.info.generations[0];
    let prompt = told.prompt.as_deref().expect("it was typed");
    // The end of the turn ended it.
    let now = native::answer(prompt, told.sampled_tokens);
    assert_eq!(now.prompt_tokens, told.prompt_tokens as usize);
    let sampled = &run.tokens.ids[told.prompt_tokens as usize..];
    assert_eq!(
        sampled,
        &now.tokens[..sampled.len()],
        "`cargo xtask record` renews it"
    );
    let model = &run.info.model;
    let (layers, top_k) = (model.moe_layers.len(), model.top_k as usize);
    for (row, seen) in now.seen.iter().enumerate().take(run.rows.positions.len()) {
        assert_eq!(run.rows.positions[row], seen.position);
        let ids = &run.rows.expert_ids[row * layers * top_k..][..layers * top_k];
        for (layer, (told, now)) in ids.chunks(top_k).zip(seen.ids.chunks(top_k)).enumerate() {
            let margin = run.rows.router_margins[row * layers + layer];
            assert!(
                told == now || margin < TIE_MARGIN,
                "position {}, layer {layer}: {told:?} then, {now:?} now, margin {margin}; `cargo xtask record` renews it",
                seen.position
            );
        }
    }
}

#[test]
fn every_token_of_the_shipped_run_was_looked_at() {
    let run = shipped();
    assert_eq!(run.examined.positions, run.rows.positions);
    assert!(!run.info.steps.is_empty() && run.examined.step_micros.iter().all(|micros| *micros > 0.0));
    let mut attention = run.examined.attention.as_slice();
    for &position in &run.examined.positions {
        for _ in &run.info.attention_layers {
            let (own, rest) = attention.split_at(position as usize + 1);
            attention = rest;
            assert!(
                (own.iter().sum::<f32>() - 1.0).abs() < SUM_TOLERANCE,
                "position {position}"
            );
        }
    }
}
