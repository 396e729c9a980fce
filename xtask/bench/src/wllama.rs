//! wllama in a real Chromium: on a page of its own, with the same file and prompts, by its own clock.

use std::path::Path;

use anyhow::{Result, ensure};
use moescope_tests::webdriver::{Browser, Launch};
use serde::Deserialize;
use serde_json::json;
use xtask::site::{Running, Site};

use crate::case::{Case, Measure, Run};
use crate::peers::{self, CONTEXT, PATIENCE_MS};

/// Tokens decoded to see which build is faster.
const TRIAL_TOKENS: u32 = 8;
/// Its builds. Which is faster differs with the formats of a file.
const BUILDS: [&str; 2] = ["default", "compat"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    prompt_tokens: u32,
    first_token: f64,
    decode: f64,
    decoded: u32,
}

#[derive(Debug, Deserialize)]
struct Loaded {
    fetch: f64,
    load: f64,
}

/// One round on so many threads, with the build that is faster on this file.
pub fn run(case: &Case, threads: u32) -> Result<Run> {
    let mut pages = Vec::new();
    for build in BUILDS {
        let page = Page::open(case, build, threads)?;
        page.generate(&case.warm_up, 1);
        let trial = page.generate(&case.warm_up, 1 + TRIAL_TOKENS);
        pages.push((trial.decode, page));
    }
    let faster = pages.into_iter().min_by(|(a, _), (b, _)| a.total_cmp(b));
    let Some((_, page)) = faster else {
        return Ok(Run::default());
    };
    page.time(case)
}

/// A page with a loaded model. Fields are dropped in this order.
struct Page {
    browser: Browser,
    _site: Running,
    build: &'static str,
    loaded: Loaded,
}

impl Page {
    fn open(case: &Case, build: &'static str, threads: u32) -> Result<Self> {
        let folder = peers::installed("wllama")?.join("node_modules/@wllama");
        let js = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("js").join(name);
        let site = Site::new(folder)
            .without_policy()
            .with_file("bench.html", js("wllama.html"))
            .with_file("wllama-page.js", js("wllama-page.js"))
            .with_file("model.gguf", case.file.clone())
            .serve_anywhere()?;
        let browser = Browser::launch(&Launch::default());
        browser.goto(&format!(
            "{}bench.html?build={build}&threads={threads}",
            site.address()
        ));
        let loaded = browser.run(&format!("return await bench.load('model.gguf', {CONTEXT})"));
        let used: u32 = browser.run("return bench.threads()");
        ensure!(used == threads, "asked for {threads} threads, got {used}");
        Ok(Self {
            browser,
            _site: site,
            build,
            loaded,
        })
    }

    fn generate(&self, prompt: &str, max_tokens: u32) -> Generated {
        let prompt = json!(prompt);
        self.browser
            .run(&format!("return await bench.generate({prompt}, {max_tokens})"))
    }

    fn time(&self, case: &Case) -> Result<Run> {
        let mut run = Run {
            device: format!("CPU, {} build", self.build),
            ..Run::default()
        };
        run.push(Measure::Fetch, self.loaded.fetch);
        run.push(Measure::Load, self.loaded.load);
        for (at, (n_tokens, prompt)) in case.prompts.iter().enumerate() {
            let decode = if at == 0 { case.decode } else { 0 };
            let generated = self.generate(prompt, decode + 1);
            ensure!(
                generated.prompt_tokens == *n_tokens && generated.decoded == decode,
                "asked for {n_tokens} + {decode} tokens, got {generated:?}"
            );
            run.push(Measure::Prefill { tokens: *n_tokens }, generated.first_token);
            if decode > 0 {
                run.push(Measure::Decode { tokens: decode }, generated.decode);
            }
            if generated.first_token > PATIENCE_MS {
                break;
            }
        }
        Ok(run)
    }
}
