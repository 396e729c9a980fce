//! `cargo xtask bench`: how fast it is, beside other programs on the same files. A program of its own
//! does the work (`xtask/bench`), because this one must not wait for the engine to compile.

use anyhow::Result;

use crate::wasm_opt::Effort;
use crate::{Verb, dist, shell};

pub const VERB: Verb = Verb {
    name: "bench",
    args: "[--quick] [--growth] [--no-peers] [--dry] [--rounds N] [--model NAME] [--mix NAME] [--only NAME] [--note TEXT]",
    about: "time moescope and other programs on the same files, natively and in Chromium; append to tests/bench/.
      --quick: one file of each model but the deep one, short, without other programs; --growth: also the curves,
      which --only growth runs alone; --only NAME: programs whose place and name contain it, such as
      \"browser moescope\"; --model deep: all its formats; --dry: write nothing",
    run,
};

fn run(args: &[String]) -> Result<()> {
    let sizes = dist::build(Effort::Full)?;
    println!("{sizes}");
    let example = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "moescope-engine",
        "--example",
        "bench",
    ];
    shell::stage("compile the engine", || shell::run(&mut shell::cargo(&example)))?;
    let bench = ["run", "--quiet", "--package", "moescope-bench", "--"];
    shell::run(shell::cargo(&bench).args(args))
}
