//! `act = glu(G_e · h + b_e, U_e · h + c_e)`.

use moescope_engine::kernels::expert_gate_up::{ExpertGateUp, Params};
use moescope_engine::kernels::{Batch, ExpertMatrix, stride, units};
use moescope_engine::quant::Format;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::{F32_SUMS, Products, sorted};

fn check(format: Format, d_ff: u32, cols: u32, ids: &[u32], top_k: u32) {
    for activation in [0, 1] {
        check_activation(format, d_ff, cols, ids, top_k, activation);
    }
}

/// SwiGLU, or gpt-oss's form of it.
fn glu(activation: u32, gate: f64, up: f64) -> f64 {
    if activation == 0 {
        return gate / (1.0 + (-gate).exp()) * up;
    }
    let gate = gate.min(7.0);
    gate / (1.0 + (-1.702 * gate).exp()) * (up.clamp(-7.0, 7.0) + 1.0)
}

fn check_activation(format: Format, d_ff: u32, cols: u32, ids: &[u32], top_k: u32, activation: u32) {
    check_part(format, [d_ff, cols], ids, top_k, activation, 0);
}

/// Five experts are bound, `first_expert` the first of them.
fn check_part(format: Format, shape: [u32; 2], ids: &[u32], top_k: u32, activation: u32, first_expert: u32) {
    for products in Products::of(format) {
        for by_expert in [0, 1] {
            let case = Uses {
                ids,
                top_k,
                first_expert,
                by_expert,
            };
            check_products(*products, format, shape, activation, &case);
        }
    }
}

/// What is used of the layer's experts, of which five are bound.
struct Uses<'a> {
    ids: &'a [u32],
    top_k: u32,
    first_expert: u32,
    /// 1: sorted into tiles.
    by_expert: u32,
}

fn check_products(
    products: Products,
    format: Format,
    [d_ff, cols]: [u32; 2],
    activation: u32,
    uses: &Uses<'_>,
) {
    let Uses {
        ids,
        top_k,
        first_expert,
        by_expert,
    } = *uses;
    let (n_experts, moe_layer, n_moe_layers) = (5, 1, 2);
    let n_tokens = ids.len() as u32 / top_k;
    let mut rng = Rng::new(u64::from(d_ff * cols));
    let mut case = Case::new(Batch {
        n_tokens,
        by_expert,
        ..Batch::default()
    });
    let (weights, decoded) = case.weights(format, (2 * n_experts * d_ff) as usize, cols as usize, &mut rng);
    // Some biases reach beyond where gpt-oss clamps.
    let biases: Vec<f32> = rng
        .floats((2 * n_experts * d_ff) as usize)
        .iter()
        .map(|b| b * 9.0)
        .collect();
    let h = rng.floats((n_tokens * cols) as usize);
    let seen = products.seen(&h, cols);
    let mut expected = Vec::new();
    let mut trace_ids = vec![0; (n_tokens * n_moe_layers * top_k) as usize];
    for (use_index, expert) in ids.iter().enumerate() {
        let (token, rank) = (use_index as u32 / top_k, use_index as u32 % top_k);
        trace_ids[((token * n_moe_layers + moe_layer) * top_k + rank) as usize] = *expert;
        let Some(expert) = expert
            .checked_sub(first_expert)
            .filter(|local| *local < n_experts)
        else {
            expected.resize(expected.len() + stride(d_ff) as usize, 0.0);
            continue;
        };
        let h = &seen[(token * cols) as usize..][..cols as usize];
        let dot = |row: u32| -> f64 {
            let w = &decoded[(row * cols) as usize..][..cols as usize];
            w.iter().zip(h).map(|(w, h)| f64::from(*w) * h).sum()
        };
        for row in 0..d_ff {
            let biased = |row: u32| dot(row) + f64::from(biases[row as usize]);
            let (gate, up) = (
                biased(expert * d_ff + row),
                biased((n_experts + expert) * d_ff + row),
            );
            expected.push(glu(activation, gate, up));
        }
        expected.resize(expected.len() + (stride(d_ff) - d_ff) as usize, 0.0);
    }
    let all_experts = n_experts + first_expert;
    let tiles = sorted(ids, n_tokens, all_experts);
    let kernel = ExpertGateUp {
        params: Params {
            d_ff,
            units: units(cols),
            h_stride: stride(cols),
            act_stride: stride(d_ff),
            n_experts,
            top_k,
            moe_layer,
            n_moe_layers,
            activation,
            has_bias: 1,
            bias_stride: stride(d_ff),
            first_expert,
        },
        matrix: ExpertMatrix {
            format,
            rows: 2 * d_ff,
            cols,
            n_experts: all_experts,
            top_k,
            moe_layer,
            has_bias: true,
        },
        weights,
        bias: Some(case.matrix(&biases, d_ff as usize)),
        h: case.padded(&h, cols as usize, stride(cols) as usize),
        ids: case.words(&trace_ids, trace_ids.len()),
        tiles: case.words(&tiles, tiles.len()),
        act: case.floats(&[], expected.len()),
    };
    let act = kernel.act;
    case.run_on(products.devices(), kernel, &[act], |name, out| {
        assert_close(
            &format!("{name} {format} by expert: {by_expert}"),
            floats(&out[0]),
            &expected,
            4.0 * F32_SUMS,
        );
    });
}

#[test]
fn every_format() {
    Format::ALL
        .iter()
        .for_each(|format| check(*format, 32, 256, &[4, 1], 2));
}

#[test]
fn several_tokens_odd_rows() {
    check(Format::Q8_0, 67, 96, &[0, 1, 3, 2, 4, 0], 2);
}

#[test]
fn all_tokens_same_expert() {
    check(Format::Q4_0, 20, 64, &[3, 3, 3, 3, 3], 1);
}

#[test]
fn cols_not_a_multiple_of_a_unit() {
    check(Format::F32, 20, 60, &[2, 0, 1], 3);
}

#[test]
fn uses_of_experts_not_bound_write_nothing() {
    check_part(Format::Q8_0, [33, 64], &[2, 3, 7, 8, 0, 5], 2, 0, 3);
}
