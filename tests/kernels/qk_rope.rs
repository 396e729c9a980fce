//! QK-norm, rotation by position, and what lands in the cache.

use moescope_engine::KvFormat;
use moescope_engine::blocks::attention::{Rope, RopeScaling};
use moescope_engine::kernels::Batch;
use moescope_engine::kernels::qk_rope::{Params, QkRope};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

const CONTEXT: u32 = 12;

#[derive(Clone, Copy)]
struct Shape {
    kv: KvFormat,
    n_heads: u32,
    n_kv_heads: u32,
    head_dim: u32,
    n_rot: u32,
    /// 0: none, 1: per head, 2: over all heads.
    qk_norm: u32,
    interleaved: bool,
    batch: Batch,
    /// Positions the cache has room for; `CONTEXT` where nothing is lost.
    cache_rows: u32,
}

/// Norm, with the mean square of `normed_over`, then rotate the pairs, in f64.
fn turned(
    head: &[f32],
    norm: Option<(&[f32], &[f32])>,
    rope: Rope,
    interleaved: bool,
    position: u32,
) -> Vec<f64> {
    let mut head: Vec<f64> = head.iter().map(|value| f64::from(*value)).collect();
    if let Some((gains, normed_over)) = norm {
        let squares = normed_over
            .iter()
            .map(|value| f64::from(*value).powi(2))
            .sum::<f64>();
        let scale = 1.0 / (squares / normed_over.len() as f64 + 1e-6).sqrt();
        head.iter_mut()
            .zip(gains)
            .for_each(|(value, gain)| *value *= scale * f64::from(*gain));
    }
    let half = rope.n_rot as usize / 2;
    for i in 0..half {
        let frequency = f64::from(rope.freq_base).powf(-2.0 * i as f64 / f64::from(rope.n_rot));
        let (sin, cos) = (f64::from(position) * frequency).sin_cos();
        let (first, second) = if interleaved {
            (2 * i, 2 * i + 1)
        } else {
            (i, i + half)
        };
        let (a, b) = (head[first], head[second]);
        head[first] = a * cos - b * sin;
        head[second] = b * cos + a * sin;
    }
    head
}

fn check(shape: Shape) {
    let Shape {
        kv,
        n_heads,
        n_kv_heads,
        head_dim,
        n_rot,
        qk_norm,
        interleaved,
        batch,
        cache_rows,
    } = shape;
    let mut rng = Rng::new(u64::from(head_dim));
    let heads = n_heads + 2 * n_kv_heads;
    let qkv = rng.floats((batch.n_tokens * heads * head_dim) as usize);
    let gains = |heads: u32| if qk_norm == 2 { heads * head_dim } else { head_dim } as usize;
    let norms = [rng.floats(gains(n_heads)), rng.floats(gains(n_kv_heads))];
    let rope = Rope {
        freq_base: 10_000.0,
        n_rot,
        scaling: RopeScaling::None,
        magnitude: 1.0,
    };
    let row = (n_kv_heads * head_dim) as usize;
    let mut queries = Vec::new();
    let mut caches = [
        vec![0.0f64; cache_rows as usize * row],
        vec![0.0; cache_rows as usize * row],
    ];
    for token in 0..batch.n_tokens {
        let position = batch.start + token;
        for head in 0..heads {
            let source = &qkv[((token * heads + head) * head_dim) as usize..][..head_dim as usize];
            let all = &qkv[(token * heads * head_dim) as usize..][..(heads * head_dim) as usize];
            let norm = |kind: usize, index: u32| match qk_norm {
                0 => None,
                1 => Some((norms[kind].as_slice(), source)),
                _ => {
                    let (queries, rest) = all.split_at((n_heads * head_dim) as usize);
                    let keys = &rest[..(n_kv_heads * head_dim) as usize];
                    Some((&norms[kind][(index * head_dim) as usize..], [queries, keys][kind]))
                }
            };
            if head < n_heads {
                queries.extend(turned(source, norm(0, head), rope, interleaved, position));
                continue;
            }
            let (kv_head, is_value) = ((head - n_heads) % n_kv_heads, head >= n_heads + n_kv_heads);
            let stored = match is_value {
                true => source.iter().map(|value| f64::from(*value)).collect(),
                false => turned(source, norm(1, kv_head), rope, interleaved, position),
            };
            let at = (position % cache_rows) as usize * row + (kv_head * head_dim) as usize;
            caches[usize::from(is_value)][at..at + head_dim as usize].copy_from_slice(&stored);
        }
    }
    let mut case = Case::new(batch);
    let cache_words = kv.bytes_for(u64::from(cache_rows) * row as u64) as usize / 4;
    let table = rope.table(batch.start..batch.start + batch.n_tokens, &[]);
    let kernel = QkRope {
        params: Params {
            n_heads,
            n_kv_heads,
            head_dim,
            n_rot,
            qkv_stride: heads * head_dim,
            q_stride: n_heads * head_dim,
            qk_norm,
            eps: 1e-6,
            interleaved: u32::from(interleaved),
            cache_rows,
            ..Params::default()
        },
        kv,
        qkv: case.floats(&qkv, qkv.len()),
        q_norm: case.vector(&norms[0]),
        k_norm: case.vector(&norms[1]),
        rope: case.floats(&table, table.len()),
        q: case.floats(&[], queries.len()),
        keys: case.words(&[], cache_words),
        values: case.words(&[], cache_words),
    };
    let outputs = [kernel.q, kernel.keys, kernel.values];
    let cache_tolerance = crate::kv_tolerance(kv);
    case.run(kernel, &outputs, |name, out| {
        assert_close(&format!("{name} q"), floats(&out[0]), &queries, F32_SUMS);
        for (words, expected) in out[1..].iter().zip(&caches) {
            let mut unpacked = vec![0.0; expected.len()];
            kv.load(words, 0, &mut unpacked);
            assert_close(&format!("{name} cache"), &unpacked, expected, cache_tolerance);
        }
    });
}

