//! `y = x / sqrt(mean(x²) + eps) · weight`, and the same around the mean with a bias.

use moescope_engine::kernels::rms_norm::{Params, RmsNorm};
use moescope_engine::kernels::{Batch, stride};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

fn check(width: u32, batch: Batch, logits_only: bool) {
    check_form(width, batch, logits_only, false);
    check_form(width, batch, logits_only, true);
}

/// `centred`: around the mean, with a bias.
fn check_form(width: u32, batch: Batch, logits_only: bool, centred: bool) {
    let mut rng = Rng::new(u64::from(width) * 31 + u64::from(batch.n_tokens));
    let eps = 1e-5f32;
    let (x, weight) = (
        rng.floats((batch.n_tokens * width) as usize),
        rng.floats(2 * width as usize),
    );
    let (gains, bias) = weight.split_at(width as usize);
    let rows = if logits_only {
        batch.logits_from..batch.logits_from + batch.n_logits
    } else {
        0..batch.n_tokens
    };
    let mut expected = Vec::new();
    for row in rows.clone() {
        let row = &x[(row * width) as usize..][..width as usize];
        let normed = crate::normed(row, gains, centred.then_some(bias), eps);
        expected.extend(normed);
        expected.resize(expected.len() + (stride(width) - width) as usize, 0.0);
    }
    let mut case = Case::new(batch);
    let kernel = RmsNorm {
        params: Params {
            width,
            x_stride: stride(width),
            y_stride: stride(width),
            logits_only: u32::from(logits_only),
            eps,
            centred: u32::from(centred),
            ..Params::default()
        },
        x: case.padded(&x, width as usize, stride(width) as usize),
        weight: match centred {
            true => case.matrix(&weight, width as usize),
            false => case.vector(gains),
        },
        y: case.floats(&[], expected.len()),
    };
    let y = kernel.y;
    case.run(kernel, &[y], |name, out| {
        assert_close(name, floats(&out[0]), &expected, F32_SUMS)
    });
}

fn tokens(n_tokens: u32) -> Batch {
    Batch {
        n_tokens,
        ..Batch::default()
    }
}

#[test]
fn one_token() {
    check(192, tokens(1), false);
}

#[test]
fn width_lt_workgroup() {
    check(7, tokens(3), false);
}

#[test]
fn odd_width_many_tokens() {
    check(1757, tokens(5), false);
}

#[test]
fn only_rows_with_logits() {
    check(
        60,
        Batch {
            n_tokens: 9,
            start: 4,
            logits_from: 6,
            n_logits: 3,
            n_draws: 0,
            n_splits: 1,
            by_expert: 0,
        },
        true,
    );
}
