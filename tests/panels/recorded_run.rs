//! A short recorded run for tests of the page: two MoE layers of four experts, top 2.

use moescope_app::protocol::{
    CacheFacts, Envelope, Event, Executor, ExecutorFacts, Finish, GenerateOptions, GroupCost, KvLayerFacts,
    Likely, ModelFacts, Pass, Piece, PieceKind, Sampling, SizeFacts, Source,
};
use moescope_app::state::{Action, AppState, reduce};

/// Ids of the run's load and generation.
pub const LOAD_ID: u32 = 1;
pub const GENERATION_ID: u32 = 2;

/// Folds an action and drops the requests.
pub fn fold(state: AppState, action: Action) -> AppState {
    reduce(state, action).0
}

/// Folds events as one message of the worker.
pub fn receive(state: AppState, events: Vec<Event>) -> AppState {
    fold(state, Action::Received(Envelope::new(events)))
}

/// A page whose model has arrived.
pub fn loaded() -> AppState {
    let source = Source::Url("models/tiny.gguf".into());
    let asked = fold(
        AppState::default(),
        Action::LoadAsked {
            load_id: LOAD_ID,
            origin: "models/tiny.gguf".into(),
            source,
        },
    );
    receive(
        asked,
        vec![Event::Loaded {
            load_id: LOAD_ID,
            model: model(),
            executor: executor(),
        }],
    )
}

/// A page that has sent "Hi" and waits.
pub fn sent() -> AppState {
    fold(loaded(), send(GENERATION_ID, "Hi"))
}

/// The whole run: "Hi" answered by "Yo!", whose last token was never fed back.
pub fn finished() -> AppState {
    receive(sent(), events())
}

/// A prompt on its way.
pub fn send(generation_id: u32, prompt: &str) -> Action {
    let sampling = Sampling::default();
    let options = GenerateOptions {
        sampling,
        raw: false,
        fresh: false,
        ignore_eos: false,
        cache_prompt: true,
        replaces: None,
        branch: None,
    };
    Action::Sent {
        generation_id,
        prompt: prompt.into(),
        options,
        from_draft: true,
    }
}

fn likely(token: u32, text: &str, prob: f32) -> Likely {
    Likely {
        token,
        text: text.into(),
        prob,
    }
}

/// What the worker told of the run.
pub fn events() -> Vec<Event> {
    events_with(token_pass(2))
}

/// The same with another pass behind its last computed token.
#[allow(dead_code, reason = "not every test that includes this file needs it")]
pub fn events_with(last: Pass) -> Vec<Event> {
    let generation_id = GENERATION_ID;
    let piece = |token: u32, text: &str, is_template| Piece {
        token,
        text: text.into(),
        kind: if is_template {
            PieceKind::Template
        } else {
            PieceKind::Said
        },
    };
    let token = |position, piece, prob| Event::Token {
        generation_id,
        position,
        piece,
        prob,
        entropy_bits: 1.5,
        likeliest: vec![likely(12, "Yo", 0.5), likely(13, "Ho", 0.25)],
    };
    vec![
        Event::Started {
            generation_id,
            fresh: false,
            seed: 7,
            reused: 0,
            first_position: 0,
            pieces: vec![piece(1, "<|user|>", true), piece(10, "Hi", false)],
        },
        Event::Pass {
            generation_id,
            pass: prompt_pass(),
        },
        token(2, piece(20, "Yo", false), 0.75),
        Event::Pass {
            generation_id,
            pass: last,
        },
        token(3, piece(21, "!", false), 0.5),
        Event::Finished {
            generation_id,
            finish: Finish::MaxTokens,
        },
    ]
}

pub fn model() -> ModelFacts {
    ModelFacts {
        name: "tiny".into(),
        architecture: "qwen3moe".into(),
        file_bytes: 5_120_000,
        quantization: "Q4_0".into(),
        licence: None,
        parameters: 12_300_000,
        active_parameters: 4_500_000,
        n_layers: 2,
        moe_layers: vec![0, 1],
        n_experts: 4,
        top_k: 2,
        d_model: 8,
        n_vocab: 64,
        context: 16,
        has_chat: true,
        kv_layers: (0..2).map(kv_layer).collect(),
        sizes: sizes(),
    }
}

/// Two layers of four experts: 2 300 000 + 500 000 + 8 · 1 187 500 parameters.
fn sizes() -> SizeFacts {
    let cache = |window| CacheFacts::KeyValue {
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 4,
        window,
    };
    SizeFacts {
        always: 2_300_000,
        embedding: 500_000,
        per_expert: 1_187_500,
        always_bytes_each: 0.5625,
        expert_bytes_each: 0.5625,
        caches: vec![cache(None), cache(Some(8))],
    }
}

fn kv_layer(layer: u32) -> KvLayerFacts {
    KvLayerFacts {
        layer,
        kind: ["full", "window of 8"][layer as usize].into(),
        reserved_bytes: 512 / u64::from(layer + 1),
    }
}

fn executor() -> ExecutorFacts {
    ExecutorFacts {
        executor: Executor::Cpu,
        device: "CPU".into(),
        is_software: false,
        has_timestamps: true,
        clock_micros: 100.0,
        wasm_bytes: 40 << 20,
        reason: "no WebGPU adapter is available here".into(),
    }
}

/// Positions 0 and 1, computed together.
fn prompt_pass() -> Pass {
    Pass {
        positions: 2,
        ids: [TOKEN_IDS, TOKEN_IDS].concat(),
        weights: [TOKEN_WEIGHTS, TOKEN_WEIGHTS].concat(),
        probs: [TOKEN_PROBS, TOKEN_PROBS].concat(),
        kv_held_bytes: vec![32, 32, 64, 64],
        kv_read_bytes: vec![32, 32, 64, 64],
        batch_tokens: 2,
        ..token_pass(0)
    }
}

const TOKEN_IDS: [u16; 4] = [2, 0, 1, 3];
const TOKEN_WEIGHTS: [f32; 4] = [0.75, 0.25, 0.625, 0.375];
const TOKEN_PROBS: [f32; 8] = [0.25, 0.0, 0.75, 0.0, 0.125, 0.5, 0.125, 0.25];

/// One decoded position.
pub fn token_pass(position: u32) -> Pass {
    let held = 32 * u64::from(position + 1);
    Pass {
        first_position: position,
        positions: 1,
        ids: TOKEN_IDS.to_vec(),
        weights: TOKEN_WEIGHTS.to_vec(),
        probs: TOKEN_PROBS.to_vec(),
        router_bits: Vec::new(),
        router_margins: Vec::new(),
        kv_held_bytes: vec![held; 2],
        kv_read_bytes: vec![held; 2],
        kv_capacity: 16,
        kv_reserved_bytes: 1024,
        kv_bytes_per_position: 64,
        batch_tokens: 1,
        wall_micros: 2000.0,
        dispatches: 24,
        groups: vec![group("attention", 500.0, 4_000), group("experts", 1000.0, 16_000)],
    }
}

fn group(name: &str, micros: f64, weight_bytes: u64) -> GroupCost {
    GroupCost {
        name: name.into(),
        micros: Some(micros),
        weight_bytes,
        kv_read_bytes: 96,
        kv_write_bytes: 32,
        operations: 2 * weight_bytes,
    }
}
