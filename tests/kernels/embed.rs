//! The decoded and scaled row of each token; exact, since nothing is summed.

use moescope_engine::kernels::embed::{Embed, Params};
use moescope_engine::kernels::{Batch, stride, units};
use moescope_engine::quant::Format;
use moescope_tests::kernel_case::{Case, floats};
use moescope_tests::rng::Rng;

fn check(format: Format, d_model: u32, vocab: u32, tokens: &[u32]) {
    check_part(format, d_model, vocab, tokens, 0);
}

/// `vocab` rows are bound, those from `first_row` on.
fn check_part(format: Format, d_model: u32, vocab: u32, tokens: &[u32], first_row: u32) {
    let mut rng = Rng::new(u64::from(d_model));
    let mut case = Case::new(Batch {
        n_tokens: tokens.len() as u32,
        ..Batch::default()
    });
    let (weights, decoded) = case.weights(format, vocab as usize, d_model as usize, &mut rng);
    let mut expected = Vec::new();
    for token in tokens {
        let end = expected.len() + stride(d_model) as usize;
        if let Some(row) = token.checked_sub(first_row).filter(|row| *row < vocab) {
            let row = decoded.chunks(d_model as usize).nth(row as usize).expect("a row");
            expected.extend(row.iter().map(|value| value * 3.0));
        }
        expected.resize(end, 0.0);
    }
    let kernel = Embed {
        params: Params {
            units: units(d_model),
            n_rows: vocab,
            x_stride: stride(d_model),
            scale: 3.0,
            first_row,
            ..Params::default()
        },
        cols: d_model,
        format,
        tokens: case.words(tokens, tokens.len()),
        weights,
        x: case.floats(&[], expected.len()),
    };
    let x = kernel.x;
    case.run(kernel, &[x], |name, out| {
        assert_eq!(floats(&out[0]), expected, "{name} {format}")
    });
}

#[test]
fn every_format() {
    Format::ALL
        .iter()
        .for_each(|format| check(*format, 256, 11, &[3, 0, 10, 3]));
}

#[test]
fn odd_units_per_row() {
    check(Format::Q8_0, 96, 7, &[6, 5]);
    check(Format::Q4_0, 96, 7, &[1, 2, 3]);
}

#[test]
fn row_not_a_multiple_of_a_unit() {
    check(Format::F32, 50, 5, &[4, 2]);
    check(Format::F16, 50, 5, &[0, 4]);
}

#[test]
fn tokens_of_rows_not_bound_leave_x_as_it_is() {
    check(Format::Q8_0, 64, 4, &[4_000_000_000, 1]);
    check_part(Format::Q8_0, 64, 4, &[2, 3, 6, 7], 3);
}
