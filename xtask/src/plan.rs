//! `cargo xtask plan`: every step a model takes for one token. The engine's example does the work,
//! because this program must not wait for the engine to compile.

use anyhow::{Result, bail};

use crate::{Verb, shell};

pub const VERB: Verb = Verb {
    name: "plan",
    args: "MODEL.gguf [OPTIONS]",
    about: "print the plan of a model: each step with its kernel, shapes, bytes and operations",
    run,
};

fn run(args: &[String]) -> Result<()> {
    if args.is_empty() {
        bail!("plan needs a model: `cargo xtask plan public/models/NAME.gguf`.");
    }
    run_example("plan", args)
}

/// Runs one of the engine's examples, with the terminal's working directory so that paths hold.
pub fn run_example(name: &str, args: &[String]) -> Result<()> {
    let build = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "moescope-engine",
        "--example",
        name,
        "--",
    ];
    let here = std::env::current_dir()?;
    shell::run(shell::cargo(&build).args(args).current_dir(here))
}
