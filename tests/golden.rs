//! Logits against Hugging Face `transformers` on small random-weight models of odd sizes: several
//! formats of one architecture (`fixtures/qwen3moe.py`) and one model of every other
//! (`fixtures/architectures.py`); against llama.cpp where transformers lacks the architecture
//! (`fixtures/only_llama_cpp.py`). Quantized files are held against the same weights dequantized.

use std::path::{Path, PathBuf};

use moescope_engine::arch::Spec;
use moescope_engine::fast;
use moescope_engine::gguf::Gguf;
use moescope_engine::kernels::Batch;
use moescope_engine::session::{Device, Session, SessionOptions};
use moescope_engine::source::FileSource;
use moescope_engine::{KvFormat, TokenId, TokenTrace};
use moescope_tests::devices;
use serde_json::Value;

/// Largest error allowed, as a share of the golden logits' range.
const LOGIT_TOLERANCE: f32 = 2e-3;
/// Largest error of an expert's weight: f32 sums through a few layers.
const WEIGHT_TOLERANCE: f32 = 1e-4;

struct Golden {
    name: String,
    /// Whose logits they are.
    oracle: &'static str,
    /// How far llama.cpp is from transformers on the same file, as a share of the range; as JSON.
    llama_cpp: Value,
    gguf: PathBuf,
    tokens: Vec<TokenId>,
    vocab: usize,
    logits: Vec<f32>,
    /// llama.cpp does not tell.
    routing: Option<GoldenRouting>,
}

struct GoldenRouting {
    experts: Vec<u16>, // (layers, tokens, top_k)
    weights: Vec<f32>, // (layers, tokens, top_k)
}

fn goldens() -> Vec<Golden> {
    ["qwen3moe", "architectures", "llama_cpp"]
        .into_iter()
        .flat_map(goldens_of)
        .collect()
}

fn goldens_of(folder: &str) -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let cases: Value = serde_json::from_slice(&read(&folder.join("cases.json"))).expect("cases.json");
    let text = |case: &Value, key: &str| folder.join(case[key].as_str().expect("a file name"));
    let golden = |case: &Value| Golden {
        name: case["name"].as_str().expect("a name").to_owned(),
        oracle: if folder.ends_with("llama_cpp") {
            "llama.cpp"
        } else {
            "transformers"
        },
        llama_cpp: case["llama_cpp"].clone(),
        gguf: text(case, "gguf"),
        tokens: serde_json::from_value(case["tokens"].clone()).expect("token ids"),
        vocab: case["vocab"].as_u64().expect("vocab") as usize,
        logits: bytemuck::pod_collect_to_vec(&read(&text(case, "logits"))),
        routing: case.get("experts").map(|_| GoldenRouting {
            experts: bytemuck::pod_collect_to_vec(&read(&text(case, "experts"))),
            weights: bytemuck::pod_collect_to_vec(&read(&text(case, "weights"))),
        }),
    };
    cases.as_array().expect("a list").iter().map(golden).collect()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn open(golden: &Golden, device: &Device, batch: u32) -> Session {
    open_within(golden, device, batch, 0)
}

fn open_within(golden: &Golden, device: &Device, batch: u32, max_binding_bytes: u64) -> Session {
    let source = FileSource::open(&golden.gguf).expect("fixture");
    let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
    let spec = Spec::read(&gguf).expect("spec");
    let options = SessionOptions {
        context: golden.tokens.len() as u32,
        batch,
        logit_rows: batch,
        kv: KvFormat::F32,
        max_binding_bytes,
    };
    pollster::block_on(Session::open(&spec, &source, device, options, &mut |_, _| {})).expect("session")
}

/// All logits and traces, computed in passes of `batch` tokens.
fn run(golden: &Golden, device: &Device, batch: u32) -> (Vec<f32>, Vec<TokenTrace>) {
    run_session(golden, open(golden, device, batch), batch)
}

fn run_session(golden: &Golden, mut session: Session, batch: u32) -> (Vec<f32>, Vec<TokenTrace>) {
    let (mut logits, mut traces) = (Vec::new(), Vec::new());
    for tokens in golden.tokens.chunks(batch as usize) {
        let pass = pollster::block_on(session.forward(tokens, batch)).expect("forward");
        logits.extend(pass.logits);
        traces.extend(pass.traces);
    }
    (logits, traces)
}

fn top_1(logits: &[f32]) -> usize {
    (0..logits.len())
        .max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
        .unwrap_or_default()
}

/// The largest difference, and the range of the golden logits.
fn worst_and_range(got: &[f32], golden: &Golden) -> (f32, f32) {
    let extremes = golden
        .logits
        .iter()
        .fold((f32::MAX, f32::MIN), |(low, high), l| (low.min(*l), high.max(*l)));
    let differences = got.iter().zip(&golden.logits).map(|(a, b)| (a - b).abs());
    (differences.fold(0.0, f32::max), extremes.1 - extremes.0)
}

