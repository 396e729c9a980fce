//! The fast CPU kernels: products against the decoded weights in f64, everything else against the twins.

use moescope_engine::cpu::attention::{Cache, attention};
use moescope_engine::cpu::{Weights, dot};
use moescope_engine::fast::activations::{Unit, quantize};
use moescope_engine::fast::product::{Inputs, product};
use moescope_engine::fast::uses::Uses;
use moescope_engine::fast::{self, exp::exp, unpack};
use moescope_engine::kernels::Batch;
use moescope_engine::kernels::attention::Params;
use moescope_engine::quant::Format;
use moescope_engine::session::KvFormat;
use moescope_tests::rng::Rng;

/// Rows of random bytes whose scales are neither infinite nor large.
fn weights(format: Format, rows: usize, cols: usize, rng: &mut Rng) -> Weights {
    let bytes_per_row = cols / format.block_elements() * format.block_bytes();
    let mut bytes = Vec::with_capacity(rows * bytes_per_row);
    while bytes.len() < rows * bytes_per_row {
        let mut block: Vec<u8> = (0..format.block_bytes()).map(|_| rng.bits() as u8).collect();
        let mut decoded = vec![0.0; format.block_elements()];
        format.to_f32(&block, &mut decoded);
        // Any bytes are a block; only scales near the ends of their range are of no use here.
        while decoded.iter().any(|w| !w.is_finite() || w.abs() > 1e3) {
            block.iter_mut().for_each(|byte| *byte = rng.bits() as u8);
            if matches!(format, Format::F32 | Format::F16 | Format::BF16) {
                block = half_of(format, rng.signed());
            }
            format.to_f32(&block, &mut decoded);
        }
        bytes.extend(block);
    }
    let mut weights = Weights::new(format, rows, cols).in_lanes();
    // As bytes come while loading: in chunks of any size.
    bytes.chunks(1009).for_each(|chunk| weights.extend(chunk));
    weights.finish(rows);
    weights
}

fn half_of(format: Format, value: f32) -> Vec<u8> {
    match format {
        Format::F32 => value.to_le_bytes().to_vec(),
        Format::F16 => half::f16::from_f32(value).to_le_bytes().to_vec(),
        _ => half::bf16::from_f32(value).to_le_bytes().to_vec(),
    }
}

#[test]
fn products_of_every_format_are_those_of_its_decoded_weights() {
    let mut rng = Rng::new(7);
    for &format in Format::ALL {
        // Rows left over after lanes of 8; tokens left over after tiles of 4 and of 2.
        for (rows, cols, tokens) in [(1, 256, 1), (7, 512, 7), (16, 768, 2), (26, 256, 4)] {
            let weights = weights(format, rows, cols, &mut rng);
            let stride = cols + 32;
            let x = rng.floats(tokens * stride);
            let (mut units, mut row, mut out) = (Vec::new(), Vec::new(), vec![f32::NAN; tokens * rows]);
            let inputs = Inputs::new(&weights, &x, tokens, stride, &mut units);
            // In another order than they lie, and one of them twice.
            let chosen: Vec<u32> = (0..tokens as u32).rev().map(|token| token / 2).collect();
            product(&weights, 0..rows, &inputs, &chosen, &mut row, &mut out);
            let is_rounded = !units.is_empty();
            let mut decoded = vec![0.0; cols];
            for (at, out) in out.iter().enumerate() {
                let (token, row) = (chosen[at / rows] as usize, at % rows);
                weights.row(row, &mut decoded);
                let x = match is_rounded {
                    true => dequantized(&units[token * cols / 32..][..cols / 32]),
                    false => x[token * stride..][..cols].to_vec(),
                };
                let terms = || decoded.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x));
                let (expected, size): (f64, f64) = (terms().sum(), terms().map(f64::abs).sum());
                let error = (f64::from(*out) - expected).abs();
                assert!(
                    error <= 2e-6 * size,
                    "{format}, {rows} × {cols}, token {token}, row {row}: {out} for {expected}"
                );
            }
        }
    }
}

#[test]
fn any_rows_of_a_matrix_are_what_they_are_in_all_of_it() {
    let mut rng = Rng::new(11);
    let (rows, cols) = (29, 256);
    let weights = weights(Format::Q5_K, rows, cols, &mut rng);
    let x = rng.floats(cols);
    let (mut units, mut row) = (Vec::new(), Vec::new());
    let inputs = Inputs::new(&weights, &x, 1, cols, &mut units);
    let mut of = |range: std::ops::Range<usize>| {
        let mut out = vec![f32::NAN; range.len()];
        product(&weights, range, &inputs, &[0], &mut row, &mut out);
        out
    };
    let all = of(0..rows);
    for range in [3..4, 5..19, 7..8, 8..16, 8..24, 15..29, 28..29] {
        assert_eq!(of(range.clone()), all[range]);
    }
}

fn dequantized(units: &[Unit]) -> Vec<f32> {
    let unit = |unit: &Unit| unit.q.map(|q| unit.scale * f32::from(q.cast_signed()));
    units.iter().flat_map(unit).collect()
}

