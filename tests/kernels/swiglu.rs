//! `silu(gate) · up`, gated or not.

use moescope_engine::kernels::swiglu::{Params, Swiglu};
use moescope_engine::kernels::{Batch, stride};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

fn check(d_ff: u32, n_tokens: u32, is_gated: bool) {
    let mut rng = Rng::new(u64::from(d_ff * 7 + n_tokens));
    let mut case = Case::new(Batch {
        n_tokens,
        ..Batch::default()
    });
    let gate_up: Vec<f32> = rng
        .floats((n_tokens * 2 * d_ff) as usize)
        .iter()
        .map(|v| v * 4.0)
        .collect();
    let own: Vec<f32> = rng.floats(n_tokens as usize).iter().map(|v| v * 3.0).collect();
    let sigmoid = |value: f32| 1.0 / (1.0 + (-f64::from(value)).exp());
    let mut expected = Vec::new();
    for (row, own) in gate_up.chunks(2 * d_ff as usize).zip(&own) {
        let factor = if is_gated { sigmoid(*own) } else { 1.0 };
        let (gate, up) = row.split_at(d_ff as usize);
        let value = |(gate, up): (&f32, &f32)| f64::from(*gate) * sigmoid(*gate) * f64::from(*up) * factor;
        expected.extend(gate.iter().zip(up).map(value));
        expected.resize(expected.len() + (stride(d_ff) - d_ff) as usize, 0.0);
    }
    let own_stride = stride(1);
    let kernel = Swiglu {
        params: Params {
            d_ff,
            gate_up_stride: stride(2 * d_ff),
            act_stride: stride(d_ff),
            is_gated: u32::from(is_gated),
            own_stride,
            ..Params::default()
        },
        gate_up: case.padded(&gate_up, 2 * d_ff as usize, stride(2 * d_ff) as usize),
        own_gate: is_gated.then(|| case.padded(&own, 1, own_stride as usize)),
        act: case.floats(&[], expected.len()),
    };
    let act = kernel.act;
    case.run(kernel, &[act], |name, out| {
        assert_close(name, floats(&out[0]), &expected, F32_SUMS)
    });
}

#[test]
fn plain_more_than_a_workgroup() {
    check(96, 3, false);
}

#[test]
fn gated_odd_width() {
    check(20, 5, true);
}