fn check_logits(name: &str, got: &[f32], golden: &Golden) {
    assert_eq!(got.len(), golden.logits.len(), "{name}");
    let (worst, range) = worst_and_range(got, golden);
    println!("{name}: max abs error {worst:.2e} of range {range:.2}");
    assert!(
        worst <= LOGIT_TOLERANCE * range,
        "{name}: max abs error {worst} of range {range}"
    );
    for (position, (got, golden)) in got
        .chunks(golden.vocab)
        .zip(golden.logits.chunks(golden.vocab))
        .enumerate()
    {
        assert_eq!(top_1(got), top_1(golden), "{name}: top-1 at position {position}");
    }
}

fn check_routing(name: &str, traces: &[TokenTrace], golden: &GoldenRouting) {
    let top_k = traces[0].routing.top_k as usize;
    let layers = traces[0].routing.layers.len();
    // Goldens are layer by layer, traces token by token.
    let chosen = |layer: usize| layer * top_k..(layer + 1) * top_k;
    let slots = || (0..layers).flat_map(|layer| traces.iter().map(move |trace| (layer, &trace.routing)));
    let ids: Vec<u16> = slots()
        .flat_map(|(layer, routing)| routing.ids[chosen(layer)].to_vec())
        .collect();
    assert_eq!(ids, golden.experts, "{name}: chosen experts");
    let weights = slots().flat_map(|(layer, routing)| routing.weights[chosen(layer)].to_vec());
    let worst = weights
        .zip(&golden.weights)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(
        worst <= WEIGHT_TOLERANCE,
        "{name}: expert weights differ by {worst}"
    );
}

#[test]
fn logits_and_routing_match_transformers_on_every_executor() {
    let goldens = goldens();
    assert!(!goldens.is_empty());
    for (device_name, device) in devices::all() {
        for golden in &goldens {
            for batch in [1, 7, 32] {
                let name = format!("{} on {device_name}, batch {batch}", golden.name);
                let (logits, traces) = run(golden, &device, batch);
                check_logits(&name, &logits, golden);
                if let Some(routing) = &golden.routing {
                    check_routing(&name, &traces, routing);
                }
            }
        }
    }
}

/// Mean Kullback–Leibler divergence, in nats, of kernels that multiply in integers from exact arithmetic: their
/// activations are rounded to bytes. llama.cpp, which rounds them too, is between 1e-6 and 2e-2 from it
/// on models like these: random routers turn at a touch, and an expert that changes is most of it.
const ROUNDED_DIVERGENCE: f64 = 1e-2;

#[test]
fn the_fast_cpu_kernels_stay_close_to_the_exact_ones() {
    for golden in &goldens() {
        for batch in [1, 7, 32] {
            let name = format!("{} on the fast CPU kernels, batch {batch}", golden.name);
            let session = open(golden, &Device::Cpu, batch);
            let packs = &session.plan().packs;
            let is_rounded = packs.iter().any(|pack| fast::packed::tile(pack.format).is_some());
            let (logits, traces) = run_session(golden, session, batch);
            if is_rounded {
                let divergence = mean_divergence(&golden.logits, &logits, golden.vocab);
                println!("{name}: {divergence:.2e} nats");
                assert!(divergence <= ROUNDED_DIVERGENCE, "{name}: {divergence}");
                continue;
            }
            check_logits(&name, &logits, golden);
            if let Some(routing) = &golden.routing {
                check_routing(&name, &traces, routing);
            }
        }
    }
}

/// Of the distributions after each token.
fn mean_divergence(expected: &[f32], got: &[f32], vocab: usize) -> f64 {
    let log_probs = |logits: &[f32]| -> Vec<f64> {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let shifted = logits.iter().map(|logit| f64::from(logit - highest));
        let total = shifted.clone().map(f64::exp).sum::<f64>().ln();
        shifted.map(|logit| logit - total).collect()
    };
    let rows = expected.chunks(vocab).zip(got.chunks(vocab));
    let divergence = |(p, q): (&[f32], &[f32])| -> f64 {
        let pairs = log_probs(p).into_iter().zip(log_probs(q));
        pairs.map(|(p, q)| p.exp() * (p - q)).sum()
    };
    rows.clone().map(divergence).sum::<f64>() / rows.count() as f64
}

