//! A large model in a real Chromium: fetched, interrupted, resumed, kept, opened again without its server,
//! and opened from disk. Needs a built page, as `browser.rs` does.

use std::path::PathBuf;
use std::time::Duration;

use moescope_engine::session::Device;
use moescope_tests::devices;
use moescope_tests::large_model;
use moescope_tests::native;
use moescope_tests::page::{Page, Visit};
use moescope_tests::slow_server::SlowServer;
use sha2::{Digest, Sha256};

const PROMPT: &str = "What is 27 + 58?";
const N_TOKENS: u32 = 6;
/// Weights go through in chunks: memory does not grow with the file.
const MOST_WASM_BYTES: u64 = 256 << 20;
/// After every megabyte, so that loading can be interrupted.
const PAUSE: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(120);

/// The model, made once, in the folder of build products.
fn large() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("large.gguf");
    large_model::write(&path);
    path
}

/// Starts a load through `window.moescope` and does not wait for it.
fn start(page: &Page, url: &str) {
    let _: bool = page.browser.run(&format!(
        "window.outcome = null;
         moescope.load('{url}').then(() => {{ outcome = 'loaded' }}, err => {{ outcome = err.message }});
         return true"
    ));
}

#[track_caller]
fn wait_for_outcome(page: &Page) {
    let outcome: String = page.browser.wait_for("the load to end", "window.outcome", LIMIT);
    assert_eq!(outcome, "loaded");
}

/// Opens the page again, as a reload does; what is kept in the browser stays.
fn reload(page: &Page) {
    page.browser
        .goto(&format!("{}?executor=gpu", page.site.address()));
    let ready = "window.moescope && moescope.ready.then(() => true)";
    let _: bool = page.browser.wait_for("the page to be ready", ready, LIMIT);
}

fn progress(page: &Page, at_least: f64) -> f64 {
    let value = format!(
        "(value => value >= {at_least} ? value : null)(document.querySelector('.loading progress')?.value ?? 0)"
    );
    page.browser.wait_for("progress", &value, LIMIT)
}

#[test]
fn a_large_model_is_resumed_kept_and_opened_without_its_server() {
    let Some(page) = Visit::with("?executor=gpu").open() else {
        return;
    };
    let file = large();
    let Some(gpu) = devices::as_in_browser() else {
        return;
    };
    let expected = native::answer_of(&file, &gpu, PROMPT, N_TOKENS).tokens;
    let file_bytes = std::fs::metadata(&file).expect("the model").len();
    let server = SlowServer::of(&file, PAUSE);

    // Interrupted by a reload somewhere on the way.
    start(&page, server.address());
    let needs = "document.querySelector('.loading .needs')?.textContent";
    let told: String = page.browser.wait_for("what it will take", needs, LIMIT);
    assert!(
        told.contains("of weights") && told.contains("of KV cache"),
        "{told}"
    );
    let seen = progress(&page, 0.2);
    assert!(seen < 0.95, "too late to interrupt: {seen}");
    reload(&page);
    page.browser.click("#models > summary");
    let listed = format!(
        "document.querySelector('[data-stored=\"{}\"]')?.textContent",
        server.address()
    );
    let told: String = page.browser.wait_for("the list of what is kept", &listed, LIMIT);
    assert!(told.contains("Go on"), "{told}");

    start(&page, server.address());
    wait_for_outcome(&page);
    let asked = server.asked();
    let resumed = asked.last().and_then(|range| range.split('-').next());
    let resumed: u64 = resumed
        .and_then(|start| start.parse().ok())
        .unwrap_or_else(|| panic!("it was not resumed: {asked:?}"));
    assert!(resumed > file_bytes / 10, "resumed only at {resumed}");
    assert_eq!(page.generate(PROMPT, N_TOKENS).tokens, expected, "resumed");
    let wasm: u64 = page.browser.run("return moescope.state().executor.wasmBytes");
    println!("wasm memory while loading {file_bytes} bytes: {wasm} bytes");
    assert!(wasm > 0 && wasm <= MOST_WASM_BYTES, "{wasm} bytes of wasm memory");

    // Without its server.
    server.vanish();
    reload(&page);
    start(&page, server.address());
    wait_for_outcome(&page);
    assert_eq!(server.asked().len(), asked.len(), "nothing is fetched again");
    assert_eq!(
        page.generate(PROMPT, N_TOKENS).tokens,
        expected,
        "from what is kept"
    );
    page.browser.click("#models > summary");
    let told: String = page.browser.wait_for("what is kept", &listed, LIMIT);
    assert!(told.contains("Delete") && !told.contains("Go on"), "{told}");
    let hash = format!(
        "document.querySelector('[data-stored=\"{}\"] code')?.title",
        server.address()
    );
    let told: String = page.browser.wait_for("the hash of what is kept", &hash, LIMIT);
    let bytes = std::fs::read(&file).expect("the model");
    assert_eq!(told, format!("SHA-256 {:x}", Sha256::digest(&bytes)));
    for (name, width) in [
        ("models-menu-390", 390),
        ("models-menu-768", 768),
        ("models-menu", 1440),
    ] {
        page.browser.resize(width, 900);
        page.browser.screenshot(name);
    }

    // The same file from disk.
    page.browser.type_into("#open-model", &file.display().to_string());
    let name = "document.querySelector('.loading') === null && moescope.state().origin === 'large.gguf'";
    let _: bool = page.browser.wait_for("the file from disk", name, LIMIT);
    assert_eq!(page.generate(PROMPT, N_TOKENS).tokens, expected, "from disk");

    // Deleted, it is gone. The menu closed when the file was opened.
    page.browser.click("#models > summary");
    page.browser.click(&format!(
        "[data-stored=\"{}\"] button:last-child",
        server.address()
    ));
    let gone = format!(
        "document.querySelector('[data-stored=\"{}\"]') === null",
        server.address()
    );
    let _: bool = page.browser.wait_for("the deletion", &gone, LIMIT);
}

