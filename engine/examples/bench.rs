//! Raw timings and counts of one model on one executor, as JSON, for `cargo xtask bench`.
//!
//! `cargo run --release -p moescope-engine --example bench -- MODEL.gguf [--executor gpu|cpu] [--threads N]
//!  [--prefill 128,512] [--decode 64] [--rounds 3] [--context N] [--batch N] [--kv f16|f32|q8_0]
//!  [--depths 128,512,2048]`
//!
//! Each round computes every prompt anew and decodes after it, greedily and past the end of the
//! turn, through the same [`Generation`] that the page runs. A round that warms up comes first and is
//! not told. With `--depths`, one long prompt is computed, and each depth tells what a batch of
//! prefill and a decoded token took there. `--print-prompt N` prints the prompt of N tokens.

use std::time::Instant;

use moescope_engine::generate::{Generation, GenerationOptions, Outcome};
use moescope_engine::sampler::SamplerOptions;
use moescope_engine::session::{Session, SessionOptions};
use moescope_engine::source::Parts;
use moescope_engine::{KvFormat, Model, TokenId};
use serde_json::{Value, json};

#[path = "shared/cli.rs"]
mod cli;
#[path = "shared/prompt.rs"]
mod prompt;
#[path = "shared/tally.rs"]
mod tally;

use tally::Tally;

const FLAGS: &[&str] = &[
    "executor",
    "threads",
    "prefill",
    "decode",
    "rounds",
    "context",
    "batch",
    "kv",
    "depths",
    "print-prompt",
];
/// Tokens of the prompt that warms up.
const WARM_UP_TOKENS: u32 = 8;
/// Tokens decoded at each depth.
const DEPTH_DECODE: u32 = 8;

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(FLAGS)?;
    let [path] = args.positional.as_slice() else {
        return Err("usage: bench MODEL.gguf".into());
    };
    let source = Parts::open(path)?;
    let model = pollster::block_on(Model::open(&source))?;
    if let Some(n_tokens) = args.text("print-prompt") {
        print!("{}", prompt::text(&model.tokenizer, n_tokens.parse()?)?);
        return Ok(());
    }
    let device = args.device(&model.spec)?;
    let options = SessionOptions {
        kv: args.kv(KvFormat::F16)?,
        context: args.value("context", 0)?,
        batch: args.value("batch", 0)?,
        ..SessionOptions::default()
    };
    let started = Instant::now();
    let mut silent = |_, _| {};
    let session = Session::open(&model.spec, &source, &device, options, &mut silent);
    let mut bench = Bench {
        session: pollster::block_on(session)?,
        model,
    };
    let load_ms = millis(started);
    let results = match args.text("depths") {
        Some(depths) => bench.depths(&numbers(depths)?)?,
        None => {
            let prefill = numbers(args.text("prefill").unwrap_or("128,512"))?;
            let (decode, rounds) = (args.value("decode", 64)?, args.value("rounds", 3)?);
            bench.rounds(&prefill, decode, rounds)?
        }
    };
    let plan = bench.session.plan();
    let report = json!({
        "model": bench.model.spec.name,
        "architecture": bench.model.spec.architecture,
        "device": device.name(),
        "is_software": device.is_software(),
        "batch": bench.session.batch_tokens(),
        "context": bench.session.capacity(),
        "load_ms": load_ms,
        "buffer_bytes": plan.buffers.iter().map(|buffer| buffer.bytes()).sum::<u64>()
            + plan.packs.iter().map(|pack| pack.gpu_bytes()).sum::<u64>(),
        "peak_resident_bytes": peak_resident_bytes(),
        "results": results,
    });
    println!("{report}");
    Ok(())
}

/// A loaded model.
struct Bench {
    model: Model,
    session: Session,
}

/// What one generation took.
struct Timed {
    first_token_ms: f64,
    /// From token to token. `(decoded)`
    decode_ms: Vec<f64>,
    prefill: Tally,
    decode: Tally,
}