#[test]
fn activations_rounded_to_bytes_on_the_gpu_stay_close_to_the_exact_ones() {
    for (device_name, device) in devices::int8() {
        let mut n_rounded = 0;
        for golden in goldens() {
            let session = open(&golden, &device, 7);
            if !session.plan().packs.iter().any(|pack| pack.format.has_bytes()) {
                continue;
            }
            n_rounded += 1;
            let (logits, _) = run_session(&golden, session, 7);
            let divergence = mean_divergence(&golden.logits, &logits, golden.vocab);
            println!("{} on {device_name}: {divergence:.2e} nats", golden.name);
            assert!(
                divergence <= ROUNDED_DIVERGENCE,
                "{} on {device_name}: {divergence}",
                golden.name
            );
        }
        assert!(
            n_rounded > 3,
            "{device_name}: only {n_rounded} models have weights to round for"
        );
    }
}

fn largest_pack(session: &Session) -> u64 {
    let packs = session.plan().packs.iter();
    packs.map(|pack| pack.gpu_bytes()).max().unwrap_or_default()
}

#[test]
fn matrices_larger_than_a_binding_are_split_and_give_the_same() {
    for (device_name, device) in devices::all() {
        for golden in &goldens() {
            let name = format!("{} on {device_name} in small bindings", golden.name);
            let whole = open(golden, &Device::Twins, 7);
            let buffers = whole.plan().buffers.iter().map(|buffer| buffer.bytes());
            let limit = (largest_pack(&whole) / 3).max(buffers.max().unwrap_or_default());
            let session = open_within(golden, &device, 7, limit);
            assert!(largest_pack(&session) <= limit, "{name}");
            let [split, whole] = [&session, &whole].map(|session| session.plan().packs.len());
            assert!(split > whole + 3, "{name}: {split} packs, {whole} whole");
            let (logits, traces) = run_session(golden, session, 7);
            check_logits(&name, &logits, golden);
            if let Some(routing) = &golden.routing {
                check_routing(&name, &traces, routing);
            }
            let usual = run(golden, &Device::Twins, 7).1;
            let last = |traces: &[TokenTrace]| traces.last().map(|trace| trace.cost.groups);
            assert_eq!(last(&traces), last(&usual), "{name}: the same work is counted");
        }
    }
}

#[test]
fn a_truncated_session_computes_the_same_again() {
    let goldens = goldens();
    let golden = &goldens[0];
    for (name, device) in devices::all() {
        let mut session = open(golden, &device, 8);
        let first = pollster::block_on(session.forward(&golden.tokens[..8], 8)).expect("forward");
        session.truncate(3);
        assert_eq!(session.keep_prefix(&golden.tokens[..8]), 3, "{name}");
        let again = pollster::block_on(session.forward(&golden.tokens[3..8], 5)).expect("forward");
        let tail = &first.logits[3 * golden.vocab..];
        let worst = again
            .logits
            .iter()
            .zip(tail)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-4, "{name}: {worst}");
    }
}

#[test]
fn a_full_context_is_an_error_that_says_so() {
    let goldens = goldens();
    let golden = &goldens[0];
    let mut session = open(golden, &Device::Twins, 32);
    for tokens in golden.tokens.chunks(32) {
        pollster::block_on(session.forward(tokens, 1)).expect("forward");
    }
    let err = pollster::block_on(session.forward(&golden.tokens[..1], 1)).expect_err("full");
    assert!(err.to_string().contains("the context is full"), "{err}");
    assert_eq!(session.position() as usize, golden.tokens.len());
}

/// What is neither an expert's nor the embedding's nor a table made on the host.
fn is_read_by_every_token(name: &str) -> bool {
    !name.contains("_exps.") && name != "token_embd.weight" && !name.starts_with("rope_")
}

/// Shared experts with their gate, and the matrices of dense layers.
fn is_feed_forward_of_every_token(name: &str) -> bool {
    name.contains("_shexp.") || DENSE_PARTS.iter().any(|part| name.contains(part))
}

/// What only a layer that is not sparse has.
const DENSE_PARTS: &[&str] = &["ffn_gate.", "ffn_up.", "ffn_down."];

#[test]
fn every_architecture_has_a_golden() {
    let goldens = goldens();
    for (name, _) in moescope_engine::arch::ARCHITECTURES {
        let has_one = goldens.iter().any(|golden| {
            let source = FileSource::open(&golden.gguf).expect("fixture");
            let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
            Spec::read(&gguf).expect("spec").architecture == *name
        });
        assert!(has_one, "{name} has no model in tests/fixtures");
    }
}

