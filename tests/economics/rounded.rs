//! Experts rounded to fewer bits: what changes in the bytes, and in the predictions of the demo model.

use moescope_engine::compare::{Compared, compare};
use moescope_engine::rounded::{RoundError, Rounded};
use moescope_engine::session::{Device, SessionOptions};
use moescope_engine::source::{ByteSource, FileSource, MemorySource};
use moescope_engine::{Model, Session};

const BATCH: u32 = 16;

fn demo() -> (FileSource, Model) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/models/moescope-demo.gguf");
    let source = FileSource::open(std::path::Path::new(path)).expect("the demo model");
    let model = pollster::block_on(Model::open(&source)).expect("a model");
    (source, model)
}

fn open(source: &impl ByteSource, model: &Model) -> Session {
    let options = SessionOptions {
        context: 64,
        batch: BATCH,
        logit_rows: BATCH,
        ..SessionOptions::default()
    };
    pollster::block_on(Session::open(
        &model.spec,
        source,
        &Device::Cpu,
        options,
        &mut |_, _| {},
    ))
    .expect("a session")
}

/// Tokens of no meaning in particular: what counts is that both see the same.
fn tokens(model: &Model) -> Vec<u32> {
    (0..40).map(|token| (token * 37 + 5) % model.spec.vocab).collect()
}

fn at(bits: u8) -> Compared {
    let (source, model) = demo();
    let rounded = Rounded::experts(&source, &model.spec, bits).expect("its format can be rounded");
    let (mut reference, mut other) = (open(&source, &model), open(&rounded, &model));
    pollster::block_on(compare(&mut reference, &mut other, &tokens(&model))).expect("both run")
}

#[test]
fn fewer_bits_are_further_from_the_reference() {
    let [eight, four, two] = [8, 4, 2].map(at);
    assert_eq!(eight.positions, 40);
    assert!(eight.divergence_bits < 1e-3, "{eight:?}");
    assert!(eight.divergence_bits < four.divergence_bits, "{eight:?} {four:?}");
    assert!(four.divergence_bits < two.divergence_bits, "{four:?} {two:?}");
    assert!(eight.agreement >= two.agreement && eight.agreement > 0.95);
    assert_eq!(eight.reference_perplexity, two.reference_perplexity);
}

#[test]
fn a_model_is_no_distance_from_itself() {
    let (source, model) = demo();
    let (mut one, mut other) = (open(&source, &model), open(&source, &model));
    let same = pollster::block_on(compare(&mut one, &mut other, &tokens(&model))).expect("both run");
    assert_eq!((same.divergence_bits, same.agreement), (0.0, 1.0));
    assert_eq!(same.perplexity, same.reference_perplexity);
}

#[test]
fn only_experts_change_wherever_a_read_begins() {
    let (source, model) = demo();
    let rounded = Rounded::experts(&source, &model.spec, 3).expect("its format can be rounded");
    let read = |range| pollster::block_on(rounded.read(range)).expect("bytes");
    let whole = read(0..source.length());
    let plain = pollster::block_on(source.read(0..source.length())).expect("bytes");
    for tensor in &model.gguf.tensors {
        let range = tensor.range.start as usize..tensor.range.end as usize;
        let is_expert = tensor.name.contains("_exps");
        assert_eq!(whole[range.clone()] != plain[range], is_expert, "{}", tensor.name);
    }
    // A piece that begins and ends within blocks is the same piece of the whole.
    for start in [0, 12_345, 1_000_001, source.length() - 777] {
        let end = (start + 54_321).min(source.length());
        assert_eq!(
            read(start..end),
            whole[start as usize..end as usize],
            "from {start}"
        );
    }
}

#[test]
fn absurd_bits_are_refused() {
    let (source, model) = demo();
    for bits in [0, 1, 9, 255] {
        let refused = Rounded::experts(&source, &model.spec, bits).err();
        assert_eq!(refused, Some(RoundError::Bits { bits }));
    }
}

/// The demo model with its experts in Q4_0, which no rounding keeps.
fn in_four_bits() -> (MemorySource, Model) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/models/moescope-demo.gguf");
    let file = std::fs::read(path).expect("the demo model");
    let source = MemorySource(moescope_tests::requantized::in_q4_0(&file));
    let model = pollster::block_on(Model::open(&source)).expect("a model");
    (source, model)
}

#[test]
fn experts_of_any_format_are_decoded_and_rounded() {
    let (source, model) = in_four_bits();
    let at = |bits: u8| {
        let rounded = Rounded::experts(&source, &model.spec, bits).expect("any format can be rounded");
        let options = SessionOptions {
            context: 64,
            batch: BATCH,
            logit_rows: BATCH,
            ..SessionOptions::default()
        };
        let mut quiet = |_, _| {};
        let other = Session::open(rounded.spec(), &rounded, &Device::Cpu, options, &mut quiet);
        let mut other = pollster::block_on(other).expect("a session");
        let mut reference = open(&source, &model);
        pollster::block_on(compare(&mut reference, &mut other, &tokens(&model))).expect("both run")
    };
    let [eight, four, two] = [8, 4, 2].map(at);
    assert!(eight.divergence_bits < 5e-3, "{eight:?}");
    assert!(eight.divergence_bits < four.divergence_bits, "{eight:?} {four:?}");
    assert!(four.divergence_bits < two.divergence_bits, "{four:?} {two:?}");
}

#[test]
fn what_is_decoded_is_the_nearest_step_of_each_weight_wherever_a_read_begins() {
    use moescope_engine::quant::Format;
    let (source, model) = in_four_bits();
    let rounded = Rounded::experts(&source, &model.spec, 3).expect("any format can be rounded");
    let experts = |spec: &moescope_engine::arch::Spec| {
        let moe = spec.blocks.iter().find_map(|block| match block {
            moescope_engine::blocks::Block::MoeFfn(moe) => Some(moe.down.clone()),
            _ => None,
        });
        moe.expect("it has experts")
    };
    let (before, after) = (experts(&model.spec), experts(rounded.spec()));
    assert_eq!((before.format, after.format), (Format::Q4_0, Format::Q8_0));
    let read = |range| pollster::block_on(rounded.read(range)).expect("bytes");
    let (whole, plain) = (
        read(after.range.clone()),
        pollster::block_on(source.read(before.range.clone())).expect("bytes"),
    );
    let decode = |format: Format, bytes: &[u8]| {
        let mut weights = vec![0.0; before.elements() as usize];
        format.to_f32(bytes, &mut weights);
        weights
    };
    let (exact, near) = (decode(Format::Q4_0, &plain), decode(Format::Q8_0, &whole));
    for (exact, near) in exact.chunks(32).zip(near.chunks(32)) {
        let most = exact.iter().map(|weight| weight.abs()).fold(0.0, f32::max);
        let step = most / 3.0;
        for (exact, near) in exact.iter().zip(near) {
            // Half a step, and what the scale loses in 16 bits.
            assert!(
                (exact - near).abs() <= step * 0.5 + most * 2e-3,
                "{exact} became {near}, steps of {step}"
            );
        }
    }
    for (from, to) in [
        (0, 1),
        (33, 35),
        (1000, 5001),
        (
            after.range.end - after.range.start - 7,
            after.range.end - after.range.start,
        ),
    ] {
        let piece = read(after.range.start + from..after.range.start + to);
        assert_eq!(piece, whole[from as usize..to as usize], "{from}..{to}");
    }
}
