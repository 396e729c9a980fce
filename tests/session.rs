//! Sessions over many positions: layers that keep only what is seen, and going back in them.

use std::path::Path;

use moescope_engine::arch::Spec;
use moescope_engine::gguf::Gguf;
use moescope_engine::kernels::Batch;
use moescope_engine::session::{Device, Session, SessionOptions};
use moescope_engine::source::FileSource;
use moescope_engine::{KvFormat, TokenId};
use moescope_tests::devices;
use moescope_tests::rng::Rng;

const CONTEXT: u32 = 512;
const N_TOKENS: usize = 400;
const VOCAB: u32 = 131;
/// f32 sums in another order, through three layers.
const TOLERANCE: f32 = 1e-4;
/// What the engine keeps beyond a layer's reach.
const REWIND: u32 = 256;
/// gpt-oss.gguf: layers 0 and 2 see 9 positions.
const WINDOW: u32 = 9;

fn open(file: &str, device: &Device, batch: u32) -> Session {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/architectures")
        .join(file);
    let source = FileSource::open(&path).expect("fixture");
    let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
    let spec = Spec::read(&gguf).expect("spec");
    let options = SessionOptions {
        context: CONTEXT,
        batch,
        logit_rows: 1,
        kv: KvFormat::F32,
        ..SessionOptions::default()
    };
    pollster::block_on(Session::open(&spec, &source, device, options, &mut |_, _| {})).expect("session")
}

fn tokens() -> Vec<TokenId> {
    let mut rng = Rng::new(7);
    (0..N_TOKENS).map(|_| rng.below(VOCAB)).collect()
}

/// Logits after the last of `tokens`.
fn run(session: &mut Session, tokens: &[TokenId]) -> Vec<f32> {
    let batch = session.batch_tokens();
    let passes = tokens.chunks(batch).map(|chunk| {
        pollster::block_on(session.forward(chunk, 1))
            .expect("forward")
            .logits
    });
    passes.last().unwrap_or_default()
}

fn assert_same(name: &str, got: &[f32], expected: &[f32]) {
    let worst = got
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert_eq!(got.len(), expected.len(), "{name}");
    assert!(worst <= TOLERANCE, "{name}: {worst}");
}

#[test]
fn a_cache_that_forgets_what_is_not_seen_gives_the_same_logits() {
    let tokens = tokens();
    for file in ["gpt-oss.gguf", "lfm2moe.gguf"] {
        // In one pass nothing is forgotten.
        let whole = run(&mut open(file, &Device::Twins, CONTEXT), &tokens);
        for (name, device) in devices::all() {
            let mut session = open(file, &device, 7);
            let smallest = session.plan().kv_layers.iter().map(|layer| layer.rows).min();
            assert!(
                smallest < Some(N_TOKENS as u32),
                "{file}: {smallest:?} rows are never full"
            );
            assert_same(&format!("{file} on {name}"), &run(&mut session, &tokens), &whole);
        }
    }
}

#[test]
fn a_session_goes_back_as_far_as_its_layers_remember() {
    let tokens = tokens();
    for file in ["gpt-oss.gguf", "lfm2moe.gguf"] {
        let mut session = open(file, &Device::Twins, 7);
        let straight = run(&mut session, &tokens);
        let kept = session.truncate(300);
        assert_eq!(kept, 300, "{file}: 100 positions are remembered");
        assert_same(file, &run(&mut session, &tokens[300..]), &straight);
        assert_eq!(session.truncate(399), 399, "{file}");
        assert_eq!(session.truncate(100), 0, "{file}: 300 positions are not");
        assert_same(file, &run(&mut session, &tokens), &straight);
    }
    let mut full = open("olmoe.gguf", &Device::Twins, 7);
    run(&mut full, &tokens);
    assert_eq!(full.truncate(1), 1, "full attention remembers everything");
}

#[test]
fn the_trace_counts_what_a_window_holds_and_reads() {
    let mut session = open("gpt-oss.gguf", &Device::Twins, 7);
    run(&mut session, &tokens()[..N_TOKENS - 1]);
    let pass = pollster::block_on(session.forward(&[1], 1)).expect("forward");
    let kv = &pass.traces[0].kv;
    // Keys and values of two heads of 16, single floats.
    let row = 2 * 2 * 16 * 4;
    let window_rows = u64::from(WINDOW + 7 + REWIND);
    let all = N_TOKENS as u64;
    assert_eq!(kv.held_bytes, [row * window_rows, row * all, row * window_rows]);
    assert_eq!(
        kv.read_bytes,
        [row * u64::from(WINDOW), row * all, row * u64::from(WINDOW)]
    );
    assert_eq!(kv.bytes_per_position, row, "only one layer still grows");
    assert_eq!(kv.reserved_bytes, row * (2 * window_rows + u64::from(CONTEXT)));
}

#[test]
fn a_fork_goes_its_own_way_from_the_same_tokens() {
    let tokens = tokens();
    let (common, [left, right]) = (&tokens[..40], [&tokens[40..60], &tokens[60..80]]);
    for file in ["gpt-oss.gguf", "lfm2moe.gguf", "deepseek2-v3.gguf"] {
        for (name, device) in devices::all() {
            let name = format!("{file} on {name}");
            let straight = |rest: &[TokenId]| {
                let mut session = open(file, &device, 7);
                run(&mut session, common);
                run(&mut session, rest)
            };
            let mut trunk = open(file, &device, 7);
            run(&mut trunk, common);
            let mut fork = pollster::block_on(trunk.fork()).expect("a fork");
            assert_eq!(fork.tokens(), common, "{name}");
            // In turns, so that one would spoil the other's cache.
            let first = run(&mut trunk, left);
            assert_same(&name, &run(&mut fork, right), &straight(right));
            assert_same(&name, &first, &straight(left));
            assert_eq!((trunk.tokens()[40], fork.tokens()[40]), (left[0], right[0]));
        }
    }
}

/// Passes of one token find each use of an expert for itself; those of 64 sort them.
#[test]
fn sorted_uses_of_experts_give_the_same_logits_and_the_same_bits_each_time() {
    let tokens = &tokens()[..64];
    for file in ["granitemoe.gguf", "gpt-oss-mxfp4.gguf", "deepseek2-v3.gguf"] {
        for (name, device) in devices::all() {
            let name = format!("{file} on {name}");
            let alone = run(&mut open(file, &device, 1), tokens);
            let mut session = open(file, &device, 64);
            let pass = pollster::block_on(session.forward(tokens, 1)).expect("forward");
            let batch = Batch {
                n_tokens: 64,
                n_logits: 1,
                by_expert: 1,
                ..Batch::default()
            };
            let n_steps = session.plan().active_steps(batch).count();
            assert_eq!(
                pass.traces[0].cost.dispatches as usize, n_steps,
                "{name}: not sorted"
            );
            assert_same(&name, &pass.logits, &alone);
            session.truncate(0);
            assert_eq!(run(&mut session, tokens), pass.logits, "{name}");
        }
    }
}