#[test]
fn activations_are_rounded_to_the_nearest_of_255_steps() {
    let mut rng = Rng::new(1);
    let mut row = rng.floats(70);
    row[..32].iter_mut().for_each(|x| *x = 0.0);
    row[40] = -3.0;
    let mut units = vec![Unit::default(); 3];
    quantize(&row, &mut units);
    for (at, (x, rounded)) in row.iter().zip(dequantized(&units)).enumerate() {
        let unit = &units[at / 32];
        assert!(
            (x - rounded).abs() <= 0.501 * unit.scale,
            "{at}: {x} became {rounded}"
        );
    }
    assert_eq!(units[0].scale, 0.0, "nothing but zeros");
    assert_eq!(units[1].q[8].cast_signed(), -127);
    assert_eq!(units[2].q[6..], [0; 26], "what the row lacks is zero");
    for unit in &units {
        let sum = |half: usize| {
            unit.q[16 * half..][..16]
                .iter()
                .map(|q| i32::from(q.cast_signed()))
                .sum::<i32>()
        };
        assert_eq!(unit.halves, [sum(0), sum(1)]);
        assert_eq!(unit.sum, unit.scale * (unit.halves[0] + unit.halves[1]) as f32);
    }
}

#[test]
fn the_exponential_is_right_to_the_last_places() {
    for step in -8800..=8800 {
        let x = step as f32 / 100.0;
        let expected = f64::from(x).exp();
        let error = (f64::from(exp(x)) - expected).abs();
        let allowed = if x < -87.0 { 1.3e-38 } else { 3e-7 * expected };
        assert!(error <= allowed, "e^{x} is {expected}, not {}", exp(x));
    }
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(exp(f32::NEG_INFINITY), 0.0);
    assert_eq!(exp(-1e30), 0.0);
    assert!(exp(1e30).is_finite());
}

#[test]
fn every_finite_half_float_is_unpacked_exactly() {
    for bits in 0..=u16::MAX {
        let half = half::f16::from_bits(bits);
        if half.is_finite() {
            assert_eq!(
                unpack::float(bits).to_bits(),
                half.to_f32().to_bits(),
                "{bits:#x}"
            );
        }
    }
}

#[test]
fn uses_are_sorted_by_expert_and_stay_in_order() {
    let mut uses = Uses::default();
    uses.sort(4, [3, 0, 3, 9, u32::MAX, 1, 0].into_iter());
    let sorted: Vec<(usize, Vec<u32>)> = uses
        .by_expert()
        .map(|(expert, uses)| (expert, uses.to_vec()))
        .collect();
    assert_eq!(sorted, [(0, vec![1, 6]), (1, vec![5]), (3, vec![0, 2])]);
    uses.sort(2, std::iter::empty());
    assert_eq!(uses.by_expert().count(), 0);
}

/// A case of attention: heads, and what the tokens of a pass see.
struct Case {
    name: &'static str,
    batch: Batch,
    window: u32,
    cache_rows: u32,
    value_dim: u32,
    has_sinks: bool,
}

const fn pass(start: u32, n_tokens: u32) -> Batch {
    Batch {
        n_tokens,
        start,
        logits_from: 0,
        n_logits: 1,
        n_draws: 0,
        n_splits: 1,
        by_expert: 0,
    }
}

const CASES: &[Case] = &[
    Case {
        name: "the first token",
        batch: pass(0, 1),
        window: 0,
        cache_rows: 512,
        value_dim: 64,
        has_sinks: false,
    },
    Case {
        name: "decoding far on",
        batch: pass(300, 1),
        window: 0,
        cache_rows: 512,
        value_dim: 64,
        has_sinks: false,
    },
    Case {
        name: "prefill across blocks",
        batch: pass(60, 9),
        window: 0,
        cache_rows: 512,
        value_dim: 64,
        has_sinks: true,
    },
    Case {
        name: "a window in a ring",
        batch: pass(250, 7),
        window: 100,
        cache_rows: 128,
        value_dim: 64,
        has_sinks: true,
    },
    Case {
        name: "values shorter than keys",
        batch: pass(65, 3),
        window: 0,
        cache_rows: 80,
        value_dim: 32,
        has_sinks: false,
    },
];

#[test]
fn attention_is_that_of_the_twin() {
    let mut rng = Rng::new(5);
    for case in CASES {
        for &kv in KvFormat::ALL {
            let params = Params {
                n_heads: 6,
                n_kv_heads: 2,
                head_dim: 64,
                q_stride: 6 * 64,
                out_stride: 6 * case.value_dim,
                scale: 0.3,
                window: case.window,
                has_sinks: u32::from(case.has_sinks),
                value_dim: case.value_dim,
                value_stride: 64,
                cache_rows: case.cache_rows,
                ..Params::default()
            };
            let mut packed = || {
                let row = rng.floats(case.cache_rows as usize * 2 * 64);
                let mut words = vec![0; kv.bytes_for(row.len() as u64) as usize / 4];
                kv.store(&mut words, 0, &row);
                words
            };
            let (keys, values) = (packed(), packed());
            let n_tokens = case.batch.n_tokens as usize;
            let q = rng.floats(n_tokens * 6 * 64);
            let sinks = case.has_sinks.then(|| rng.floats(6));
            let cache = Cache {
                kv,
                keys: &keys,
                values: &values,
            };
            let size = n_tokens * params.out_stride as usize;
            let (mut expected, mut got) = (vec![0.0; size], vec![f32::NAN; size]);
            attention(&params, case.batch, &q, &cache, sinks.as_deref(), &mut expected);
            let mut scratch = fast::Scratch::default();
            fast::attention::attention(
                &params,
                case.batch,
                &q,
                &cache,
                sinks.as_deref(),
                &mut got,
                scratch.attention(),
            );
            for (at, (got, expected)) in got.iter().zip(&expected).enumerate() {
                assert!(
                    (got - expected).abs() <= 2e-6,
                    "{}, {}, element {at}: {got} for {expected}",
                    case.name,
                    kv.name()
                );
            }
            assert!(dot(&expected, &expected) > 0.0, "{}: not all zero", case.name);
        }
    }
}
