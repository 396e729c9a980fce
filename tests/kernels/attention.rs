//! `softmax(q · Kᵀ · scale) · V` over the positions each token may see.

use moescope_engine::KvFormat;
use moescope_engine::kernels::Batch;
use moescope_engine::kernels::attention::{Attention, Params};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

#[derive(Clone, Copy)]
struct Shape {
    kv: KvFormat,
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    batch: Batch,
    /// Factor on queries: large values make one position take all.
    sharpness: f32,
    /// Positions seen; 0: all.
    window: u32,
    has_sinks: bool,
}

fn attend(query: &[f32], keys: &[f32], values: &[f32], scale: f64, sink: Option<f32>) -> Vec<f64> {
    let dim = query.len();
    let dot = |key: &[f32]| {
        query
            .iter()
            .zip(key)
            .map(|(q, k)| f64::from(*q) * f64::from(*k))
            .sum::<f64>()
    };
    let scores: Vec<f64> = keys.chunks(dim).map(|key| dot(key) * scale).collect();
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total = shares.iter().sum::<f64>() + sink.map_or(0.0, |sink| (f64::from(sink) - highest).exp());
    let weigh = |i: usize| {
        shares
            .iter()
            .zip(values.chunks(dim))
            .map(|(share, value)| share / total * f64::from(value[i]))
            .sum()
    };
    (0..dim).map(weigh).collect()
}

fn check(shape: Shape) {
    let Shape {
        kv,
        n_heads,
        n_kv_heads,
        head_dim,
        batch,
        sharpness,
        window,
        has_sinks,
    } = shape;
    let mut rng = Rng::new(u64::from(batch.start) + 1);
    let (dim, positions) = (head_dim as usize, (batch.start + batch.n_tokens) as usize);
    let row = n_kv_heads as usize * dim;
    let mut q = rng.floats(batch.n_tokens as usize * n_heads as usize * dim);
    q.iter_mut().for_each(|value| *value *= sharpness);
    let mut case = Case::new(batch);
    // The cache holds what its format can hold, so the formula starts from the rounded values.
    let mut cache = |case: &mut Case| {
        let mut elements = rng.floats(positions * row);
        let mut words = vec![0; kv.bytes_for(elements.len() as u64) as usize / 4];
        kv.store(&mut words, 0, &elements);
        kv.load(&words, 0, &mut elements);
        (case.words(&words, words.len()), elements)
    };
    let ((keys, k), (values, v)) = (cache(&mut case), cache(&mut case));
    let sinks: Vec<f32> = (0..n_heads).map(|head| head as f32 - 1.5).collect();
    let scale = 1.0 / f64::from(head_dim).sqrt();
    let mut expected = Vec::new();
    for token in 0..batch.n_tokens as usize {
        for head in 0..n_heads as usize {
            let kv_head = head / (n_heads / n_kv_heads) as usize;
            let seen = |cache: &[f32]| -> Vec<f32> {
                let end = batch.start as usize + token + 1;
                let oldest = if window == 0 {
                    0
                } else {
                    end.saturating_sub(window as usize)
                };
                let rows = cache.chunks(row).take(end).skip(oldest);
                rows.flat_map(|row| row[kv_head * dim..][..dim].to_vec())
                    .collect()
            };
            let query = &q[(token * n_heads as usize + head) * dim..][..dim];
            let sink = has_sinks.then_some(sinks[head]);
            expected.extend(attend(query, &seen(&k), &seen(&v), scale, sink));
        }
    }
    let kernel = Attention {
        params: Params {
            n_heads,
            n_kv_heads,
            head_dim,
            q_stride: n_heads * head_dim,
            out_stride: n_heads * head_dim,
            scale: scale as f32,
            window,
            has_sinks: u32::from(has_sinks),
        },
        kv,
        q: case.floats(&q, q.len()),
        keys,
        values,
        sinks: has_sinks.then(|| case.vector(&sinks)),
        out: case.floats(&[], expected.len()),
    };
    let out = kernel.out;
    case.run(kernel, &[out], |name, out| {
        assert_close(name, floats(&out[0]), &expected, 4.0 * F32_SUMS)
    });
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            kv: KvFormat::F16,
            n_heads: 2,
            n_kv_heads: 2,
            head_dim: 32,
            batch: batch(1, 0),
            sharpness: 1.0,
            window: 0,
            has_sinks: false,
        }
    }
}

fn batch(n_tokens: u32, start: u32) -> Batch {
    Batch {
        n_tokens,
        start,
        ..Batch::default()
    }
}

#[test]
fn first_token_sees_itself() {
    let kv = KvFormat::F16;
    check(Shape {
        kv,
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 32,
        batch: batch(1, 0),
        sharpness: 1.0,
        ..Shape::default()
    });
}

#[test]
fn one_block_exactly_and_one_more() {
    for start in [62, 63, 64] {
        let kv = KvFormat::F16;
        check(Shape {
            kv,
            n_heads: 6,
            n_kv_heads: 2,
            head_dim: 32,
            batch: batch(2, start),
            sharpness: 3.0,
            ..Shape::default()
        });
    }
}

#[test]
fn many_blocks_sharp_scores() {
    let kv = KvFormat::F32;
    check(Shape {
        kv,
        n_heads: 4,
        n_kv_heads: 4,
        head_dim: 12,
        batch: batch(3, 500),
        sharpness: 60.0,
        ..Shape::default()
    });
}

#[test]
fn heads_wider_than_a_workgroup_of_pairs() {
    let kv = KvFormat::F16;
    check(Shape {
        kv,
        n_heads: 2,
        n_kv_heads: 2,
        head_dim: 256,
        batch: batch(2, 70),
        sharpness: 1.0,
        ..Shape::default()
    });
}

#[test]
fn a_window_forgets_what_is_before_it() {
    for start in [2, 8, 9, 70, 140] {
        check(Shape {
            batch: batch(3, start),
            window: 9,
            ..Shape::default()
        });
    }
    check(Shape {
        batch: batch(2, 200),
        window: 65,
        ..Shape::default()
    });
}

#[test]
fn sinks_take_their_share() {
    for window in [0, 7] {
        check(Shape {
            n_heads: 6,
            batch: batch(2, 100),
            window,
            has_sinks: true,
            ..Shape::default()
        });
    }
}
