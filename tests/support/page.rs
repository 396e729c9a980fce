//! The built page, served and opened in a browser of its own.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use xtask::site::{Running, Site};

use crate::webdriver::{Browser, Launch};

/// Longest until the model is ready: it is read, uploaded, and executors are timed.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// True once the first model has arrived; rejected with the reason where it cannot.
const READY: &str = "window.moescope && moescope.ready.then(() => true)";

/// Browsers share two cores badly, and one test measures time: so one page at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A page that is ready for a prompt. Fields are dropped in this order.
pub struct Page {
    pub browser: Browser,
    pub site: Running,
    _turn: MutexGuard<'static, ()>,
}

/// What `window.moescope.generate` resolves to.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    pub text: String,
    pub tokens: Vec<u32>,
    /// Chosen experts of each position that went through the model. `(moe_layers, top_k)`
    pub ids: Vec<Vec<u16>>,
}

/// Where and how a page is opened.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    pub launch: Launch,
    /// What follows the address: `?executor=gpu`.
    pub query: &'static str,
    /// The path below which the site lies.
    pub below: &'static str,
    /// A file of the site, and another of its files that is served under its name.
    pub instead: Option<[&'static str; 2]>,
}

impl Visit {
    pub fn with(query: &'static str) -> Self {
        Self {
            query,
            ..Self::default()
        }
    }

    /// Serves `dist/`, opens it and waits until the demo model is ready. `None`, with a word on
    /// standard error, where no page was built; an error where the tests must be complete.
    #[track_caller]
    pub fn open(self) -> Option<Page> {
        let dist = dist()?;
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut site = Site::new(dist.clone()).below(self.below);
        if let Some([name, other]) = self.instead {
            site = site.with_file(name, dist.join(other));
        }
        let site = site.serve_anywhere().expect("the site is served");
        let browser = Browser::launch(&self.launch);
        browser.goto(&format!("{}{}", site.address(), self.query));
        let _is_ready: bool = browser.wait_for("the model to be ready", READY, READY_LIMIT);
        Some(Page {
            browser,
            site,
            _turn: turn,
        })
    }
}

impl Page {
    /// Answers a prompt greedily through `window.moescope`, past the end of the turn.
    #[track_caller]
    pub fn generate(&self, prompt: &str, max_tokens: u32) -> Answer {
        let options = json!({
            "prompt": prompt, "seed": 1, "temperature": 0, "maxTokens": max_tokens,
            "ignoreEos": true, "cachePrompt": false,
        });
        self.browser.run(&format!(
            "const {{ text, tokens, trace }} = await moescope.generate({options});
             return {{ text, tokens, ids: trace.positions.map(position => Array.from(position.ids)) }};"
        ))
    }

    /// A number on a panel, unrounded.
    #[track_caller]
    pub fn figure(&self, panel: &str, name: &str) -> f64 {
        let selector = format!("[data-panel={panel}] [data-value={name}]");
        let raw: Option<String> = self.browser.run(&format!(
            "return document.querySelector('{selector}')?.dataset.raw ?? null"
        ));
        let raw = raw.unwrap_or_else(|| panic!("the page has no {selector}"));
        raw.parse()
            .unwrap_or_else(|_| panic!("{selector} shows {raw}, which is no number"))
    }

    /// Which executor runs the model: `gpu` or `cpu`.
    #[track_caller]
    pub fn executor(&self) -> String {
        // The model can be ready a frame before the page shows it.
        let shown = "document.querySelector('#executor-badge')?.dataset.executor";
        self.browser
            .wait_for("the executor", shown, Duration::from_secs(5))
    }

    /// An array of what a function gives for each element that a selector finds.
    #[track_caller]
    pub fn each(&self, selector: &str, function: &str) -> Vec<Value> {
        self.browser.run(&format!(
            "return [...document.querySelectorAll('{selector}')].map({function})"
        ))
    }
}

/// The text of axe-core, from the file that `cargo xtask test` names.
pub fn axe() -> Option<String> {
    if let Some(path) = std::env::var_os("MOESCOPE_AXE") {
        return Some(std::fs::read_to_string(path).expect("axe-core can be read"));
    }
    assert!(
        std::env::var_os("MOESCOPE_REQUIRE_GPU").is_none(),
        "MOESCOPE_AXE names no axe-core; run `cargo xtask test`"
    );
    eprintln!("SKIPPED: MOESCOPE_AXE names no axe-core; run `cargo xtask test`");
    None
}

/// The built page, from the variable that `cargo xtask test` sets.
fn dist() -> Option<PathBuf> {
    if let Some(dist) = std::env::var_os("MOESCOPE_DIST") {
        return Some(dist.into());
    }
    assert!(
        std::env::var_os("MOESCOPE_REQUIRE_GPU").is_none(),
        "MOESCOPE_DIST names no built page; run `cargo xtask test`"
    );
    eprintln!("SKIPPED: MOESCOPE_DIST names no built page; run `cargo xtask test`");
    None
}
