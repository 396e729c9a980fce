//! Prompt to text, and optionally everything that was traced on the way.
//!
//! `cargo run --release -p moescope-engine --example generate -- MODEL.gguf "What is 27 + 58?"
//!  [--executor gpu|cpu] [--raw true] [--temperature 0] [--seed 1] [--max-tokens 200]
//!  [--ignore-eos true] [--kv f16|f32|q8_0] [--trace out.json] [--save RUN.safetensors [--examine true]]`
//!
//! `--save` writes the run as the page opens it (`run-file/FORMAT.md`); with `--examine` every token is looked at
//! closely afterwards, so that the file has its attention and the time of its steps.

use std::io::Write;

use moescope_engine::chat::Message;
use moescope_engine::generate::{Generation, GenerationOptions, Outcome};
use moescope_engine::sampler::SamplerOptions;
use moescope_engine::session::{Session, SessionOptions};
use moescope_engine::source::Parts;
use moescope_engine::{KvFormat, Model, StepGroup, TokenId, TokenTrace};
use serde_json::{Value, json};

#[path = "shared/cli.rs"]
mod cli;
#[path = "shared/record.rs"]
mod record;

const FLAGS: &[&str] = &[
    "executor",
    "threads",
    "raw",
    "temperature",
    "seed",
    "max-tokens",
    "ignore-eos",
    "kv",
    "trace",
    "context",
    "save",
    "examine",
];

/// How long the decode of a token is run again and again when it is looked at closely.
const EXAMINE_MICROS: f64 = 20_000.0;

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(FLAGS)?;
    let [path, prompt] = args.positional.as_slice() else {
        return Err("usage: generate MODEL.gguf \"PROMPT\"".into());
    };
    let options = SessionOptions {
        kv: args.kv(KvFormat::F16)?,
        context: args.value("context", 0)?,
        ..SessionOptions::default()
    };
    let source = Parts::open(path)?;
    let model = pollster::block_on(Model::open(&source))?;
    let device = args.device(&model.spec)?;
    let mut session = pollster::block_on(Session::open(
        &model.spec,
        &source,
        &device,
        options,
        &mut |_, _| {},
    ))?;
    let prompt_text = if args.value("raw", false)? {
        prompt.clone()
    } else {
        chat(&model, prompt)?
    };
    let prompt_ids = with_bos(&model, model.tokenizer.encode(&prompt_text, true)?);
    let options = GenerationOptions {
        sampler: SamplerOptions {
            temperature: args.value("temperature", 0.0)?,
            seed: args.value("seed", 1)?,
            ..SamplerOptions::default()
        },
        max_tokens: args.value("max-tokens", 200)?,
        ignore_eos: args.value("ignore-eos", false)?,
        cache_prompt: true,
    };
    let asked = record::Asked {
        typed: prompt,
        rendered: &prompt_text,
        raw: args.value("raw", false)?,
        sampler: &options.sampler.clone(),
        max_tokens: options.max_tokens,
    };
    let mut generation = Generation::start(&mut session, prompt_ids.clone(), options)?;
    let mut recorder = match args.text("save") {
        Some(_) => Some(record::Recorder::start(
            path,
            &model,
            &session,
            &device,
            &generation,
            &asked,
        )?),
        None => None,
    };
    let (mut traces, mut tokens, mut text) = (Vec::new(), Vec::new(), String::new());
    let finish = loop {
        let step = pollster::block_on(generation.step(&model.tokenizer, &mut session))?;
        if let Some(recorder) = &mut recorder {
            recorder.pass(&step.traces);
        }
        traces.extend(step.traces);
        match step.outcome {
            Outcome::Prefilling { .. } => {}
            Outcome::Token(token) => {
                if let Some(recorder) = &mut recorder {
                    recorder.token(&model, &token);
                }
                tokens.push(token.token);
                text += &token.text;
                print!("{}", token.text);
                std::io::stdout().flush()?;
            }
            Outcome::Finished(finish) => break finish,
        }
    };
    let tail = generation.rest_of_text();
    println!("{tail}");
    text += tail;
    report(
        &device.name(),
        prompt_ids.len(),
        &tokens,
        &traces,
        &format!("{finish:?}"),
    );
    if let Some((mut recorder, out)) = recorder.zip(args.text("save")) {
        for position in 0..examined(&session, args.value("examine", false)?) {
            let found = session.examine(&model.spec, position, EXAMINE_MICROS);
            recorder.examined(&pollster::block_on(found)?);
        }
        std::fs::write(out, recorder.finish(finish)?)?;
    }
    if let Some(out) = args.text("trace") {
        let run = json!({
            "model": model.spec.name,
            "device": device.name(),
            "prompt_tokens": prompt_ids,
            "tokens": tokens,
            "text": text,
            "finish": format!("{finish:?}"),
            "trace": traces.iter().map(trace_json).collect::<Vec<_>>(),
        });
        std::fs::write(out, serde_json::to_vec(&run)?)?;
    }
    Ok(())
}

