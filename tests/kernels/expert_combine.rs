//! `x += scale · Σ_s w_s · out_s`.

use moescope_engine::kernels::Batch;
use moescope_engine::kernels::expert_combine::{ExpertCombine, Params};
use moescope_engine::kernels::stride;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

const SCALE: f32 = 0.7;

fn check(n_tokens: u32, top_k: u32, d_model: u32) {
    let (moe_layer, n_moe_layers) = (1, 2);
    let mut rng = Rng::new(u64::from(n_tokens * d_model));
    let out = rng.floats((n_tokens * top_k * d_model) as usize);
    let weights = rng.floats((n_tokens * n_moe_layers * top_k) as usize);
    let x = rng.floats((n_tokens * d_model) as usize);
    let mut expected = Vec::new();
    for token in 0..n_tokens {
        for row in 0..d_model {
            let term = |rank: u32| {
                let weight = weights[((token * n_moe_layers + moe_layer) * top_k + rank) as usize];
                f64::from(weight) * f64::from(out[((token * top_k + rank) * d_model + row) as usize])
            };
            let sum: f64 = (0..top_k).map(term).sum();
            expected.push(f64::from(x[(token * d_model + row) as usize]) + f64::from(SCALE) * sum);
        }
        expected.resize(expected.len() + (stride(d_model) - d_model) as usize, 0.0);
    }
    let mut case = Case::new(Batch {
        n_tokens,
        by_expert: 1,
        ..Batch::default()
    });
    let padded = stride(d_model) as usize;
    let kernel = ExpertCombine {
        params: Params {
            d_model,
            out_stride: stride(d_model),
            x_stride: stride(d_model),
            top_k,
            moe_layer,
            n_moe_layers,
            scale: SCALE,
            ..Params::default()
        },
        out: case.padded(&out, d_model as usize, padded),
        expert_weights: case.floats(&weights, weights.len()),
        x: case.padded(&x, d_model as usize, padded),
    };
    let x = kernel.x;
    case.run(kernel, &[x], |name, out| {
        assert_close(name, floats(&out[0]), &expected, F32_SUMS)
    });
}

#[test]
fn two_tokens() {
    check(2, 4, 64);
}

#[test]
fn odd_rows_and_one_expert() {
    check(5, 1, 67);
}

#[test]
fn rows_that_fill_several_workgroups() {
    check(3, 8, 200);
}