#[test]
fn counted_bytes_are_those_of_the_chosen_experts() {
    for golden in goldens() {
        let mut session = open(&golden, &Device::Twins, 1);
        let pass = pollster::block_on(session.forward(&golden.tokens[..1], 1)).expect("forward");
        let cost = &pass.traces[0].cost;
        let file =
            pollster::block_on(Gguf::read(&FileSource::open(&golden.gguf).expect("fixture"))).expect("gguf");
        let spec = Spec::read(&file).expect("spec");
        let bytes_of = |wanted: &dyn Fn(&str) -> bool| -> u64 {
            file.tensors
                .iter()
                .filter(|tensor| spec.meets(tensor) && wanted(&tensor.name))
                .map(|tensor| tensor.bytes())
                .sum()
        };
        let n_experts = u64::from(pass.traces[0].routing.n_experts);
        let top_k = u64::from(pass.traces[0].routing.top_k);
        let experts = bytes_of(&|name| name.contains("_exps.")) / n_experts * top_k;
        let every_token = bytes_of(&|name| is_feed_forward_of_every_token(name));
        // The norm of a dense layer is its own step; a sparse layer's is part of the router.
        let is_dense = |name: &str| name.ends_with(".ffn_down.weight");
        let dense_layers = file
            .tensors
            .iter()
            .filter(|tensor| is_dense(&tensor.name))
            .count() as u64;
        let norm = 4 * file.tensor("token_embd.weight").expect("embedding").cols();
        assert_eq!(
            cost.groups[3].weight_bytes,
            experts + every_token + dense_layers * norm,
            "{}",
            golden.name
        );
        let dense = bytes_of(&|name| is_read_by_every_token(name));
        let embedding = file.tensor("token_embd.weight").expect("embedding");
        let head = if file.tensor("output.weight").is_some() {
            0
        } else {
            embedding.bytes()
        };
        let row = embedding.bytes() / embedding.rows();
        assert_eq!(
            cost.total().weight_bytes,
            experts + dense + head + row,
            "{}",
            golden.name
        );
        let one = Batch {
            n_tokens: 1,
            n_logits: 1,
            ..Batch::default()
        };
        let n_steps = session.plan().active_steps(one).count();
        assert_eq!(cost.dispatches as usize, n_steps);
        let layers = session.plan().kv_layers.len();
        assert!((n_steps - 3) / layers <= 14, "at most 14 dispatches per layer");
    }
}

/// Where the table below is kept; `MOESCOPE_BLESS=1` writes it anew.
const TABLE: &str = "GOLDENS.md";

/// A line of the table: how far each executor is from the oracle.
fn table_line(golden: &Golden, devices: &[(String, Device)]) -> String {
    let source = FileSource::open(&golden.gguf).expect("fixture");
    let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
    let spec = Spec::read(&gguf).expect("spec");
    let mut formats: Vec<String> = gguf
        .tensors
        .iter()
        .map(|tensor| tensor.format.to_string())
        .collect();
    formats.sort_unstable();
    formats.dedup();
    let mut cells = vec![
        golden.name.clone(),
        spec.architecture,
        formats.join(", "),
        golden.oracle.into(),
    ];
    for (_, device) in devices {
        let (logits, _) = run(golden, device, 32);
        let (worst, range) = worst_and_range(&logits, golden);
        cells.push(format!("{:.1e}", worst / range));
    }
    cells.push(
        golden
            .llama_cpp
            .as_f64()
            .map_or("–".into(), |share| format!("{share:.1e}")),
    );
    format!("| {} |\n", cells.join(" | "))
}

#[test]
fn the_table_of_goldens_lists_every_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let goldens = goldens();
    if std::env::var_os("MOESCOPE_BLESS").is_some() {
        let devices = devices::all();
        let names: Vec<&str> = devices.iter().map(|(name, _)| name.as_str()).collect();
        let mut table = format!(
            "# Logits against outside oracles\n\n\
             Largest difference as a share of the logits' range, on random-weight models of true architecture \
             (`fixtures/`), in passes of 32 tokens with an f32 KV cache; allowed are {LOGIT_TOLERANCE}, the same \
             most probable token everywhere, and the same experts. Quantized files against the same weights \
             dequantized. The last column is llama.cpp against transformers on the same file: \
             phimoe differs by design there (see `engine/src/arch/phimoe.rs`).\n\n\
             Written by `MOESCOPE_BLESS=1 cargo test --test golden`.\n\n\
             | model | architecture | formats | oracle | {} | llama.cpp |\n|---|---|---|---|{}---|\n",
            names.join(" | "),
            "---|".repeat(names.len()),
        );
        goldens
            .iter()
            .for_each(|golden| table += &table_line(golden, &devices));
        std::fs::write(&path, table).expect("the table is written");
    }
    let table = std::fs::read_to_string(&path).unwrap_or_default();
    for golden in &goldens {
        let line = format!("| {} |", golden.name);
        assert!(
            table.contains(&line),
            "{TABLE} lacks {}: run with MOESCOPE_BLESS=1",
            golden.name
        );
    }
}
