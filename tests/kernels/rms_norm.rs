//! `y = x / sqrt(mean(x²) + eps) · weight`.

use moescope_engine::kernels::rms_norm::{Params, RmsNorm};
use moescope_engine::kernels::{Batch, stride};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

fn check(width: u32, batch: Batch, logits_only: bool) {
    let mut rng = Rng::new(u64::from(width) * 31 + u64::from(batch.n_tokens));
    let eps = 1e-5f32;
    let (x, weight) = (
        rng.floats((batch.n_tokens * width) as usize),
        rng.floats(width as usize),
    );
    let rows = if logits_only {
        batch.logits_from..batch.logits_from + batch.n_logits
    } else {
        0..batch.n_tokens
    };
    let mut expected = Vec::new();
    for row in rows.clone() {
        let row = &x[(row * width) as usize..][..width as usize];
        let mean = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / f64::from(width);
        let scale = 1.0 / (mean + f64::from(eps)).sqrt();
        expected.extend(
            row.iter()
                .zip(&weight)
                .map(|(x, w)| f64::from(*x) * scale * f64::from(*w)),
        );
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
            ..Params::default()
        },
        x: case.padded(&x, width as usize, stride(width) as usize),
        weight: case.vector(&weight),
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
        },
        true,
    );
}
