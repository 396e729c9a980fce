//! `y[t] = scale · (W · x[t] + bias)`, or `y[t] += ` the same.

use moescope_engine::kernels::matmul::{Matmul, Params};
use moescope_engine::kernels::{Batch, stride, units};
use moescope_engine::quant::Format;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::{F32_SUMS, Products};

#[derive(Clone, Copy)]
struct Shape {
    format: Format,
    rows: u32,
    cols: u32,
    n_tokens: u32,
    y_offset: u32,
    accumulate: bool,
    has_bias: bool,
    scale: f32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            format: Format::Q8_0,
            rows: 64,
            cols: 256,
            n_tokens: 1,
            y_offset: 0,
            accumulate: false,
            has_bias: false,
            scale: 1.0,
        }
    }
}

fn check(shape: Shape) {
    Products::of(shape.format)
        .iter()
        .for_each(|products| check_products(shape, *products));
}

fn check_products(shape: Shape, products: Products) {
    let Shape {
        format,
        rows,
        cols,
        n_tokens,
        y_offset,
        accumulate,
        has_bias,
        scale,
    } = shape;
    let mut rng = Rng::new(u64::from(rows * cols + n_tokens));
    let mut case = Case::new(Batch {
        n_tokens,
        ..Batch::default()
    });
    let (weights, decoded) = case.weights(format, rows as usize, cols as usize, &mut rng);
    let x = rng.floats((n_tokens * cols) as usize);
    let seen = products.seen(&x, cols);
    let bias = rng.floats(rows as usize);
    let y_stride = rows + y_offset + 3;
    let before = rng.floats((n_tokens * y_stride) as usize);
    let mut expected: Vec<f64> = before.iter().map(|y| f64::from(*y)).collect();
    for token in 0..n_tokens {
        let x = &seen[(token * cols) as usize..][..cols as usize];
        for row in 0..rows {
            let w = &decoded[(row * cols) as usize..][..cols as usize];
            let sum: f64 = w.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum();
            let bias = if has_bias {
                f64::from(bias[row as usize])
            } else {
                0.0
            };
            let sum = (sum + bias) * f64::from(scale);
            let y = &mut expected[(token * y_stride + y_offset + row) as usize];
            *y = if accumulate { *y + sum } else { sum };
        }
    }
    let kernel = Matmul {
        params: Params {
            rows,
            units: units(cols),
            x_stride: stride(cols),
            y_stride,
            y_offset,
            accumulate: u32::from(accumulate),
            has_bias: u32::from(has_bias),
            scale,
            ..Params::default()
        },
        cols,
        format,
        weights,
        bias: has_bias.then(|| case.vector(&bias)),
        x: case.padded(&x, cols as usize, stride(cols) as usize),
        y: case.floats(&before, before.len()),
    };
    let y = kernel.y;
    case.run_on(products.devices(), kernel, &[y], |name, out| {
        assert_close(&format!("{name} {format}"), floats(&out[0]), &expected, F32_SUMS);
    });
}

#[test]
fn every_format_one_token() {
    Format::ALL.iter().for_each(|format| {
        check(Shape {
            format: *format,
            ..Shape::default()
        })
    });
}

#[test]
fn every_format_prefill() {
    Format::ALL.iter().for_each(|format| {
        check(Shape {
            format: *format,
            n_tokens: 6,
            rows: 33,
            ..Shape::default()
        })
    });
}

#[test]
fn odd_rows_and_odd_units() {
    check(Shape {
        rows: 97,
        cols: 96,
        n_tokens: 3,
        ..Shape::default()
    });
}

#[test]
fn cols_not_a_multiple_of_a_unit() {
    check(Shape {
        format: Format::F32,
        rows: 5,
        cols: 50,
        n_tokens: 2,
        ..Shape::default()
    });
    check(Shape {
        format: Format::F16,
        rows: 5,
        cols: 33,
        ..Shape::default()
    });
}

#[test]
fn residual_is_added_at_an_offset() {
    check(Shape {
        rows: 70,
        cols: 64,
        n_tokens: 5,
        y_offset: 9,
        accumulate: true,
        ..Shape::default()
    });
}

#[test]
fn bias_and_scale_with_and_without_residual() {
    for accumulate in [false, true] {
        check(Shape {
            rows: 70,
            n_tokens: 5,
            accumulate,
            has_bias: true,
            scale: 0.3,
            ..Shape::default()
        });
    }
}

#[test]
fn rows_longer_than_a_stage() {
    check(Shape {
        format: Format::Q4_0,
        rows: 9,
        cols: 32 * 300,
        ..Shape::default()
    });
    check(Shape {
        format: Format::Q4_0,
        rows: 9,
        cols: 32 * 70,
        n_tokens: 3,
        ..Shape::default()
    });
}

#[test]
fn single_row() {
    check(Shape {
        rows: 1,
        cols: 2048,
        ..Shape::default()
    });
}

/// A matrix per head, each times its own part of x, which ends before the next part begins.
fn check_per_head(format: Format, n_heads: u32, rows: u32, cols: u32, n_tokens: u32) {
    let (x_head, y_head, y_offset) = (cols + 12, rows + 5, 2);
    let (x_width, y_stride) = (n_heads * x_head, y_offset + n_heads * y_head);
    let mut rng = Rng::new(u64::from(rows * cols));
    let mut case = Case::new(Batch {
        n_tokens,
        ..Batch::default()
    });
    let (weights, decoded) = case.weights(format, (n_heads * rows) as usize, cols as usize, &mut rng);
    let x = rng.floats((n_tokens * x_width) as usize);
    let mut expected = vec![0.0f64; (n_tokens * y_stride) as usize];
    for (token, head) in (0..n_tokens).flat_map(|token| (0..n_heads).map(move |head| (token, head))) {
        let x = &x[(token * x_width + head * x_head) as usize..][..cols as usize];
        for row in 0..rows {
            let w = &decoded[((head * rows + row) * cols) as usize..][..cols as usize];
            let at = token * y_stride + y_offset + head * y_head + row;
            expected[at as usize] = w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
        }
    }
    let kernel = Matmul {
        params: Params {
            rows: n_heads * rows,
            units: units(cols),
            x_stride: stride(x_width),
            y_stride,
            y_offset,
            scale: 1.0,
            head_rows: rows,
            x_head,
            y_head,
            ..Params::default()
        },
        cols,
        format,
        weights,
        bias: None,
        x: case.padded(&x, x_width as usize, stride(x_width) as usize),
        y: case.floats(&[], expected.len()),
    };
    let y = kernel.y;
    case.run(kernel, &[y], |name, out| {
        assert_close(&format!("{name} {format}"), floats(&out[0]), &expected, F32_SUMS);
    });
}

#[test]
fn a_matrix_per_head() {
    check_per_head(Format::F32, 3, 28, 20, 5);
    check_per_head(Format::Q8_0, 5, 7, 64, 1);
    check_per_head(Format::Q4_K, 2, 3, 256, 6);
}
