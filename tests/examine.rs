//! Looking closely at one token of a session: what it paid attention to, and what each step took.

use std::path::Path;

use moescope_engine::arch::Spec;
use moescope_engine::gguf::Gguf;
use moescope_engine::kernels::{Batch, Pass};
use moescope_engine::session::{Device, Examination, Session, SessionOptions};
use moescope_engine::source::FileSource;
use moescope_engine::{KvFormat, TokenId};
use moescope_tests::devices;
use moescope_tests::rng::Rng;

const CONTEXT: u32 = 512;
const VOCAB: u32 = 131;
/// f32 sums in another order, through a few layers.
const TOLERANCE: f32 = 1e-4;
/// gpt-oss.gguf: layers 0 and 2 see 9 positions, and every head has a sink.
const WINDOW: usize = 9;
const POSITION: u32 = 20;

fn open(file: &str, device: &Device) -> (Spec, Session) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/architectures")
        .join(file);
    let source = FileSource::open(&path).expect("fixture");
    let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
    let spec = Spec::read(&gguf).expect("spec");
    let options = SessionOptions {
        context: CONTEXT,
        kv: KvFormat::F32,
        ..SessionOptions::default()
    };
    let session = pollster::block_on(Session::open(&spec, &source, device, options, &mut |_, _| {}));
    (spec, session.expect("session"))
}

fn tokens(number: usize) -> Vec<TokenId> {
    let mut rng = Rng::new(7);
    (0..number).map(|_| rng.below(VOCAB)).collect()
}

fn run(session: &mut Session, tokens: &[TokenId]) -> Vec<f32> {
    let batch = session.batch_tokens();
    let passes = tokens
        .chunks(batch)
        .map(|chunk| pollster::block_on(session.forward(chunk, 1)).expect("forward"));
    passes.last().expect("there are tokens").logits
}

fn examine(session: &Session, spec: &Spec) -> Examination {
    pollster::block_on(session.examine(spec, POSITION, 0.0)).expect("it is examined")
}

/// On every executor, and alike on all of them.
fn examined(file: &str) -> Examination {
    let mut first: Option<Examination> = None;
    for (name, device) in devices::all() {
        let (spec, mut session) = open(file, &device);
        run(&mut session, &tokens(40));
        let found = examine(&session, &spec);
        let expected = first.get_or_insert_with(|| found.clone());
        assert_eq!(found.attention.len(), expected.attention.len(), "{name}");
        for ((layer, mass), (_, others)) in found.attention.iter().zip(&expected.attention) {
            let differences = mass.iter().zip(others).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0, f32::max);
            assert!(
                worst <= TOLERANCE,
                "{file} on {name}, layer {}: {worst} apart",
                layer.0
            );
        }
    }
    first.expect("there is an executor")
}

#[test]
fn all_attention_goes_to_positions_seen() {
    for file in ["granitemoe.gguf", "deepseek2-v3.gguf", "lfm2moe.gguf"] {
        let found = examined(file);
        assert!(!found.attention.is_empty(), "{file} attends");
        for (layer, mass) in &found.attention {
            assert_eq!(mass.len(), POSITION as usize + 1, "{file}");
            let sum: f32 = mass.iter().sum();
            assert!((sum - 1.0).abs() <= TOLERANCE, "{file}, layer {}: {sum}", layer.0);
        }
    }
}

#[test]
fn a_window_pays_nothing_to_what_it_does_not_see_and_sinks_take_a_share() {
    let found = examined("gpt-oss.gguf");
    for (layer, mass) in &found.attention {
        let sum: f32 = mass.iter().sum();
        assert!(
            sum < 1.0 - TOLERANCE,
            "layer {}: a sink took nothing of {sum}",
            layer.0
        );
        let unseen: f32 = mass[..=POSITION as usize - WINDOW].iter().sum();
        assert_eq!(unseen == 0.0, layer.0 != 1, "layer {}: {unseen}", layer.0);
    }
}

#[test]
fn every_step_is_there_once_and_together_they_are_the_pass() {
    let (spec, mut session) = open("granitemoe.gguf", &Device::Cpu);
    run(&mut session, &tokens(40));
    let found = examine(&session, &spec);
    let batch = Batch {
        n_tokens: 1,
        start: POSITION,
        n_logits: 1,
        ..Batch::default()
    };
    let stems: Vec<_> = session
        .plan()
        .active_steps(batch)
        .map(|(_, step)| step.kernel.stem())
        .collect();
    assert_eq!(
        found.steps.iter().map(|step| step.stem).collect::<Vec<_>>(),
        stems
    );
    let moe = &session.plan().moe;
    let distinct = vec![moe.top_k; moe.layers.len()];
    let whole = session.plan().work(Pass {
        batch,
        distinct_experts: &distinct,
    });
    let sum = |of: fn(&moescope_engine::trace::GroupWork) -> u64| {
        let steps: u64 = found.steps.iter().map(|step| of(&step.work)).sum();
        assert_eq!(steps, whole.iter().map(of).sum::<u64>());
    };
    sum(|work| work.weight_bytes);
    sum(|work| work.kv_read_bytes);
    sum(|work| work.operations);
    let micros: f64 = found
        .steps
        .iter()
        .map(|step| step.micros.expect("the CPU has a clock"))
        .sum();
    assert!(
        micros > 0.0 && micros <= found.wall_micros,
        "{micros} of {}",
        found.wall_micros
    );
}

#[test]
fn the_session_stays_as_it_is() {
    let (spec, mut looked_at) = open("gpt-oss.gguf", &Device::Twins);
    let (_, mut left_alone) = open("gpt-oss.gguf", &Device::Twins);
    let tokens = tokens(41);
    for session in [&mut looked_at, &mut left_alone] {
        run(session, &tokens[..40]);
    }
    examine(&looked_at, &spec);
    assert_eq!(looked_at.position(), 40);
    assert_eq!(
        run(&mut looked_at, &tokens[40..]),
        run(&mut left_alone, &tokens[40..])
    );
}

#[test]
fn what_is_not_held_any_more_cannot_be_examined() {
    let (spec, mut session) = open("gpt-oss.gguf", &Device::Cpu);
    run(&mut session, &tokens(400));
    for (position, told) in [(400, "positions are held"), (POSITION, "let go")] {
        let err = pollster::block_on(session.examine(&spec, position, 0.0)).expect_err("it is refused");
        assert!(err.to_string().contains(told), "{err}");
    }
}
