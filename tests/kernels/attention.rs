//! `softmax(q · Kᵀ · scale) · V` over the positions each token may see.

use moescope_engine::KvFormat;
use moescope_engine::kernels::Batch;
use moescope_engine::kernels::attention::{Attention, Params};
use moescope_engine::kernels::attention_merge::part_stride;
use moescope_engine::session::Device;
use moescope_tests::devices;
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;
use crate::attention_merge::join;

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
    /// Positions the cache has room for; 0: all.
    cache_rows: u32,
    /// Values are the first `.0` elements of the keys.
    latent: Option<u32>,
}

/// `keys` and `values`: one row per position seen.
fn attend(query: &[f32], keys: &[&[f32]], values: &[&[f32]], scale: f64, sink: Option<f32>) -> Vec<f64> {
    let dot = |key: &[f32]| {
        query
            .iter()
            .zip(key)
            .map(|(q, k)| f64::from(*q) * f64::from(*k))
            .sum::<f64>()
    };
    let scores: Vec<f64> = keys.iter().map(|key| dot(key) * scale).collect();
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total = shares.iter().sum::<f64>() + sink.map_or(0.0, |sink| (f64::from(sink) - highest).exp());
    let weigh = |i: usize| {
        shares
            .iter()
            .zip(values)
            .map(|(share, value)| share / total * f64::from(value[i]))
            .sum()
    };
    (0..values[0].len()).map(weigh).collect()
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
        cache_rows,
        latent,
    } = shape;
    let mut rng = Rng::new(u64::from(batch.start) + 1);
    let (dim, positions) = (head_dim as usize, (batch.start + batch.n_tokens) as usize);
    let row = n_kv_heads as usize * dim;
    let value_dim = latent.unwrap_or(head_dim);
    let splits = batch.n_splits.max(1);
    let rows = if cache_rows == 0 {
        positions
    } else {
        cache_rows as usize
    };
    let mut q = rng.floats(batch.n_tokens as usize * n_heads as usize * dim);
    q.iter_mut().for_each(|value| *value *= sharpness);
    let mut case = Case::new(batch);
    // The cache holds what its format can hold, so the formula starts from the rounded values.
    let mut cache = |case: &mut Case| {
        let mut elements = rng.floats(positions * row);
        let mut words = vec![0; kv.bytes_for((rows * row) as u64) as usize / 4];
        for (position, elements) in elements.chunks_mut(row).enumerate() {
            let at = position % rows * row;
            kv.store(&mut words, at, elements);
            kv.load(&words, at, elements);
        }
        (case.words(&words, words.len()), elements)
    };
    let (keys, k) = cache(&mut case);
    let (values, v) = match latent {
        Some(_) => (keys, k.clone()),
        None => cache(&mut case),
    };
    let sinks: Vec<f32> = (0..n_heads).map(|head| head as f32 - 1.5).collect();
    let scale = 1.0 / f64::from(head_dim).sqrt();
    let mut expected = Vec::new();
    for token in 0..batch.n_tokens as usize {
        for head in 0..n_heads as usize {
            let kv_head = head / (n_heads / n_kv_heads) as usize;
            let end = batch.start as usize + token + 1;
            let oldest = if window == 0 {
                0
            } else {
                end.saturating_sub(window as usize)
            };
            let keys: Vec<&[f32]> = seen(&k, row, kv_head * dim, dim, oldest..end);
            let values: Vec<&[f32]> = seen(&v, row, kv_head * dim, value_dim as usize, oldest..end);
            let query = &q[(token * n_heads as usize + head) * dim..][..dim];
            let sink = has_sinks.then_some(sinks[head]);
            expected.extend(attend(query, &keys, &values, scale, sink));
        }
    }
    let kernel = Attention {
        params: Params {
            n_heads,
            n_kv_heads,
            head_dim,
            q_stride: n_heads * head_dim,
            out_stride: n_heads * value_dim,
            scale: scale as f32,
            window,
            has_sinks: u32::from(has_sinks),
            value_dim,
            value_stride: head_dim,
            cache_rows: rows as u32,
            part_stride: part_stride(value_dim),
        },
        kv,
        q: case.floats(&q, q.len()),
        keys,
        values,
        sinks: has_sinks.then(|| case.vector(&sinks)),
        out: case.floats(&[], expected.len()),
        parts: case.floats(&[], (splits * n_heads * part_stride(value_dim)) as usize),
    };
    let [out, parts] = [kernel.out, kernel.parts];
    if splits == 1 {
        return case.run(kernel, &[out], |name, out| {
            assert_close(name, floats(&out[0]), &expected, 4.0 * F32_SUMS)
        });
    }
    // The twin walks all of the cache at once.
    let mut gpus = devices::all();
    gpus.retain(|(_, device)| matches!(device, Device::Gpu(_)));
    case.run_on(gpus, kernel, &[parts], |name, parts| {
        let joined = join(floats(&parts[0]), n_heads as usize, value_dim as usize);
        let joined: Vec<f32> = joined.iter().map(|value| *value as f32).collect();
        assert_close(name, &joined, &expected, 4.0 * F32_SUMS);
    });
}

