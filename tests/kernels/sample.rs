//! The choice of the next token on the device is that of the sampler, wherever it can be made there.

use moescope_engine::kernels::Batch;
use moescope_engine::kernels::sample::{DRAW_WORDS, Params, Sample};
use moescope_engine::sampler::{Sampler, SamplerOptions};
use moescope_tests::kernel_case::Case;
use moescope_tests::rng::Rng;

const DRAWN: SamplerOptions = SamplerOptions {
    temperature: 0.9,
    top_k: 40,
    top_p: 0.95,
    min_p: 0.02,
    repetition_penalty: 1.0,
    repetition_window: 64,
    seed: 11,
};
const GREEDY: SamplerOptions = SamplerOptions {
    temperature: 0.0,
    ..DRAWN
};

fn random_logits(vocab: usize) -> Vec<f32> {
    Rng::new(vocab as u64)
        .floats(vocab)
        .iter()
        .map(|v| v * 6.0)
        .collect()
}

/// Every executor chooses what the sampler does, for the first choices of a seed.
fn check(options: SamplerOptions, logits: &[f32], n_choices: u32) {
    let mut sampler = Sampler::new(options).expect("good options");
    let draws: Vec<_> = (0..n_choices)
        .map(|n| sampler.draw_ahead(n).expect("a device can make it"))
        .collect();
    for draw in draws {
        let expected = sampler.sample(logits, &[]).expect("finite logits").token;
        // The row before the last must not be looked at.
        let mut rows: Vec<f32> = logits.iter().map(|logit| 9.0 - logit).collect();
        rows.extend_from_slice(logits);
        let mut case = Case::new(Batch {
            n_tokens: 2,
            n_logits: 2,
            n_draws: 1,
            ..Batch::default()
        });
        let kernel = Sample {
            params: Params {
                vocab: logits.len() as u32,
                ..Params::default()
            },
            logits: case.floats(&rows, rows.len()),
            draw: case.words(
                bytemuck::cast_slice(bytemuck::bytes_of(&draw)),
                DRAW_WORDS as usize,
            ),
            chosen: case.words(&[77], 1),
        };
        let chosen = kernel.chosen;
        case.run(kernel, &[chosen], |name, out| {
            assert_eq!(out[0], [expected], "{name}: {options:?}, {draw:?}");
        });
    }
}

#[test]
fn greedy_takes_the_likeliest() {
    check(GREEDY, &random_logits(1003), 1);
}

#[test]
fn of_equals_the_lower_id_is_taken() {
    check(GREEDY, &[-1.0, 2.0, 0.5, 2.0, 2.0], 1);
    check(GREEDY, &[-3.0, -0.0, 0.0, -0.5], 1);
}

#[test]
fn negative_logits_alone() {
    check(GREEDY, &[-3.0, -2.5, -2.75], 1);
}

#[test]
fn what_is_not_finite_is_never_taken() {
    let logits = [f32::NAN, f32::NEG_INFINITY, 1.0, f32::INFINITY, 0.5];
    check(GREEDY, &logits, 1);
    check(DRAWN, &logits, 4);
}

#[test]
fn draws_are_those_of_the_sampler() {
    check(DRAWN, &random_logits(1003), 8);
    check(
        SamplerOptions {
            top_k: 64,
            top_p: 1.0,
            min_p: 0.0,
            temperature: 3.0,
            ..DRAWN
        },
        &random_logits(5000),
        8,
    );
}

#[test]
fn fewer_logits_than_candidates() {
    check(
        SamplerOptions {
            temperature: 4.0,
            ..DRAWN
        },
        &random_logits(5),
        6,
    );
}

#[test]
fn min_p_and_top_p_cut_the_tail() {
    check(
        SamplerOptions {
            min_p: 0.3,
            top_p: 1.0,
            ..DRAWN
        },
        &random_logits(300),
        4,
    );
    check(
        SamplerOptions {
            min_p: 0.0,
            top_p: 0.5,
            temperature: 2.0,
            ..DRAWN
        },
        &random_logits(300),
        4,
    );
}

#[test]
fn many_equal_logits_at_the_cut() {
    let logits: Vec<f32> = (0..700).map(|id| if id % 3 == 0 { 1.0 } else { 0.5 }).collect();
    check(
        SamplerOptions {
            top_p: 1.0,
            min_p: 0.0,
            ..DRAWN
        },
        &logits,
        6,
    );
    check(
        SamplerOptions {
            top_p: 1.0,
            min_p: 0.0,
            ..DRAWN
        },
        &[0.25; 500],
        6,
    );
}

#[test]
fn settings_for_the_sampler_alone_are_known() {
    let ahead = |options| Sampler::new(options).expect("good options").draw_ahead(0);
    assert!(ahead(DRAWN).is_some());
    assert!(
        ahead(SamplerOptions {
            repetition_penalty: 1.1,
            ..DRAWN
        })
        .is_none()
    );
    assert!(ahead(SamplerOptions { top_k: 0, ..DRAWN }).is_none());
    assert!(ahead(SamplerOptions { top_k: 65, ..DRAWN }).is_none());
    assert!(ahead(SamplerOptions { top_k: 0, ..GREEDY }).is_some());
}
