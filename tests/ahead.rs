//! Passes submitted ahead of what was read: on a device that chooses tokens itself, a text, its end and its
//! traces are exactly those of a session that waits for every pass.

use moescope_engine::chat::Message;
use moescope_engine::generate::{Finish, Outcome};
use moescope_engine::sampler::SamplerOptions;
use moescope_engine::session::Device;
use moescope_engine::source::Parts;
use moescope_engine::{Generation, GenerationOptions, Model, Session, SessionOptions, TokenId, TokenTrace};
use moescope_tests::{devices, native};

const PROMPT: &str = "What is 27 + 58?";
const GREEDY: SamplerOptions = SamplerOptions {
    temperature: 0.0,
    top_k: 40,
    top_p: 0.95,
    min_p: 0.05,
    repetition_penalty: 1.0,
    repetition_window: 64,
    seed: 5,
};
const DRAWN: SamplerOptions = SamplerOptions {
    temperature: 1.3,
    ..GREEDY
};

struct Loaded {
    model: Model,
    session: Session,
}

/// What a text was, and what it left behind.
#[derive(Debug, PartialEq)]
struct Text {
    tokens: Vec<TokenId>,
    finish: Option<Finish>,
    /// Position, experts, positions of the cache: of every trace.
    traces: Vec<(u32, Vec<u16>, u32)>,
    held: Vec<TokenId>,
}

fn load(device: &Device, context: u32) -> Loaded {
    let source = Parts::open(native::demo_model()).expect("the model is there");
    let model = pollster::block_on(Model::open(&source)).expect("the model is understood");
    let options = SessionOptions {
        context,
        batch: 8,
        ..SessionOptions::default()
    };
    let mut silent = |_, _| {};
    let session = Session::open(&model.spec, &source, device, options, &mut silent);
    let session = pollster::block_on(session).expect("the model loads");
    Loaded { model, session }
}

impl Loaded {
    fn waits(&mut self, waits: bool) {
        self.session
            .set_most_under_way(if waits { 1 } else { usize::MAX });
    }

    /// Generates, for at most so many steps.
    fn generate(&mut self, options: GenerationOptions, most_steps: usize) -> Text {
        let Self { model, session } = self;
        let message = Message {
            role: "user".into(),
            content: PROMPT.into(),
        };
        let rendered = model.chat.render(&[message], true).expect("the template renders");
        let prompt = model.tokenizer.encode(&rendered.text, true).expect("tokens");
        let mut generation = Generation::start(session, prompt, options).expect("a prompt that fits");
        let mut traces: Vec<TokenTrace> = Vec::new();
        let mut finish = None;
        for _ in 0..most_steps {
            let step = pollster::block_on(generation.step(&model.tokenizer, session)).expect("a step");
            traces.extend(step.traces);
            if let Outcome::Finished(why) = step.outcome {
                finish = Some(why);
                break;
            }
        }
        let seen = |trace: &TokenTrace| (trace.position, trace.routing.ids.clone(), trace.kv.positions);
        Text {
            tokens: generation.sequence().to_vec(),
            finish,
            traces: traces.iter().map(seen).collect(),
            held: session.tokens().to_vec(),
        }
    }
}

fn options(sampler: SamplerOptions, max_tokens: u32) -> GenerationOptions {
    GenerationOptions {
        sampler,
        max_tokens,
        ignore_eos: false,
        cache_prompt: false,
    }
}

fn gpus() -> Vec<(String, Device)> {
    let mut devices = devices::all();
    devices.retain(|(_, device)| matches!(device, Device::Gpu(_)));
    devices
}

/// Both ways on every GPU.
fn check(context: u32, options: &GenerationOptions, expected_finish: Finish) {
    for (name, device) in gpus() {
        let mut loaded = load(&device, context);
        assert!(loaded.session.most_under_way() > 1, "{name} runs ahead");
        let ahead = loaded.generate(options.clone(), usize::MAX);
        loaded.waits(true);
        let waiting = loaded.generate(options.clone(), usize::MAX);
        assert_eq!(ahead, waiting, "{name}: {options:?}");
        assert_eq!(ahead.finish, Some(expected_finish), "{name}");
        assert_eq!(
            ahead.traces.len(),
            ahead.held.len(),
            "{name}: a trace for every position held"
        );
        assert_eq!(loaded.session.under_way(), 0, "{name}");
    }
}

#[test]
fn a_greedy_text_and_its_end_are_the_same() {
    check(256, &options(GREEDY, 200), Finish::Stop);
}

#[test]
fn a_drawn_text_is_the_same() {
    let going_on = GenerationOptions {
        ignore_eos: true,
        ..options(DRAWN, 40)
    };
    check(256, &going_on, Finish::MaxTokens);
}

#[test]
fn settings_no_device_has_are_waited_for() {
    let penalized = SamplerOptions {
        repetition_penalty: 1.2,
        ..DRAWN
    };
    check(256, &options(penalized, 6), Finish::MaxTokens);
}

#[test]
fn a_full_context_ends_the_same() {
    let going_on = GenerationOptions {
        ignore_eos: true,
        ..options(GREEDY, 400)
    };
    check(32, &going_on, Finish::ContextFull);
}

#[test]
fn a_text_cut_off_leaves_what_was_computed_and_no_more() {
    for (name, device) in gpus() {
        let mut loaded = load(&device, 256);
        let whole = loaded.generate(options(GREEDY, 200), usize::MAX);
        let cut = loaded.generate(options(GREEDY, 200), 6);
        assert_eq!(cut.tokens, whole.tokens[..cut.tokens.len()], "{name}");
        assert_eq!(cut.held, whole.held[..cut.held.len()], "{name}");
        assert!(loaded.session.under_way() > 0, "{name}: passes were under way");
        // What was under way when it was cut off does not reach what comes next.
        assert_eq!(loaded.generate(options(GREEDY, 200), usize::MAX), whole, "{name}");
        let kept = GenerationOptions {
            cache_prompt: true,
            ..options(GREEDY, 200)
        };
        loaded.generate(options(GREEDY, 200), 6);
        let again = loaded.generate(kept, usize::MAX);
        assert_eq!(again.tokens, whole.tokens, "{name}: from what the cut left");
    }
}

#[test]
fn without_traces_the_text_is_the_same() {
    for (name, device) in devices::all() {
        let mut loaded = load(&device, 256);
        let traced = loaded.generate(options(GREEDY, 40), usize::MAX);
        loaded.session.set_traced(false);
        let untraced = loaded.generate(options(GREEDY, 40), usize::MAX);
        assert_eq!(untraced.tokens, traced.tokens, "{name}");
        assert!(untraced.traces.is_empty(), "{name}");
        loaded.session.set_traced(true);
        assert_eq!(loaded.generate(options(GREEDY, 40), usize::MAX), traced, "{name}");
    }
}

#[test]
fn a_fork_while_passes_are_under_way_goes_on_alone() {
    for (name, device) in gpus() {
        let mut loaded = load(&device, 256);
        let whole = loaded.generate(options(GREEDY, 200), usize::MAX);
        loaded.generate(options(GREEDY, 200), 6);
        let session = pollster::block_on(loaded.session.fork()).expect("a fork");
        let mut fork = Loaded {
            model: loaded.model,
            session,
        };
        let kept = GenerationOptions {
            cache_prompt: true,
            ..options(GREEDY, 200)
        };
        assert_eq!(fork.generate(kept, usize::MAX).tokens, whole.tokens, "{name}");
    }
}
