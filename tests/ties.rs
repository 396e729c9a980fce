//! Two devices choose other experts only where the choice was nearly a tie: how near is measured
//! here, and what the page calls a tie (`select::TIE_MARGIN`) is held to it.

use std::collections::BTreeSet;

use moescope_app::state::select::TIE_MARGIN;
use moescope_engine::session::Device;
use moescope_engine::source::Parts;
use moescope_engine::{Model, Session, SessionOptions, TokenTrace};
use moescope_tests::{devices, native};

/// A story, sums and a table, as the demo model knows them.
const TEXT: &str = "Once there was a girl. Lucy saw a book and took it to the shop. What is 27 + 58? Ones: 7 + 8 = 15, \
    write 5, carry 1. Tens: 2 + 5 + 1 = 8. So 27 + 58 = 85. name,age\nRosa,31\nTom,7\n{\"name\": \"Rosa\", \"age\": 31}";

fn traces(device: &Device) -> Vec<TokenTrace> {
    let source = Parts::open(native::demo_model()).expect("the model is there");
    let model = pollster::block_on(Model::open(&source)).expect("the model is understood");
    let options = SessionOptions::default();
    let mut progress = |_, _| {};
    let session = Session::open(&model.spec, &source, device, options, &mut progress);
    let mut session = pollster::block_on(session).expect("the model loads");
    let tokens = model.tokenizer.encode(TEXT, true).expect("the text tokenizes");
    let mut traces = Vec::new();
    for chunk in tokens.chunks(session.batch_tokens()) {
        let pass = pollster::block_on(session.forward(chunk, 1)).expect("forward");
        traces.extend(pass.traces);
    }
    traces
}

/// Least probability chosen less greatest rejected, in one layer.
fn margin(probs: &[f32], ids: &[u16]) -> f32 {
    let is_chosen = |expert: usize| ids.contains(&(expert as u16));
    let of = |chosen: bool| {
        let own = probs
            .iter()
            .enumerate()
            .filter(move |(expert, _)| is_chosen(*expert) == chosen);
        own.map(|(_, prob)| *prob)
    };
    of(true).fold(f32::INFINITY, f32::min) - of(false).fold(0.0, f32::max)
}

#[test]
fn another_device_chooses_otherwise_only_within_the_tie_margin() {
    let exact = traces(&Device::Twins);
    let mut others = devices::all().split_off(1);
    // It rounds activations to bytes, as some GPUs' fast paths do.
    others.push(("cpu, rounded activations".to_owned(), Device::Cpu));
    let mut n_flips = 0;
    for (name, device) in &others {
        let (mut widest, mut greatest) = (0.0_f32, 0.0_f32);
        for (here, there) in exact.iter().zip(&traces(device)) {
            let (here, there) = (&here.routing, &there.routing);
            let (experts, top_k) = (here.n_experts as usize, here.top_k as usize);
            let choices = here.ids.chunks(top_k).zip(there.ids.chunks(top_k));
            let probs = here.probs.chunks(experts).zip(there.probs.chunks(experts));
            for ((ids, others), (probs, other_probs)) in choices.zip(probs) {
                let differences = probs.iter().zip(other_probs).map(|(a, b)| (a - b).abs());
                greatest = differences.fold(greatest, f32::max);
                let (mine, theirs): (BTreeSet<_>, BTreeSet<_>) =
                    (ids.iter().collect(), others.iter().collect());
                if mine != theirs {
                    n_flips += 1;
                    widest = widest.max(margin(probs, ids));
                }
            }
        }
        println!(
            "{name}: probabilities differ by at most {greatest:.2e}; choices differ at margins up to {widest:.2e}"
        );
        assert!(
            widest <= TIE_MARGIN,
            "{name}: a choice of margin {widest} fell otherwise"
        );
    }
    assert!(n_flips > 0, "no choice fell otherwise, so nothing was shown");
}
