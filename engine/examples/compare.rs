//! How far one file's predictions are from another's over the same text: two quantizations of a model, or
//! what somebody serves against what it is said to be.
//!
//! `cargo run --release -p moescope-engine --example compare -- REFERENCE.gguf OTHER.gguf --prompt TEXT
//!  [--tokens 1,2,3] [--executor cpu|gpu|twins] [--threads N]`
//!
//! Prints JSON: for every position the KL divergence from the reference's distribution to the other's, in
//! bits, and what each expects most; then the means. Files that carry no tokenizer take `--tokens`.

use moescope_engine::arch::Spec;
use moescope_engine::compare::{CompareError, Compared, Comparison, Position};
use moescope_engine::gguf::Gguf;
use moescope_engine::session::{Session, SessionOptions};
use moescope_engine::source::Parts;
use moescope_engine::tokenizer::Tokenizer;
use moescope_engine::{KvFormat, TokenId};
use serde_json::{Value, json};

#[path = "shared/cli.rs"]
mod cli;

/// A file, as far as it is needed.
struct File {
    source: Parts<moescope_engine::source::FileSource>,
    gguf: Gguf,
    spec: Spec,
}

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(&["prompt", "tokens", "executor", "threads"])?;
    let [reference, other] = args.positional.as_slice() else {
        return Err("usage: compare REFERENCE.gguf OTHER.gguf --prompt TEXT".into());
    };
    let (reference, other) = (File::open(reference)?, File::open(other)?);
    let tokens = match args.text("tokens") {
        Some(list) => cli::tokens(list)?,
        None => reference.encode_as(&other, args.text("prompt").ok_or("--prompt TEXT is needed")?)?,
    };
    let mut positions: Vec<Position> = Vec::new();
    let compared = pollster::block_on(async {
        let mut p = reference.session(&args, &tokens).await?;
        let mut q = other.session(&args, &tokens).await?;
        let mut comparison = Comparison::new(&mut p, &mut q, &tokens);
        while let Some(batch) = comparison.step().await? {
            positions.extend(batch);
        }
        cli::Result::Ok(comparison.means())
    })?;
    let report = report(&reference, &other, &tokens, &positions, &compared);
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

impl File {
    fn open(path: &str) -> cli::Result<Self> {
        let source = Parts::open(path)?;
        let gguf = pollster::block_on(Gguf::read(&source))?;
        let spec = Spec::read(&gguf)?;
        Ok(Self { source, gguf, spec })
    }

    fn tokenizer(&self) -> cli::Result<Tokenizer> {
        Ok(Tokenizer::from_gguf(&self.gguf.metadata)?)
    }

    /// The text's tokens, which must be the other file's too.
    fn encode_as(&self, other: &Self, text: &str) -> cli::Result<Vec<TokenId>> {
        let encode = |file: &Self| -> cli::Result<Vec<TokenId>> {
            let tokenizer = file.tokenizer()?;
            let first = tokenizer.bos.filter(|_| tokenizer.add_bos);
            Ok(first.into_iter().chain(tokenizer.encode(text, true)?).collect())
        };
        let tokens = encode(self)?;
        if tokens != encode(other)? {
            return Err(moescope_engine::Error::from(CompareError::Tokens).into());
        }
        Ok(tokens)
    }

    async fn session(&self, args: &cli::Args, tokens: &[TokenId]) -> cli::Result<Session> {
        const BATCH: u32 = 16;
        let options = SessionOptions {
            context: u32::try_from(tokens.len())?,
            batch: BATCH,
            logit_rows: BATCH,
            kv: KvFormat::F32,
            ..SessionOptions::default()
        };
        let device = args.device(&self.spec)?;
        Ok(Session::open(&self.spec, &self.source, &device, options, &mut |_, _| {}).await?)
    }

    fn told(&self) -> Value {
        json!({ "name": self.spec.name, "file_bytes": self.gguf.file_bytes })
    }
}

fn report(
    reference: &File,
    other: &File,
    tokens: &[TokenId],
    positions: &[Position],
    means: &Compared,
) -> Value {
    let tokenizer = reference.tokenizer().ok();
    let text = |token: TokenId| tokenizer.as_ref().map(|known| known.decode(&[token]));
    let each = tokens.iter().zip(positions).map(|(token, position)| {
        json!({
            "token": token,
            "text": text(*token),
            "kl_bits": position.divergence_bits,
            "reference_choice": position.reference_choice,
            "choice": position.choice,
            "same_first_choice": position.agrees(),
        })
    });
    json!({
        "reference": reference.told(),
        "other": other.told(),
        "positions": each.collect::<Vec<_>>(),
        "mean": {
            "positions": means.positions,
            "kl_bits": means.divergence_bits,
            "same_first_choice": means.agreement,
            "perplexity": means.perplexity,
            "reference_perplexity": means.reference_perplexity,
        },
    })
}