/// How many positions are looked at closely: all, or none.
fn examined(session: &Session, is_asked: bool) -> u32 {
    if is_asked { session.position() } else { 0 }
}

/// The prompt as the user's first turn.
fn chat(model: &Model, prompt: &str) -> cli::Result<String> {
    let rendered = model.chat.render(
        &[Message {
            role: "user".into(),
            content: prompt.into(),
        }],
        true,
    )?;
    if let Some(note) = &rendered.note {
        eprintln!("note: {note}");
    }
    Ok(rendered.text)
}

/// The beginning-of-sequence token in front, where the model wants one and the text has none.
fn with_bos(model: &Model, mut tokens: Vec<TokenId>) -> Vec<TokenId> {
    if let Some(bos) = model.tokenizer.bos.filter(|_| model.tokenizer.add_bos)
        && tokens.first() != Some(&bos)
    {
        tokens.insert(0, bos);
    }
    tokens
}

fn report(device: &str, prompt_tokens: usize, tokens: &[u32], traces: &[TokenTrace], finish: &str) {
    let decode: Vec<&TokenTrace> = traces
        .iter()
        .filter(|trace| trace.cost.batch_tokens == 1)
        .collect();
    let micros: f64 = decode.iter().map(|trace| trace.cost.wall_micros).sum();
    let rate = decode.len() as f64 / micros * 1e6;
    let dispatches = decode.last().map_or(0, |trace| trace.cost.dispatches);
    eprintln!(
        "{device}: {prompt_tokens} prompt tokens, {} generated, {rate:.1} tokens/s at decode, {dispatches} dispatches per token, {finish}",
        tokens.len()
    );
}

fn trace_json(trace: &TokenTrace) -> Value {
    let (routing, kv, cost) = (&trace.routing, &trace.kv, &trace.cost);
    let named = |value: &dyn Fn(usize) -> Value| -> Value {
        StepGroup::ALL
            .iter()
            .enumerate()
            .map(|(index, group)| (group.name().to_owned(), value(index)))
            .collect()
    };
    let work = |index: usize| {
        let group = &cost.groups[index];
        json!({
            "weight_bytes": group.weight_bytes,
            "kv_read_bytes": group.kv_read_bytes,
            "kv_write_bytes": group.kv_write_bytes,
            "operations": group.operations,
        })
    };
    json!({
        "position": trace.position,
        "routing": {
            "layers": &routing.layers[..],
            "n_experts": routing.n_experts,
            "top_k": routing.top_k,
            "ids": routing.ids,
            "weights": routing.weights,
            "probs": routing.probs,
        },
        "kv": {
            "positions": kv.positions,
            "capacity": kv.capacity,
            "held_bytes": kv.held_bytes,
            "read_bytes": kv.read_bytes,
            "reserved_bytes": kv.reserved_bytes,
            "bytes_per_position": kv.bytes_per_position,
        },
        "cost": {
            "batch_tokens": cost.batch_tokens,
            "wall_micros": cost.wall_micros,
            "group_micros": cost.group_micros.map(|micros| named(&|index| json!(micros[index]))),
            "groups": named(&work),
            "dispatches": cost.dispatches,
        },
    })
}
