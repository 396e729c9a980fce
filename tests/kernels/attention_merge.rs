//! Parts of attention joined: each weighs by what its shares sum to, against the highest score of all.

use moescope_engine::kernels::Batch;
use moescope_engine::kernels::attention_merge::{AttentionMerge, Params, part_stride};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

/// The formula. `parts`: (splits, n_heads, part_stride)
pub fn join(parts: &[f32], n_heads: usize, value_dim: usize) -> Vec<f64> {
    let stride = part_stride(value_dim as u32) as usize;
    let mut joined = Vec::new();
    for head in 0..n_heads {
        let of_head = || parts.chunks(stride).skip(head).step_by(n_heads);
        let highest = of_head()
            .map(|part| f64::from(part[value_dim]))
            .fold(f64::MIN, f64::max);
        let factor = |part: &[f32]| (f64::from(part[value_dim]) - highest).exp();
        let total: f64 = of_head()
            .map(|part| factor(part) * f64::from(part[value_dim + 1]))
            .sum();
        let weigh = |i: usize| {
            of_head()
                .map(|part| factor(part) * f64::from(part[i]))
                .sum::<f64>()
                / total
        };
        joined.extend((0..value_dim).map(weigh));
    }
    joined
}

fn check(n_splits: u32, n_heads: u32, value_dim: u32) {
    let mut rng = Rng::new(u64::from(n_splits * 100 + value_dim));
    let (dim, stride) = (value_dim as usize, part_stride(value_dim) as usize);
    let mut parts = rng.floats((n_splits * n_heads) as usize * stride);
    for (index, part) in parts.chunks_mut(stride).enumerate() {
        // Highest scores far apart; the last split of every head had no position.
        part[dim] *= 9.0;
        part[dim + 1] = 1.0 + part[dim + 1].abs();
        if n_splits > 1 && index / n_heads as usize == n_splits as usize - 1 {
            part.fill(0.0);
            part[dim] = -3.4e38;
        }
    }
    let expected = join(&parts, n_heads as usize, dim);
    let mut case = Case::new(Batch {
        n_tokens: 1,
        n_splits,
        ..Batch::default()
    });
    let kernel = AttentionMerge {
        params: Params {
            n_heads,
            value_dim,
            part_stride: stride as u32,
            ..Params::default()
        },
        parts: case.floats(&parts, parts.len()),
        out: case.floats(&[], expected.len()),
    };
    let out = kernel.out;
    case.run(kernel, &[out], |name, out| {
        assert_close(name, floats(&out[0]), &expected, F32_SUMS)
    });
}

#[test]
fn two_splits() {
    check(2, 3, 64);
}

#[test]
fn many_splits_odd_heads() {
    check(32, 5, 20);
}
