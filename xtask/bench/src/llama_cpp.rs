//! llama.cpp natively, prebuilt: through npm's `node-llama-cpp`, which has it for the CPU and for Vulkan.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use xtask::shell;

use crate::case::{Case, Measure, Run};
use crate::peers::{self, CONTEXT, PATIENCE_MS};

/// Where it computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Backend {
    Cpu { threads: u32 },
    Vulkan,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    load_ms: f64,
    results: Vec<Timed>,
    devices: Vec<String>,
    /// `"vulkan"` or `false`.
    ran_on: serde_json::Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timed {
    prompt_tokens: u32,
    first_token_ms: f64,
    decode_ms: f64,
    decoded: u32,
}

/// One round, in a process of its own.
pub fn run(case: &Case, backend: Backend) -> Result<Run> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("xtask/bench/peers/llama-cpp has it for Linux on x64 only");
    }
    if !shell::has("node") {
        bail!("node is missing");
    }
    let folder = peers::installed("llama-cpp")?;
    let (gpu, threads) = match backend {
        Backend::Cpu { threads } => (json!(false), threads),
        Backend::Vulkan => (json!("vulkan"), cores()),
    };
    let wanted = json!({
        "model": case.file,
        "gpu": gpu,
        "threads": threads,
        "context": CONTEXT,
        "warmUp": case.warm_up,
        "prompts": case.prompts,
        "decode": case.decode,
        "patience": PATIENCE_MS,
    });
    let path = folder.join("case.json");
    fs::write(&path, wanted.to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("js/llama-cpp.mjs");
    let mut command = shell::command("node", &[]);
    command.arg(script).arg(&folder).arg(&path);
    // It passes over software drivers unless a device is named.
    command.env("GGML_VK_VISIBLE_DEVICES", "0");
    let report: Report = serde_json::from_str(&shell::output(&mut command)?)?;
    ensure!(report.ran_on == gpu, "it ran on {} instead", report.ran_on);
    read(case, backend, &report)
}

fn read(case: &Case, backend: Backend, report: &Report) -> Result<Run> {
    let mut run = Run {
        device: match backend {
            Backend::Cpu { .. } => "CPU".into(),
            Backend::Vulkan => report.devices.join(", "),
        },
        ..Run::default()
    };
    run.push(Measure::Load, report.load_ms);
    for (at, (timed, (n_tokens, _))) in report.results.iter().zip(&case.prompts).enumerate() {
        let decode = if at == 0 { case.decode } else { 0 };
        ensure!(
            timed.prompt_tokens == *n_tokens && timed.decoded == decode,
            "asked for {n_tokens} + {decode} tokens, got {timed:?}"
        );
        run.push(Measure::Prefill { tokens: *n_tokens }, timed.first_token_ms);
        if decode > 0 {
            run.push(Measure::Decode { tokens: decode }, timed.decode_ms);
        }
    }
    Ok(run)
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}
