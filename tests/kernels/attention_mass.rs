//! Mean over heads of `softmax(q · Kᵀ · scale)` of the last token, by position.

use moescope_engine::KvFormat;
use moescope_engine::kernels::Batch;
use moescope_engine::kernels::attention_mass::{AttentionMass, Params};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

#[derive(Clone, Copy)]
struct Shape {
    kv: KvFormat,
    heads: (u32, u32),
    head_dim: u32,
    n_tokens: u32,
    start: u32,
    sharpness: f32,
    /// Positions seen; 0: all.
    window: u32,
    has_sinks: bool,
    /// Positions the cache has room for; 0: all.
    cache_rows: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            kv: KvFormat::F16,
            heads: (4, 2),
            head_dim: 32,
            n_tokens: 1,
            start: 0,
            sharpness: 1.0,
            window: 0,
            has_sinks: false,
            cache_rows: 0,
        }
    }
}

fn check(shape: Shape) {
    let (n_heads, n_kv_heads) = shape.heads;
    let (dim, end) = (shape.head_dim as usize, (shape.start + shape.n_tokens) as usize);
    let row = n_kv_heads as usize * dim;
    let rows = if shape.cache_rows == 0 {
        end
    } else {
        shape.cache_rows as usize
    };
    let mut rng = Rng::new(u64::from(shape.start) + 7);
    let mut q = rng.floats(shape.n_tokens as usize * n_heads as usize * dim);
    q.iter_mut().for_each(|value| *value *= shape.sharpness);
    let mut keys = rng.floats(end * row);
    let mut words = vec![0; shape.kv.bytes_for((rows * row) as u64) as usize / 4];
    for (position, keys) in keys.chunks_mut(row).enumerate() {
        let at = position % rows * row;
        shape.kv.store(&mut words, at, keys);
        shape.kv.load(&words, at, keys);
    }
    let sinks: Vec<f32> = (0..n_heads).map(|head| head as f32 - 1.5).collect();
    let scale = 1.0 / f64::from(shape.head_dim).sqrt();
    let oldest = if shape.window == 0 {
        0
    } else {
        end.saturating_sub(shape.window as usize)
    };
    let mut expected = vec![0.0_f64; end];
    for head in 0..n_heads as usize {
        let query = &q[((shape.n_tokens as usize - 1) * n_heads as usize + head) * dim..][..dim];
        let at = head / (n_heads / n_kv_heads) as usize * dim;
        let score = |position: usize| {
            let key = &keys[position * row + at..][..dim];
            scale
                * query
                    .iter()
                    .zip(key)
                    .map(|(q, k)| f64::from(*q) * f64::from(*k))
                    .sum::<f64>()
        };
        let scores: Vec<f64> = (oldest..end).map(score).collect();
        let sink = shape.has_sinks.then_some(f64::from(sinks[head]));
        let highest = scores
            .iter()
            .copied()
            .chain(sink)
            .fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores
            .iter()
            .copied()
            .chain(sink)
            .map(|score| (score - highest).exp())
            .sum();
        for (mass, score) in expected[oldest..].iter_mut().zip(&scores) {
            *mass += (score - highest).exp() / total / f64::from(n_heads);
        }
    }
    let mut case = Case::new(Batch {
        n_tokens: shape.n_tokens,
        start: shape.start,
        ..Batch::default()
    });
    let kernel = AttentionMass {
        params: Params {
            n_heads,
            n_kv_heads,
            head_dim: shape.head_dim,
            q_stride: n_heads * shape.head_dim,
            scale: scale as f32,
            window: shape.window,
            has_sinks: u32::from(shape.has_sinks),
            cache_rows: rows as u32,
        },
        kv: shape.kv,
        q: case.floats(&q, q.len()),
        keys: case.words(&words, words.len()),
        sinks: shape.has_sinks.then(|| case.vector(&sinks)),
        // What an earlier token left there must not stay.
        mass: case.floats(&vec![9.0; end], end),
    };
    let mass = kernel.mass;
    case.run(kernel, &[mass], |name, out| {
        assert_close(name, floats(&out[0]), &expected, 4.0 * F32_SUMS)
    });
}

#[test]
fn first_token_pays_all_to_itself() {
    check(Shape::default());
}

#[test]
fn one_block_exactly_and_one_more() {
    for start in [62, 63, 64, 200] {
        check(Shape {
            start,
            sharpness: 3.0,
            ..Shape::default()
        });
    }
}

#[test]
fn of_several_tokens_the_last_one_counts() {
    check(Shape {
        n_tokens: 3,
        start: 70,
        ..Shape::default()
    });
}

#[test]
fn sharp_scores_do_not_overflow() {
    check(Shape {
        kv: KvFormat::F32,
        start: 130,
        sharpness: 60.0,
        ..Shape::default()
    });
}

#[test]
fn bytes_with_a_scale() {
    check(Shape {
        kv: KvFormat::Q8_0,
        head_dim: 64,
        start: 100,
        ..Shape::default()
    });
}

#[test]
fn before_a_window_and_in_a_sink_nothing_is_found() {
    check(Shape {
        start: 150,
        window: 9,
        has_sinks: true,
        cache_rows: 16,
        ..Shape::default()
    });
}