fn batch(n_tokens: u32, start: u32) -> Batch {
    Batch {
        n_tokens,
        start,
        ..Batch::default()
    }
}

#[test]
fn grouped_heads_with_qk_norm() {
    for kv in KvFormat::ALL {
        check(Shape {
            kv: *kv,
            n_heads: 6,
            n_kv_heads: 2,
            head_dim: 32,
            n_rot: 32,
            qk_norm: 1,
            interleaved: false,
            batch: batch(3, 5),
            cache_rows: CONTEXT,
        });
    }
}

#[test]
fn part_of_the_head_rotates() {
    let (kv, batch) = (KvFormat::F32, batch(2, 7));
    check(Shape {
        kv,
        n_heads: 5,
        n_kv_heads: 5,
        head_dim: 12,
        n_rot: 8,
        qk_norm: 0,
        interleaved: false,
        batch,
        cache_rows: CONTEXT,
    });
}

#[test]
fn more_heads_than_a_workgroup() {
    let (kv, batch) = (KvFormat::F16, batch(1, 0));
    check(Shape {
        kv,
        n_heads: 70,
        n_kv_heads: 7,
        head_dim: 6,
        n_rot: 6,
        qk_norm: 1,
        interleaved: false,
        batch,
        cache_rows: CONTEXT,
    });
}

#[test]
fn neighbours_turn_together() {
    for (n_rot, qk_norm) in [(12, 0), (8, 1)] {
        check(Shape {
            kv: KvFormat::F32,
            n_heads: 4,
            n_kv_heads: 2,
            head_dim: 12,
            n_rot,
            qk_norm,
            interleaved: true,
            batch: batch(3, 4),
            cache_rows: CONTEXT,
        });
    }
}

#[test]
fn norm_over_all_heads() {
    check(Shape {
        kv: KvFormat::F32,
        n_heads: 6,
        n_kv_heads: 2,
        head_dim: 10,
        n_rot: 10,
        qk_norm: 2,
        interleaved: false,
        batch: batch(2, 3),
        cache_rows: CONTEXT,
    });
}

#[test]
fn later_positions_take_the_place_of_the_oldest() {
    check(Shape {
        kv: KvFormat::F32,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 12,
        n_rot: 12,
        qk_norm: 0,
        interleaved: false,
        batch: batch(4, 9),
        cache_rows: 11,
    });
}
