//! A run file in numbers: its summary, or one of its tables, as JSON; or the ledger as CSV.
//!
//! `cargo run --release -p moescope-engine --example inspect -- RUN.safetensors
//!  [--table load|passes|routing|tokens] [--csv true]`
//!
//! Runs of other programs (MoE Atlas, llama.cpp's moe-trace, vLLM, SGLang) are read as well.

use std::io::Write;

use moescope_run_file::tables::{TABLES, summary};
use moescope_run_file::{Run, import, ledger};

#[path = "shared/cli.rs"]
mod cli;

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(&["table", "csv"])?;
    let [path] = args.positional.as_slice() else {
        return Err("usage: inspect RUN.safetensors [--table NAME] [--csv true]".into());
    };
    let run = open(path).map_err(|err| format!("{path} cannot be read as a run: {err}"))?;
    let text = if args.value("csv", false)? {
        ledger::csv(&run)
    } else {
        let json = match args.text("table") {
            None => summary(&run),
            Some(name) => table(name, &run)?,
        };
        serde_json::to_string_pretty(&json)? + "\n"
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn open(path: &str) -> cli::Result<Run> {
    Ok(import::open(&std::fs::read(path)?)?.0)
}

fn table(name: &str, run: &Run) -> cli::Result<serde_json::Value> {
    let known = || {
        let line = |table: &moescope_run_file::tables::Table| format!("  {:8} {}", table.name, table.about);
        TABLES.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let found = TABLES.iter().find(|table| table.name == name);
    let table = found.ok_or_else(|| format!("there is no table {name}; there are\n{}", known()))?;
    Ok((table.make)(run))
}