#[test]
fn both_files_of_a_split_model_are_opened_together() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    let files = large_model::write_split(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let expected = native::answer_of(&files[1], &Device::Cpu, PROMPT, N_TOKENS).tokens;
    let open = |files: &[PathBuf]| {
        let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        page.browser.type_into("#open-model", &paths.join("\n"));
    };
    // One alone is told what it is, and the model before it stays.
    open(&files[..1]);
    let alert = "document.querySelector('[role=alert]')?.textContent";
    let told: String = page.browser.wait_for("what is missing", alert, LIMIT);
    assert!(told.contains("part 1 of a model split into 2"), "{told}");
    // However they are named to the picker, they are taken in order.
    open(&[files[1].clone(), files[0].clone()]);
    let name = "moescope.state().origin === 'small-00001-of-00002.gguf'";
    let _: bool = page.browser.wait_for("both files", name, LIMIT);
    assert_eq!(page.generate(PROMPT, N_TOKENS).tokens, expected);
}

#[test]
fn a_lost_connection_is_taken_up_again() {
    let Some(page) = Visit::with("?executor=cpu&threads=1").open() else {
        return;
    };
    let file = large();
    let server = SlowServer::of(&file, Duration::ZERO);
    server.break_off_once();
    start(&page, server.address());
    wait_for_outcome(&page);
    let starts = server
        .asked()
        .iter()
        .filter_map(|range| range.split('-').next()?.parse::<u64>().ok())
        .max();
    assert!(
        starts.is_some_and(|start| start > 1 << 20),
        "{:?}",
        server.asked()
    );
    let expected = native::answer_of(&file, &Device::Cpu, PROMPT, N_TOKENS).tokens;
    assert_eq!(page.generate(PROMPT, N_TOKENS).tokens, expected);
}

#[test]
fn full_storage_is_a_sentence_and_what_came_is_kept() {
    let Some(page) = Visit::with("?executor=cpu&threads=1").open() else {
        return;
    };
    let file = large();
    let server = SlowServer::of(&file, Duration::ZERO);
    let origin = page.site.address().trim_end_matches('/').to_owned();
    page.browser.limit_storage(&origin, 50 << 20);
    start(&page, server.address());
    let outcome: String = page.browser.wait_for("the load to end", "window.outcome", LIMIT);
    assert!(
        outcome.contains("storage is full") && outcome.contains("are kept"),
        "{outcome}"
    );
    // With room again, it goes on from there; the model before it worked meanwhile.
    assert_eq!(
        page.generate(PROMPT, N_TOKENS).tokens,
        native::answer(PROMPT, N_TOKENS).tokens
    );
    page.browser.limit_storage(&origin, 1 << 30);
    start(&page, server.address());
    wait_for_outcome(&page);
    let resumed = server
        .asked()
        .last()
        .and_then(|range| range.split('-').next()?.parse::<u64>().ok());
    assert!(
        resumed.is_some_and(|start| start > 1 << 20),
        "{:?}",
        server.asked()
    );
    let expected = native::answer_of(&file, &Device::Cpu, PROMPT, N_TOKENS).tokens;
    assert_eq!(page.generate(PROMPT, N_TOKENS).tokens, expected);
}
