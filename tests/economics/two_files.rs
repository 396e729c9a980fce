//! Two quantizations of one model held against each other: the answer is the one that its definition
//! gives over the exact twins.

use moescope_engine::compare::{CompareError, Comparison, Position};
use moescope_engine::session::{Device, SessionOptions};
use moescope_engine::source::MemorySource;
use moescope_engine::{Error, KvFormat, Model, Session};
use moescope_tests::requantized::in_q4_0;

const PROMPT: &str = "What is 27 + 58? Ones: 7 + 8 = 15, write 5, carry 1.";
const BATCH: u32 = 16;

fn files() -> [MemorySource; 2] {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/models/moescope-demo.gguf");
    let file = std::fs::read(path).expect("the demo model");
    let rounded = in_q4_0(&file);
    [MemorySource(file), MemorySource(rounded)]
}

fn session(source: &MemorySource, device: &Device) -> (Model, Session) {
    let model = pollster::block_on(Model::open(source)).expect("a model");
    let options = SessionOptions {
        context: 64,
        batch: BATCH,
        logit_rows: BATCH,
        kv: KvFormat::F32,
        ..SessionOptions::default()
    };
    let mut quiet = |_, _| {};
    let session = Session::open(&model.spec, source, device, options, &mut quiet);
    let session = pollster::block_on(session).expect("a session");
    (model, session)
}

fn compared(device: &Device) -> (Vec<Position>, f64) {
    let [reference, other] = files();
    let ((model, mut p), (_, mut q)) = (session(&reference, device), session(&other, device));
    let tokens = model.tokenizer.encode(PROMPT, true).expect("tokens");
    let mut comparison = Comparison::new(&mut p, &mut q, &tokens);
    let mut positions = Vec::new();
    while let Some(batch) = pollster::block_on(comparison.step()).expect("both run") {
        positions.extend(batch);
    }
    let means = comparison.means();
    assert_eq!(means.positions as usize, tokens.len());
    (positions, means.divergence_bits)
}

/// Σ_v p(v)·log₂(p(v) / q(v)) and both first choices, from logits alone.
fn defined(p: &[f32], q: &[f32]) -> (f64, usize, usize) {
    let softmax = |logits: &[f32]| -> Vec<f64> {
        let most = logits.iter().copied().fold(f32::MIN, f32::max);
        let powers: Vec<f64> = logits.iter().map(|logit| f64::from(logit - most).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().map(|power| power / sum).collect()
    };
    let first = |logits: &[f32]| {
        let most = logits.iter().copied().fold(f32::MIN, f32::max);
        logits
            .iter()
            .position(|logit| *logit == most)
            .expect("there is one")
    };
    let (shares_p, shares_q) = (softmax(p), softmax(q));
    let pairs = shares_p.iter().zip(&shares_q);
    let bits = pairs
        .map(|(p, q)| if *p > 0.0 { p * (p / q).log2() } else { 0.0 })
        .sum();
    (bits, first(p), first(q))
}

#[test]
fn two_quantizations_are_as_far_apart_as_the_definition_says_of_the_twins_logits() {
    let [reference, other] = files();
    let logits = |source: &MemorySource| {
        let (model, mut session) = session(source, &Device::Twins);
        let tokens = model.tokenizer.encode(PROMPT, true).expect("tokens");
        let rows = tokens.chunks(BATCH as usize).flat_map(|batch| {
            pollster::block_on(session.forward(batch, batch.len() as u32))
                .expect("a pass")
                .logits
        });
        (rows.collect::<Vec<f32>>(), model.spec.vocab as usize)
    };
    let ((p, vocab), (q, _)) = (logits(&reference), logits(&other));
    let (positions, mean) = compared(&Device::Twins);
    let mut sum = 0.0;
    for (position, (p, q)) in positions.iter().zip(p.chunks(vocab).zip(q.chunks(vocab))) {
        let (bits, first_p, first_q) = defined(p, q);
        assert!(
            (position.divergence_bits - bits).abs() < 1e-9,
            "{position:?}: {bits}"
        );
        assert_eq!(
            (position.reference_choice as usize, position.choice as usize),
            (first_p, first_q)
        );
        assert_eq!(position.agrees(), first_p == first_q);
        sum += bits;
    }
    assert!((mean - sum / positions.len() as f64).abs() < 1e-9);
    assert!(mean > 1e-4, "experts in four bits are another model: {mean}");
}

#[test]
fn the_fast_kernels_tell_the_same_distance_as_the_twins() {
    let ((_, exact), (_, fast)) = (compared(&Device::Twins), compared(&Device::Cpu));
    // Activations rounded to bytes move both models alike.
    assert!(
        (fast / exact - 1.0).abs() < 0.25,
        "{fast} bits, {exact} by the twins"
    );
}

#[test]
fn models_of_different_vocabularies_are_not_compared() {
    use moescope_tests::random_model::{Architecture, Mix, Shape};
    let shape = Shape {
        architecture: Architecture::GraniteMoe,
        d_model: 64,
        n_layers: 1,
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 32,
        n_experts: 4,
        top_k: 2,
        d_expert: 32,
        vocab: 300,
        context: 64,
        is_tied: true,
    };
    let other = MemorySource(shape.file("other", Mix::Q8_0, 1).bytes());
    let [reference, _] = files();
    let ((_, mut p), (_, mut q)) = (session(&reference, &Device::Cpu), session(&other, &Device::Cpu));
    let mut comparison = Comparison::new(&mut p, &mut q, &[1, 2, 3]);
    let refused = pollster::block_on(comparison.step()).expect_err("they are no versions of one model");
    assert!(
        matches!(
            refused,
            Error::Compare(CompareError::Vocabulary { other: 300, .. })
        ),
        "{refused}"
    );
}
