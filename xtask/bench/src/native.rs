//! moescope natively: the engine's `bench` example, one process per run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use xtask::shell;

use crate::case::{Case, Measure, Run};
use crate::engines::Executor;

/// The text of a prompt of so many tokens.
pub fn prompt(model: &Path, n_tokens: u32) -> Result<String> {
    output(
        example()
            .arg(model)
            .arg("--print-prompt")
            .arg(n_tokens.to_string()),
    )
}

/// One round.
pub fn run(case: &Case, executor: Executor) -> Result<Run> {
    let (executor, threads) = executor.wanted();
    let prefill: Vec<String> = case
        .prompts
        .iter()
        .map(|(n_tokens, _)| n_tokens.to_string())
        .collect();
    let mut command = example();
    command
        .arg(&case.file)
        .args(["--executor", executor, "--rounds", "1"]);
    if threads > 1 {
        command.args(["--threads", &threads.to_string()]);
    }
    command.args([
        "--prefill",
        &prefill.join(","),
        "--decode",
        &case.decode.to_string(),
    ]);
    let report = json(&mut command)?;
    read(&report).context("the engine's report lacks something")
}

/// The report of any other use of the example.
pub fn json(command: &mut Command) -> Result<Value> {
    Ok(serde_json::from_str(&output(command)?)?)
}

/// The example's program, compiled by `cargo xtask bench`.
pub fn example() -> Command {
    let program = shell::target_dir().join("release/examples/bench");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    shell::command(&program.to_string_lossy(), &[])
}

fn output(command: &mut Command) -> Result<String> {
    shell::output(command)
}

fn read(report: &Value) -> Option<Run> {
    let mut run = Run {
        device: report["device"].as_str()?.to_owned(),
        ..Run::default()
    };
    run.push(Measure::Load, report["load_ms"].as_f64()?);
    for (at, result) in report["results"].as_array()?.iter().enumerate() {
        let tokens = u32::try_from(result["prompt_tokens"].as_u64()?).ok()?;
        let round = result["rounds"].get(0)?;
        run.push(Measure::Prefill { tokens }, round["first_token_ms"].as_f64()?);
        counts(&mut run, &format!("prefill {tokens}"), &result["prefill"])?;
        if at == 0 {
            let tokens = u32::try_from(result["decoded"].as_u64()?).ok()?;
            run.push(Measure::Decode { tokens }, round["decode_ms"].as_f64()?);
            let untraced = result["untraced_decode_ms"].get(0)?.as_f64()?;
            run.push(Measure::UntracedDecode { tokens }, untraced);
            counts(&mut run, "decode", &result["decode"])?;
        }
    }
    run.fact("buffer bytes", report["buffer_bytes"].as_f64()?);
    if let Some(bytes) = report["peak_resident_bytes"].as_f64() {
        run.fact("peak resident bytes", bytes);
    }
    Some(run)
}

/// Bytes per token against the least possible, dispatches, and device time by step group.
fn counts(run: &mut Run, of: &str, tally: &Value) -> Option<()> {
    let tokens = tally["tokens"].as_f64().filter(|tokens| *tokens > 0.0)?;
    for (name, key) in [
        ("weight bytes per token", "weight_bytes"),
        ("least weight bytes per token", "least_weight_bytes"),
        ("kv bytes read per token", "kv_read_bytes"),
        ("operations per token", "operations"),
    ] {
        run.fact(&format!("{of}: {name}"), tally[key].as_f64()? / tokens);
    }
    run.fact(
        &format!("{of}: dispatches per pass"),
        tally["dispatches_per_pass"].as_f64()?,
    );
    for (group, micros) in tally["group_micros"].as_object().into_iter().flatten() {
        run.fact(&format!("{of}: {group} µs per token"), micros.as_f64()? / tokens);
    }
    Some(())
}

/// Refuses a program that was never compiled, with a sentence.
pub fn ensure() -> Result<()> {
    if !Path::new(example().get_program()).is_file() {
        bail!("the engine's bench example is not compiled; run this as `cargo xtask bench`");
    }
    Ok(())
}
