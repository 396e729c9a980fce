//! The demo model run natively on the CPU executor: what the page has to agree with.

use std::path::{Path, PathBuf};

use moescope_engine::chat::Message;
use moescope_engine::generate::Outcome;
use moescope_engine::sampler::SamplerOptions;
use moescope_engine::session::Device;
use moescope_engine::source::Parts;
use moescope_engine::{Generation, GenerationOptions, Model, Session, SessionOptions, TokenTrace};

/// A greedy answer and what each position did.
#[derive(Clone, Debug)]
pub struct Run {
    pub prompt_tokens: usize,
    pub tokens: Vec<u32>,
    pub seen: Vec<Seen>,
}

/// What one position did, free of the engine's shared pointers.
#[derive(Clone, Debug)]
pub struct Seen {
    pub position: u32,
    pub top_k: usize,
    /// `(moe_layers)`
    pub layers: Vec<u32>,
    /// `(moe_layers, top_k)`
    pub ids: Vec<u16>,
    /// `(moe_layers, top_k)`
    pub weights: Vec<f32>,
    pub kv_positions: u32,
    pub kv_held_bytes: u64,
    pub kv_read_bytes: u64,
    pub kv_growth_bytes: u64,
    pub weight_bytes: u64,
    pub operations: u64,
}

/// The model that comes with the page.
pub fn demo_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/models/moescope-demo.gguf")
}

/// Answers `prompt` as a user's first turn, greedily and past the end of the turn.
pub fn answer(prompt: &str, max_tokens: u32) -> Run {
    answer_of(&demo_model(), &Device::Cpu, prompt, max_tokens)
}

/// The same of another model, wherever it runs.
pub fn answer_of(file: &Path, device: &Device, prompt: &str, max_tokens: u32) -> Run {
    let source = Parts::open(file).expect("the model is there");
    let model = pollster::block_on(Model::open(&source)).expect("the model is understood");
    let options = SessionOptions::default();
    let mut silent = |_, _| {};
    let session = Session::open(&model.spec, &source, device, options, &mut silent);
    let mut session = pollster::block_on(session).expect("the model loads");
    let message = Message {
        role: "user".into(),
        content: prompt.into(),
    };
    let rendered = model.chat.render(&[message], true).expect("the template renders");
    let prompt = model
        .tokenizer
        .encode(&rendered.text, true)
        .expect("the prompt tokenizes");
    let prompt_tokens = prompt.len();
    let sampler = SamplerOptions {
        temperature: 0.0,
        ..SamplerOptions::default()
    };
    let options = GenerationOptions {
        sampler,
        max_tokens,
        ignore_eos: true,
        cache_prompt: false,
    };
    let mut generation = Generation::start(&mut session, prompt, options).expect("the prompt fits");
    let mut run = Run {
        prompt_tokens,
        tokens: Vec::new(),
        seen: Vec::new(),
    };
    loop {
        let step = pollster::block_on(generation.step(&model.tokenizer, &mut session)).expect("a step runs");
        run.seen.extend(step.traces.iter().map(Seen::of));
        match step.outcome {
            Outcome::Prefilling { .. } => {}
            Outcome::Token(token) => run.tokens.push(token.token),
            Outcome::Finished(_) => return run,
        }
    }
}

impl Seen {
    fn of(trace: &TokenTrace) -> Self {
        let (routing, kv, work) = (&trace.routing, &trace.kv, trace.cost.total());
        Self {
            position: trace.position,
            top_k: routing.top_k as usize,
            layers: routing.layers.to_vec(),
            ids: routing.ids.clone(),
            weights: routing.weights.clone(),
            kv_positions: kv.positions,
            kv_held_bytes: kv.held_bytes.iter().sum(),
            kv_read_bytes: kv.read_bytes.iter().sum(),
            kv_growth_bytes: kv.bytes_per_position,
            weight_bytes: work.weight_bytes,
            operations: work.operations,
        }
    }
}
