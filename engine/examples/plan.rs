//! Prints a model's plan: every step with its kernel, bytes, operations and bindings.
//!
//! `cargo xtask plan MODEL.gguf [--context N] [--kv f16|f32]`

use moescope_engine::plan::{Limits, Plan, PlanOptions};
use moescope_engine::source::Parts;
use moescope_engine::{KvFormat, Model};

#[path = "shared/cli.rs"]
mod cli;

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(&["context", "kv"])?;
    let [path] = args.positional.as_slice() else {
        return Err("usage: plan MODEL.gguf".into());
    };
    let model = pollster::block_on(Model::open(&Parts::open(path)?))?;
    let context = args.value("context", model.spec.context_length.min(4096))?;
    let options = PlanOptions {
        context,
        batch: 32,
        logit_rows: 1,
        kv: args.kv(KvFormat::F16)?,
    };
    println!("{} ({})", model.spec.name, model.spec.architecture);
    print!("{}", Plan::build(&model.spec, options, Limits::CPU)?);
    println!(
        "{} of {} parameters active",
        model.spec.active_parameters(&model.gguf),
        parameters(&model)
    );
    Ok(())
}

fn parameters(model: &Model) -> u64 {
    model.gguf.tensors.iter().map(|tensor| tensor.elements()).sum()
}
