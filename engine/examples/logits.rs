//! Raw logits of a token sequence, for comparison with other implementations.
//!
//! `cargo run --release -p moescope-engine --example logits -- MODEL.gguf --tokens 1,2,3
//!  [--executor gpu|cpu] [--kv f32|f16] [--batch N] --out file.f32`
//!
//! Writes f32 little-endian, shape (tokens, vocab). The KV cache is f32 unless asked otherwise,
//! since this is a tool for exactness.

use moescope_engine::KvFormat;
use moescope_engine::arch::Spec;
use moescope_engine::gguf::Gguf;
use moescope_engine::session::{Session, SessionOptions};
use moescope_engine::source::Parts;

#[path = "shared/cli.rs"]
mod cli;

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(&["tokens", "executor", "threads", "kv", "batch", "out"])?;
    let [path] = args.positional.as_slice() else {
        return Err("usage: logits MODEL.gguf --tokens 1,2,3 --out F".into());
    };
    let tokens = cli::tokens(args.text("tokens").ok_or("--tokens 1,2,3 is needed")?)?;
    let out = args.text("out").ok_or("--out FILE is needed")?;
    let batch: u32 = args.value("batch", 16)?;
    let options = SessionOptions {
        context: u32::try_from(tokens.len())?,
        batch,
        logit_rows: batch,
        kv: args.kv(KvFormat::F32)?,
        ..SessionOptions::default()
    };
    // Weights only: files made to compare implementations often carry no tokenizer.
    let source = Parts::open(path)?;
    let spec = Spec::read(&pollster::block_on(Gguf::read(&source))?)?;
    let device = args.device(&spec)?;
    let mut session = pollster::block_on(Session::open(&spec, &source, &device, options, &mut |_, _| {}))?;
    let mut bytes: Vec<u8> = Vec::new();
    for chunk in tokens.chunks(session.batch_tokens()) {
        let pass = pollster::block_on(session.forward(chunk, chunk.len() as u32))?;
        bytes.extend(pass.logits.iter().flat_map(|logit| logit.to_le_bytes()));
    }
    std::fs::write(out, &bytes)?;
    eprintln!(
        "{}: logits ({}, {}) on {} to {out}",
        spec.name,
        tokens.len(),
        spec.vocab,
        device.name()
    );
    Ok(())
}
