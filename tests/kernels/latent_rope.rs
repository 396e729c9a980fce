//! The rotated ends of queries, and the row of latent and key that the cache gets.

use moescope_engine::KvFormat;
use moescope_engine::kernels::latent_rope::{LatentRope, Params};
use moescope_engine::kernels::{Batch, stride};
use moescope_tests::kernel_case::{Case, assert_close, floats};
use moescope_tests::rng::Rng;

use crate::F32_SUMS;

#[derive(Clone, Copy)]
struct Shape {
    kv: KvFormat,
    n_heads: u32,
    d_latent: u32,
    d_nope: u32,
    n_rot: u32,
    batch: Batch,
    cache_rows: u32,
    /// What lies before the latent in its row.
    kv_offset: u32,
}

fn turned(elements: &[f32], turns: &[f32]) -> Vec<f64> {
    let pairs = elements.chunks_exact(2).zip(turns.chunks_exact(2));
    pairs
        .flat_map(|(pair, turn)| {
            let [a, b, cos, sin] = [pair[0], pair[1], turn[0], turn[1]].map(f64::from);
            [a * cos - b * sin, b * cos + a * sin]
        })
        .collect()
}

fn check(shape: Shape) {
    let Shape {
        kv,
        n_heads,
        d_latent,
        d_nope,
        n_rot,
        batch,
        cache_rows,
        kv_offset,
    } = shape;
    let mut rng = Rng::new(u64::from(d_latent + batch.start));
    let (tokens, latent_len, rot) = (batch.n_tokens as usize, d_latent as usize, n_rot as usize);
    let (q_head, key) = ((d_nope + n_rot) as usize, latent_len + rot);
    let (q_width, kv_width) = (n_heads * (d_nope + n_rot), kv_offset + d_latent + n_rot);
    let q = rng.floats(tokens * q_width as usize);
    let latent = rng.floats(tokens * kv_width as usize);
    let norm = rng.floats(latent_len);
    let rope = rng.floats(tokens * rot);
    let out_width = n_heads * (d_latent + n_rot);
    let out_stride = stride(out_width) as usize;
    let mut out = vec![0.0f64; tokens * out_stride];
    let mut cache = vec![0.0f64; cache_rows as usize * key];
    for token in 0..tokens {
        let turns = &rope[token * rot..][..rot];
        for head in 0..n_heads as usize {
            let from = token * q_width as usize + head * q_head + d_nope as usize;
            let at = token * out_stride + head * key + latent_len;
            out[at..at + rot].copy_from_slice(&turned(&q[from..][..rot], turns));
        }
        let row = &latent[token * kv_width as usize + kv_offset as usize..][..key];
        let squares: f64 = row[..latent_len].iter().map(|v| f64::from(*v).powi(2)).sum();
        let scale = 1.0 / (squares / f64::from(d_latent) + 1e-6).sqrt();
        let slot = (batch.start as usize + token) % cache_rows as usize * key;
        let normed = row[..latent_len].iter().zip(&norm);
        for (to, (value, gain)) in cache[slot..].iter_mut().zip(normed) {
            *to = f64::from(*value) * scale * f64::from(*gain);
        }
        cache[slot + latent_len..slot + key].copy_from_slice(&turned(&row[latent_len..], turns));
    }
    let mut case = Case::new(batch);
    let kernel = LatentRope {
        params: Params {
            n_heads,
            d_latent,
            d_nope,
            n_rot,
            q_stride: stride(q_width),
            kv_stride: stride(kv_width),
            kv_offset,
            out_stride: stride(out_width),
            eps: 1e-6,
            cache_rows,
            ..Params::default()
        },
        kv,
        q: case.padded(&q, q_width as usize, stride(q_width) as usize),
        latent: case.padded(&latent, kv_width as usize, stride(kv_width) as usize),
        norm: case.vector(&norm),
        rope: case.floats(&rope, rope.len()),
        out: case.floats(&[], out.len()),
        latents: case.words(&[], kv.bytes_for(cache.len() as u64) as usize / 4),
    };
    let outputs = [kernel.out, kernel.latents];
    let cache_tolerance = crate::kv_tolerance(kv);
    case.run(kernel, &outputs, |name, got| {
        assert_close(name, floats(&got[0]), &out, F32_SUMS);
        let mut unpacked = vec![0.0; cache.len()];
        kv.load(&got[1], 0, &mut unpacked);
        assert_close(&format!("{name} cache"), &unpacked, &cache, cache_tolerance);
    });
}

#[test]
fn as_large_as_deepseeks() {
    for kv in KvFormat::ALL {
        check(Shape {
            kv: *kv,
            n_heads: 2,
            d_latent: 512,
            d_nope: 128,
            n_rot: 64,
            batch: Batch {
                n_tokens: 2,
                ..Batch::default()
            },
            cache_rows: 3,
            kv_offset: 0,
        });
    }
}

#[test]
fn odd_sizes_behind_something_else_in_a_ring() {
    check(Shape {
        kv: KvFormat::F32,
        n_heads: 3,
        d_latent: 28,
        d_nope: 20,
        n_rot: 12,
        batch: Batch {
            n_tokens: 5,
            start: 9,
            ..Batch::default()
        },
        cache_rows: 11,
        kv_offset: 41,
    });
}
