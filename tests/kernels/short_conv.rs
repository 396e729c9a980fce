//! A gated causal convolution over a few positions, some of them of earlier passes.

use moescope_engine::kernels::short_conv::{Params, ShortConv};
use moescope_engine::kernels::{Batch, stride};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

/// Runs the last `n_tokens` of a sequence whose earlier products the ring holds.
fn check(width: u32, taps: u32, start: u32, n_tokens: u32, cache_rows: u32) {
    let mut rng = Rng::new(u64::from(width + 100 * taps + start));
    let (w, t) = (width as usize, taps as usize);
    let positions = (start + n_tokens) as usize;
    let sequence = rng.floats(positions * 3 * w);
    let weights = rng.floats(w * t);
    let part = |position: usize, part: usize, channel: usize| sequence[(position * 3 + part) * w + channel];
    let product = |position: usize, channel: usize| part(position, 0, channel) * part(position, 2, channel);
    let (mut before, mut after) = (vec![0.0f32; cache_rows as usize * w], Vec::new());
    let mut expected = Vec::new();
    for position in 0..positions {
        if position == start as usize {
            after.clone_from(&before);
        }
        for channel in 0..w {
            let slot = position % cache_rows as usize * w + channel;
            if position < start as usize {
                before[slot] = product(position, channel);
                continue;
            }
            after[slot] = product(position, channel);
            let reached = (t - 1).min(position);
            let term = |back: usize| {
                f64::from(weights[channel * t + t - 1 - back]) * f64::from(product(position - back, channel))
            };
            let sum: f64 = (0..=reached).map(term).sum();
            expected.push(f64::from(part(position, 1, channel)) * sum);
        }
        if position >= start as usize {
            expected.resize(expected.len() + (stride(width) - width) as usize, 0.0);
        }
    }
    let mut case = Case::new(Batch {
        n_tokens,
        start,
        ..Batch::default()
    });
    let now = &sequence[start as usize * 3 * w..];
    let kernel = ShortConv {
        params: Params {
            width,
            taps,
            bcx_stride: stride(3 * width),
            out_stride: stride(width),
            tap_stride: stride(taps),
            cache_rows,
            ..Params::default()
        },
        bcx: case.padded(now, 3 * w, stride(3 * width) as usize),
        weights: case.matrix(&weights, t),
        state: case.floats(&before, before.len()),
        out: case.floats(&[], expected.len()),
    };
    let outputs = [kernel.out, kernel.state];
    let after: Vec<f64> = after.into_iter().map(f64::from).collect();
    case.run(kernel, &outputs, |name, out| {
        assert_close(name, floats(&out[0]), &expected, F32_SUMS);
        assert_close(&format!("{name} state"), floats(&out[1]), &after, F32_SUMS);
    });
}

#[test]
fn from_the_first_token() {
    check(20, 3, 0, 5, 16);
}

#[test]
fn one_token_reaches_back_into_the_ring() {
    check(70, 3, 9, 1, 4);
}

#[test]
fn a_pass_reaches_back_and_the_ring_turns() {
    check(33, 4, 21, 5, 9);
}

#[test]
fn two_taps_at_the_second_token() {
    check(64, 2, 1, 1, 3);
}
