//! moescope in a real Chromium: the built page, driven through `window.moescope`, with probes beside it
//! that look on (`xtask/bench/js`).

use std::path::{Path, PathBuf};

use anyhow::Result;
use moescope_tests::webdriver::{Browser, Launch};
use serde::Deserialize;
use serde_json::json;
use xtask::dist;
use xtask::site::{Running, Site};

use crate::case::{Case, Measure, Run};
use crate::engines::Executor;
use crate::models;
use crate::peers::PATIENCE_MS;

/// Tokens decoded while calls are counted and the page warms up.
const COUNTED_TOKENS: u32 = 4;

/// What `bench.generate` of the page gives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    prompt_tokens: u32,
    first_token: f64,
    decode: f64,
    decoded: u32,
    engine_decode: f64,
    dispatches: f64,
    submits: f64,
    readbacks: f64,
    writes: f64,
    groups: std::collections::BTreeMap<String, Option<f64>>,
}

#[derive(Debug, Deserialize)]
struct Loaded {
    fetch: f64,
    load: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    wasm_bytes: f64,
    gpu_peak_bytes: f64,
}

/// One round, in a new browser.
pub fn run(case: &Case, executor: Executor) -> Result<Run> {
    let page = Page::open(case, executor)?;
    let mut run = Run::default();
    let loaded: Loaded = page.browser.run("return await bench.load('bench-model.gguf')");
    run.push(Measure::Fetch, loaded.fetch);
    run.push(Measure::Load, loaded.load);
    run.device = page.browser.run("return moescope.state().executor.device");
    let (_, threads) = executor.wanted();
    let is_shared = run.device.ends_with(&format!("{threads} threads"));
    anyhow::ensure!(threads == 1 || is_shared, "it ran on {} instead", run.device);
    page.count_decode(&mut run, &case.warm_up);
    for (at, (n_tokens, prompt)) in case.prompts.iter().enumerate() {
        let decode = if at == 0 { case.decode } else { 0 };
        let generated = page.generate(prompt, decode + 1);
        anyhow::ensure!(
            generated.prompt_tokens == *n_tokens && generated.decoded == decode,
            "asked for {n_tokens} + {decode} tokens, got {generated:?}"
        );
        run.push(Measure::Prefill { tokens: *n_tokens }, generated.first_token);
        if decode > 0 {
            run.push(Measure::Decode { tokens: decode }, generated.decode);
            Page::tell_engine_time(&mut run, &generated);
        }
        if generated.first_token > PATIENCE_MS {
            break;
        }
    }
    let counts: Counts = page.browser.run("return await bench.counts()");
    run.fact("wasm bytes", counts.wasm_bytes);
    run.fact("gpu bytes", counts.gpu_peak_bytes);
    let from_url: f64 = page.browser.run("return await bench.loadUrl('bench-model.gguf')");
    run.push(Measure::LoadFromUrl, from_url);
    if case.model == models::DEMO {
        drop(page);
        start(executor, &mut run)?;
    }
    Ok(run)
}

/// From navigation to the first token of the demo model, cold and warm.
fn start(executor: Executor, run: &mut Run) -> Result<()> {
    let site = site(None).serve_anywhere()?;
    let browser = Browser::launch(&Launch::default());
    let url = address(&site, executor);
    for measure in [Measure::ColdStart, Measure::WarmStart] {
        browser.goto(&url);
        run.push(measure, browser.run("return await bench.start()"));
    }
    Ok(())
}

/// A page that is ready. Fields are dropped in this order.
struct Page {
    browser: Browser,
    _site: Running,
}

impl Page {
    fn open(case: &Case, executor: Executor) -> Result<Self> {
        let site = site(Some(&case.file)).serve_anywhere()?;
        let browser = Browser::launch(&Launch::default());
        browser.goto(&address(&site, executor));
        let _ready: bool = browser.run("await bench.ready(); return true");
        Ok(Self { browser, _site: site })
    }

    fn generate(&self, prompt: &str, max_tokens: u32) -> Generated {
        self.browser.run(&format!(
            "return await bench.generate({}, {max_tokens})",
            json!(prompt)
        ))
    }

    /// Counts per decoded token, while the page warms up: what the first token asks for is taken away.
    fn count_decode(&self, run: &mut Run, prompt: &str) {
        let first = self.generate(prompt, 1);
        let all = self.generate(prompt, 1 + COUNTED_TOKENS);
        for (name, all, first) in [
            ("dispatches", all.dispatches, first.dispatches),
            ("submits", all.submits, first.submits),
            ("readbacks", all.readbacks, first.readbacks),
            ("buffer writes", all.writes, first.writes),
        ] {
            let per_token = (all - first) / f64::from(COUNTED_TOKENS);
            run.fact(&format!("decode: {name} per token"), per_token);
        }
    }

    /// What the engine's own clock and the device's say of a decoded token.
    fn tell_engine_time(run: &mut Run, all: &Generated) {
        let decoded = f64::from(all.decoded);
        run.fact("decode: engine ms per token", all.engine_decode / decoded);
        for (group, micros) in &all.groups {
            if let Some(micros) = micros {
                run.fact(&format!("decode: {group} µs per token"), micros / decoded);
            }
        }
    }
}

/// The page, told where to compute.
fn address(site: &Running, executor: Executor) -> String {
    let (executor, threads) = executor.wanted();
    format!("{}?executor={executor}&threads={threads}", site.address())
}

/// The built page with the probes in place of its entries, which they start.
fn site(model: Option<&Path>) -> Site {
    let js = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("js").join(name);
    let built = |name: &str| -> PathBuf { dist::folder().join(name) };
    let site = Site::new(dist::folder())
        .with_file("page-entry.js", js("page-entry.js"))
        .with_file("worker-entry.js", js("worker-entry.js"))
        .with_file("bench-page-probe.js", js("page-probe.js"))
        .with_file("bench-worker-probe.js", js("worker-probe.js"))
        .with_file("bench-moescope-page-entry.js", built("page-entry.js"))
        .with_file("bench-moescope-worker-entry.js", built("worker-entry.js"));
    match model {
        Some(model) => site.with_file("bench-model.gguf", model.to_path_buf()),
        None => site,
    }
}
