//! `cargo xtask record`: makes the run that comes with the page again, by the native engine on the CPU
//! executor. What was measured in it is of the machine that this was run on.

use anyhow::Result;

use crate::{Verb, shell};

pub const VERB: Verb = Verb {
    name: "record",
    args: "",
    about: "make public/runs/demo.safetensors again: the demo model's answer to one prompt",
    run,
};

const PROMPT: &str = "What is 27 + 58?";

fn run(_: &[String]) -> Result<()> {
    let root = shell::root();
    let folder = root.join("public/runs");
    std::fs::create_dir_all(&folder)?;
    let generate = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "moescope-engine",
        "--example",
        "generate",
        "--",
    ];
    let mut command = shell::cargo(&generate);
    command
        .arg(root.join("public/models/moescope-demo.gguf"))
        .args([
            PROMPT,
            "--executor",
            "cpu",
            "--max-tokens",
            "200",
            "--examine",
            "true",
            "--save",
        ])
        .arg(folder.join("demo.safetensors"));
    shell::run(&mut command)
}
