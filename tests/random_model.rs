//! The random-weight models of the benchmark are what they say: files our reader takes, with weights
//! of the deviation asked for, that give finite logits and use many experts.

use std::collections::BTreeSet;

use moescope_engine::gguf::Gguf;
use moescope_engine::quant::Format;
use moescope_engine::session::Device;
use moescope_engine::source::MemorySource;
use moescope_engine::{Model, Session, SessionOptions};
use moescope_tests::random_model::{Architecture, Mix, Shape};

const SMALL: Shape = Shape {
    architecture: Architecture::GraniteMoe,
    d_model: 256,
    n_layers: 3,
    n_heads: 4,
    n_kv_heads: 2,
    head_dim: 64,
    n_experts: 16,
    top_k: 4,
    d_expert: 96, // no multiple of 256, as in the benchmark's models
    vocab: 2000,
    context: 128,
    is_tied: true,
};
const SEED: u64 = 1;

fn source(shape: Shape, mix: Mix) -> MemorySource {
    MemorySource(shape.file("random", mix, SEED).bytes())
}

fn shapes() -> [Shape; 2] {
    let deep = Shape {
        architecture: Architecture::Qwen3Moe,
        n_experts: 32,
        is_tied: false,
        ..SMALL
    };
    [SMALL, deep]
}

#[test]
fn every_mix_is_read_and_gives_finite_logits_of_standard_deviation_about_one() {
    for shape in shapes() {
        for mix in Mix::ALL {
            let source = source(shape, mix);
            let model = pollster::block_on(Model::open(&source)).expect("the model is understood");
            let options = SessionOptions::default();
            let mut silent = |_, _| {};
            let session = Session::open(&model.spec, &source, &Device::Cpu, options, &mut silent);
            let mut session = pollster::block_on(session).expect("the model loads");
            let tokens: Vec<u32> = (300..332).collect();
            let pass = pollster::block_on(session.forward(&tokens, 1)).expect("a pass runs");
            let mean_square =
                pass.logits.iter().map(|logit| logit * logit).sum::<f32>() / pass.logits.len() as f32;
            assert!(
                (0.5..2.0).contains(&mean_square.sqrt()),
                "{shape:?} {mix:?}: {mean_square}"
            );
            let used: BTreeSet<u16> = pass
                .traces
                .iter()
                .flat_map(|trace| trace.routing.ids.clone())
                .collect();
            assert!(
                used.len() as u64 * 4 > shape.n_experts * 3,
                "{shape:?} {mix:?}: {used:?}"
            );
        }
    }
}

#[test]
fn weights_have_the_deviation_of_one_over_the_root_of_a_row() {
    for mix in Mix::ALL {
        let source = source(SMALL, mix);
        let gguf = pollster::block_on(Gguf::read(&source)).expect("a good file");
        for tensor in gguf.tensors.iter().filter(|tensor| tensor.dims.len() > 1) {
            let bytes = &source.0[tensor.range.start as usize..tensor.range.end as usize];
            let mut weights = vec![0.0; tensor.elements() as usize];
            tensor.format.to_f32(bytes, &mut weights);
            let n = weights.len() as f32;
            let mean = weights.iter().sum::<f32>() / n;
            let square = weights.iter().map(|weight| weight * weight).sum::<f32>() / n;
            let expected = 1.0 / (tensor.dims[0] as f32).sqrt();
            assert!(
                (square.sqrt() / expected - 1.0).abs() < 0.05,
                "{} {mix:?}: {square}",
                tensor.name
            );
            assert!(mean.abs() < 0.1 * expected, "{} {mix:?}: {mean}", tensor.name);
        }
    }
}

#[test]
fn a_mix_holds_the_formats_that_llama_cpp_would_choose() {
    let formats = |mix: Mix| -> BTreeSet<Format> {
        let gguf = pollster::block_on(Gguf::read(&source(SMALL, mix))).expect("a good file");
        gguf.tensors.iter().map(|tensor| tensor.format).collect()
    };
    assert_eq!(
        formats(Mix::Q4_0),
        [Format::F32, Format::Q4_0, Format::Q6_K].into()
    );
    assert_eq!(formats(Mix::Q8_0), [Format::F32, Format::Q8_0].into());
    assert_eq!(
        formats(Mix::Q4_K_M),
        [
            Format::F32,
            Format::Q4_K,
            Format::Q5_0,
            Format::Q6_K,
            Format::Q8_0
        ]
        .into()
    );
}

#[test]
fn a_spaced_pair_of_letters_is_one_token() {
    let model = pollster::block_on(Model::open(&source(SMALL, Mix::Q4_0))).expect("the model is understood");
    let tokens = model
        .tokenizer
        .encode(" ab zq xx the", false)
        .expect("the text tokenizes");
    assert_eq!(model.tokenizer.decode(&tokens[..3]), " ab zq xx");
}
