//! `out = D_e · act + b_e` of every use, by tiles of uses that share an expert.

use moescope_engine::kernels::expert_out::{ExpertOut, Params};
use moescope_engine::kernels::{Batch, ExpertMatrix, stride, units};
use moescope_engine::quant::Format;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::{F32_SUMS, Products, sorted};

fn check(format: Format, d_model: u32, cols: u32, ids: &[u32], top_k: u32) {
    check_part(format, [d_model, cols], ids, top_k, 0);
}

/// Five experts are bound, `first_expert` the first of them.
fn check_part(format: Format, shape: [u32; 2], ids: &[u32], top_k: u32, first_expert: u32) {
    Products::of(format)
        .iter()
        .for_each(|products| check_products(*products, format, shape, ids, top_k, first_expert));
}

fn check_products(
    products: Products,
    format: Format,
    [d_model, cols]: [u32; 2],
    ids: &[u32],
    top_k: u32,
    first_expert: u32,
) {
    let n_experts = 5;
    let n_tokens = ids.len() as u32 / top_k;
    let mut rng = Rng::new(u64::from(d_model * cols));
    let mut case = Case::new(Batch {
        n_tokens,
        by_expert: 1,
        ..Batch::default()
    });
    let (weights, decoded) = case.weights(format, (n_experts * d_model) as usize, cols as usize, &mut rng);
    let biases = rng.floats((n_experts * d_model) as usize);
    let act = rng.floats(ids.len() * cols as usize);
    let seen = products.seen(&act, cols);
    let mut expected = Vec::new();
    for (act, expert) in seen.chunks(cols as usize).zip(ids) {
        let begin = expected.len();
        let local = expert
            .checked_sub(first_expert)
            .filter(|local| *local < n_experts);
        let rows = local.map(|local| local * d_model..(local + 1) * d_model);
        expected.extend(rows.into_iter().flatten().map(|row| {
            let w = &decoded[(row * cols) as usize..][..cols as usize];
            let dot: f64 = w.iter().zip(act).map(|(w, a)| f64::from(*w) * a).sum();
            dot + f64::from(biases[row as usize])
        }));
        expected.resize(begin + stride(d_model) as usize, 0.0);
    }
    let all_experts = n_experts + first_expert;
    let tiles = sorted(ids, n_tokens, all_experts);
    let kernel = ExpertOut {
        params: Params {
            d_model,
            units: units(cols),
            act_stride: stride(cols),
            out_stride: stride(d_model),
            has_bias: 1,
            bias_stride: stride(d_model),
            n_experts,
            first_expert,
        },
        matrix: ExpertMatrix {
            format,
            rows: d_model,
            cols,
            n_experts: all_experts,
            top_k,
            moe_layer: 0,
            has_bias: true,
        },
        weights,
        bias: Some(case.matrix(&biases, d_model as usize)),
        act: case.padded(&act, cols as usize, stride(cols) as usize),
        tiles: case.words(&tiles, tiles.len()),
        out: case.floats(&[], expected.len()),
    };
    let out = kernel.out;
    case.run_on(products.devices(), kernel, &[out], |name, out| {
        assert_close(
            &format!("{name} {format}"),
            floats(&out[0]),
            &expected,
            2.0 * F32_SUMS,
        );
    });
}

#[test]
fn every_format() {
    Format::ALL
        .iter()
        .for_each(|format| check(*format, 40, 256, &[4, 1, 1, 3], 2));
}

#[test]
fn several_tokens_odd_rows() {
    check(Format::Q8_0, 67, 96, &[0, 1, 3, 2, 4, 0], 2);
}

#[test]
fn an_expert_with_more_than_a_tile() {
    check(Format::Q4_0, 64, 32, &[2, 0, 2, 2, 2, 2, 2], 1);
}

#[test]
fn cols_not_a_multiple_of_a_unit() {
    check(Format::F16, 60, 20, &[2, 0, 1, 0, 1, 4], 3);
}

#[test]
fn uses_of_experts_not_bound_write_nothing() {
    check_part(Format::Q8_0, [33, 64], &[2, 3, 7, 8, 0, 5], 2, 3);
}