impl Bench {
    /// `[{ prompt_tokens, decoded, rounds: [{ first_token_ms, decode_ms }], prefill, decode }]`, rounds
    /// of different prompts taking turns; the first also has `untraced_decode_ms` of every round.
    fn rounds(&mut self, prefill: &[u32], decode: u32, rounds: u32) -> cli::Result<Value> {
        let prompts: Vec<Vec<TokenId>> = prefill
            .iter()
            .map(|n_tokens| self.prompt(*n_tokens))
            .collect::<cli::Result<_>>()?;
        let mut timed: Vec<Vec<Timed>> = prompts.iter().map(|_| Vec::new()).collect();
        let mut untraced = Vec::new();
        let warm_up = self.prompt(WARM_UP_TOKENS)?;
        self.generate(&warm_up, 4, false)?;
        for _ in 0..rounds {
            for (prompt, timed) in prompts.iter().zip(&mut timed) {
                timed.push(self.generate(prompt, decode, false)?);
            }
            if let Some(prompt) = prompts.first() {
                untraced.push(self.untraced_decode_ms(prompt, decode)?);
            }
        }
        let report = |(prompt, timed): (&Vec<TokenId>, &Vec<Timed>)| {
            let round = |timed: &Timed| {
                json!({
                    "first_token_ms": timed.first_token_ms,
                    "decode_ms": timed.decode_ms.iter().sum::<f64>(),
                })
            };
            let last = timed.last();
            json!({
                "prompt_tokens": prompt.len(),
                "decoded": last.map_or(0, |timed| timed.decode_ms.len()),
                "rounds": timed.iter().map(round).collect::<Vec<_>>(),
                "prefill": last.map(|timed| timed.prefill.report(&self.model)),
                "decode": last.map(|timed| timed.decode.report(&self.model)),
            })
        };
        let mut reports: Vec<Value> = prompts.iter().zip(&timed).map(report).collect();
        if let Some(first) = reports.first_mut() {
            first["untraced_decode_ms"] = json!(untraced);
        }
        Ok(reports.into())
    }

    /// Decoding after a prompt with tracing off.
    fn untraced_decode_ms(&mut self, prompt: &[TokenId], decode: u32) -> cli::Result<f64> {
        self.session.set_traced(false);
        let timed = self.generate(prompt, decode, false);
        self.session.set_traced(true);
        Ok(timed?.decode_ms.iter().sum())
    }

    /// `[{ depth, batch_tokens, batch_ms, decode_ms: [] }]`: the cache grows from depth to depth.
    fn depths(&mut self, depths: &[u32]) -> cli::Result<Value> {
        self.session.truncate(0);
        let mut report = Vec::new();
        let warm_up = self.prompt(self.session.batch_tokens() as u32)?;
        self.generate(&warm_up, 4, false)?;
        for depth in depths {
            let prompt = self.prompt(*depth)?;
            let timed = self.generate(&prompt, DEPTH_DECODE, true)?;
            let last = timed.prefill.last_full_batch();
            report.push(json!({
                "depth": depth,
                "batch_tokens": last.map(|(tokens, _)| tokens),
                "batch_ms": last.map(|(_, micros)| micros / 1e3),
                "decode_ms": timed.decode_ms,
            }));
        }
        Ok(report.into())
    }

    fn prompt(&self, n_tokens: u32) -> cli::Result<Vec<TokenId>> {
        let text = prompt::text(&self.model.tokenizer, n_tokens as usize)?;
        Ok(self.model.tokenizer.encode(&text, false)?)
    }

    /// Computes the prompt, samples a token, and decodes `decode` more.
    fn generate(&mut self, prompt: &[TokenId], decode: u32, cache_prompt: bool) -> cli::Result<Timed> {
        let options = GenerationOptions {
            sampler: SamplerOptions {
                temperature: 0.0,
                ..SamplerOptions::default()
            },
            max_tokens: decode + 1,
            ignore_eos: true,
            cache_prompt,
        };
        let started = Instant::now();
        let mut generation = Generation::start(&mut self.session, prompt.to_vec(), options)?;
        let mut timed = Timed {
            first_token_ms: 0.0,
            decode_ms: Vec::new(),
            prefill: Tally::default(),
            decode: Tally::default(),
        };
        let mut is_prefill = true;
        let mut last = started;
        loop {
            let step = pollster::block_on(generation.step(&self.model.tokenizer, &mut self.session))?;
            let tally = if is_prefill {
                &mut timed.prefill
            } else {
                &mut timed.decode
            };
            tally.add(&step.traces);
            match step.outcome {
                Outcome::Prefilling { .. } => {}
                Outcome::Token(_) if is_prefill => {
                    is_prefill = false;
                    timed.first_token_ms = millis(started);
                    last = Instant::now();
                }
                Outcome::Token(_) => {
                    timed.decode_ms.push(millis(last));
                    last = Instant::now();
                }
                Outcome::Finished(_) => return Ok(timed),
            }
        }
    }
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn numbers(list: &str) -> cli::Result<Vec<u32>> {
    let parse = |item: &str| {
        item.trim()
            .parse()
            .map_err(|_| format!("{item:?} is no number of tokens").into())
    };
    list.split(',').map(parse).collect()
}

/// Most memory this process has held, where the system tells it.
fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes << 10)
}