/// A head's rows of a cache that holds every position.
fn seen(cache: &[f32], row: usize, at: usize, len: usize, positions: std::ops::Range<usize>) -> Vec<&[f32]> {
    let rows = cache.chunks(row).take(positions.end).skip(positions.start);
    rows.map(|row| &row[at..at + len]).collect()
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
            cache_rows: 0,
            latent: None,
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
fn groups_of_more_and_fewer_than_four_heads() {
    for (n_heads, n_kv_heads) in [(5, 1), (8, 1), (9, 3), (6, 2), (4, 4)] {
        for n_tokens in [1, 4, 6] {
            check(Shape {
                n_heads,
                n_kv_heads,
                batch: batch(n_tokens, 300),
                sharpness: 3.0,
                ..Shape::default()
            });
        }
    }
}

#[test]
fn a_cache_shared_out_gives_the_same() {
    // Splits of unequal length, of one position, and without any.
    for (start, n_splits) in [(700, 3), (255, 2), (4, 5), (6, 5)] {
        for (window, has_sinks) in [(0, false), (0, true), (130, false), (3, true)] {
            check(Shape {
                n_heads: 6,
                batch: Batch {
                    n_splits,
                    ..batch(1, start)
                },
                window,
                has_sinks,
                sharpness: 3.0,
                ..Shape::default()
            });
        }
    }
    check(Shape {
        n_heads: 5,
        n_kv_heads: 1,
        head_dim: 96,
        latent: Some(64),
        batch: Batch {
            n_splits: 4,
            ..batch(1, 600)
        },
        ..Shape::default()
    });
}

#[test]
fn bytes_with_a_scale() {
    for (head_dim, start) in [(32, 0), (64, 130), (256, 70)] {
        check(Shape {
            kv: KvFormat::Q8_0,
            n_heads: 4,
            n_kv_heads: 2,
            head_dim,
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

#[test]
fn a_ring_holds_what_its_window_sees() {
    // The oldest position seen is the oldest held; then the ring has turned many times.
    for start in [9, 10, 11, 200] {
        check(Shape {
            batch: batch(3, start),
            window: 9,
            cache_rows: 11,
            ..Shape::default()
        });
    }
}

#[test]
fn values_at_the_beginning_of_keys() {
    for kv in KvFormat::ALL {
        check(Shape {
            kv: *kv,
            n_heads: 3,
            n_kv_heads: 1,
            head_dim: 96,
            latent: Some(64),
            batch: batch(2, 130),
            ..Shape::default()
        });
    }
    // As large as DeepSeek's.
    check(Shape {
        n_kv_heads: 1,
        head_dim: 576,
        latent: Some(512),
        batch: batch(1, 3),
        ..Shape::default()
    });
}
