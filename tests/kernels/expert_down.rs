//! `x += scale · Σ_s w_s · (D_e(s) · act_s + b_e(s))`.

use moescope_engine::kernels::expert_down::{ExpertDown, Params};
use moescope_engine::kernels::{Batch, ExpertMatrix, stride, units};
use moescope_engine::quant::Format;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::{F32_SUMS, Products};

const SCALE: f32 = 0.7;

fn check(format: Format, d_model: u32, cols: u32, ids: &[u32], top_k: u32) {
    check_part(format, d_model, cols, ids, top_k, 0);
}

/// Five experts are bound, `first_expert` the first of them.
fn check_part(format: Format, d_model: u32, cols: u32, ids: &[u32], top_k: u32, first_expert: u32) {
    Products::of(format)
        .iter()
        .for_each(|products| check_products(*products, format, [d_model, cols], ids, top_k, first_expert));
}

fn check_products(
    products: Products,
    format: Format,
    [d_model, cols]: [u32; 2],
    ids: &[u32],
    top_k: u32,
    first_expert: u32,
) {
    let (n_experts, moe_layer, n_moe_layers) = (5, 0, 2);
    let n_tokens = ids.len() as u32 / top_k;
    let mut rng = Rng::new(u64::from(d_model * cols));
    let mut case = Case::new(Batch {
        n_tokens,
        ..Batch::default()
    });
    let (weights, decoded) = case.weights(format, (n_experts * d_model) as usize, cols as usize, &mut rng);
    let biases = rng.floats((n_experts * d_model) as usize);
    let act = rng.floats(ids.len() * cols as usize);
    let seen = products.seen(&act, cols);
    let share = rng.floats(ids.len());
    let x = rng.floats((n_tokens * d_model) as usize);
    let trace_words = (n_tokens * n_moe_layers * top_k) as usize;
    let (mut trace_ids, mut trace_weights) = (vec![0; trace_words], vec![0.0; trace_words]);
    let mut sums: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    for (use_index, expert) in ids.iter().enumerate() {
        let (token, rank) = (use_index as u32 / top_k, use_index as u32 % top_k);
        let slot = ((token * n_moe_layers + moe_layer) * top_k + rank) as usize;
        (trace_ids[slot], trace_weights[slot]) = (*expert, share[use_index]);
        let Some(expert) = expert
            .checked_sub(first_expert)
            .filter(|local| *local < n_experts)
        else {
            continue;
        };
        let act = &seen[use_index * cols as usize..][..cols as usize];
        for row in 0..d_model {
            let w = &decoded[((expert * d_model + row) * cols) as usize..][..cols as usize];
            let dot: f64 = w.iter().zip(act).map(|(w, a)| f64::from(*w) * a).sum();
            sums[(token * d_model + row) as usize] += f64::from(SCALE)
                * f64::from(share[use_index])
                * (dot + f64::from(biases[(expert * d_model + row) as usize]));
        }
    }
    let mut expected = Vec::new();
    for row in sums.chunks(d_model as usize) {
        expected.extend_from_slice(row);
        expected.resize(expected.len() + (stride(d_model) - d_model) as usize, 0.0);
    }
    let kernel = ExpertDown {
        params: Params {
            d_model,
            units: units(cols),
            act_stride: stride(cols),
            x_stride: stride(d_model),
            top_k,
            moe_layer,
            n_moe_layers,
            has_bias: 1,
            bias_stride: stride(d_model),
            scale: SCALE,
            n_experts,
            first_expert,
        },
        matrix: ExpertMatrix {
            format,
            rows: d_model,
            cols,
            n_experts,
            top_k,
            moe_layer,
            has_bias: true,
        },
        weights,
        bias: Some(case.matrix(&biases, d_model as usize)),
        act: case.padded(&act, cols as usize, stride(cols) as usize),
        ids: case.words(&trace_ids, trace_ids.len()),
        expert_weights: case.floats(&trace_weights, trace_weights.len()),
        x: case.padded(&x, d_model as usize, stride(d_model) as usize),
    };
    let x = kernel.x;
    case.run_on(products.devices(), kernel, &[x], |name, out| {
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
        .for_each(|format| check(*format, 40, 256, &[4, 1], 2));
}

#[test]
fn several_tokens_odd_rows() {
    check(Format::Q8_0, 67, 96, &[0, 1, 3, 2, 4, 0], 2);
}

#[test]
fn all_tokens_same_expert() {
    check(Format::Q4_0, 64, 32, &[2, 2, 2], 1);
}

#[test]
fn cols_not_a_multiple_of_a_unit() {
    check(Format::F16, 60, 20, &[2, 0, 1], 3);
}

#[test]
fn uses_of_experts_not_bound_add_nothing() {
    check_part(Format::Q8_0, 33, 64, &[2, 3, 7, 8, 0, 5], 2, 3);
}
