//! The economics panels in a real browser: every slider moves the number it should, what is assumed
//! survives a reload, and what is measured is measured.

use std::time::Duration;

use moescope_tests::page::{Page, Visit};

const PROMPT: &str = "What is 27 + 58?";

/// View, assumption, a place on its slider from 0 to 1, number, column, and whether it then grows.
const SLIDERS: &[(&str, &str, f64, &str, &str, bool)] = &[
    ("dense", "batch", 1.0, "bytes-per-token", "sparse", false),
    ("batch", "batch", 1.0, "distinct-experts", "gpt-oss-20b", true),
    ("batch", "rent", 1.0, "dollars-per-million", "gpt-oss-20b", true),
    (
        "demand",
        "tokens-wanted",
        0.9,
        "dollars-per-million",
        "gpt-oss-20b",
        false,
    ),
    ("demand", "day-lease", 1.0, "margin-of-cost", "computed", false),
    ("context", "context", 0.8, "kv-held-bytes", "gpt-oss-20b", true),
    (
        "context",
        "agent-sessions",
        0.9,
        "agents-kv-bytes",
        "gpt-oss-20b",
        true,
    ),
    ("bits", "bits", 1.0, "ceiling", "gpt-oss-20b", false),
    ("receipt", "price-output", 1.0, "total", "cost", true),
    (
        "receipt",
        "success-rate",
        0.1,
        "dollars-per-success",
        "only",
        true,
    ),
    ("budget", "seats", 1.0, "per-token-dollars", "only", true),
    ("budget", "budget", 1.0, "months", "only", true),
    ("waste", "keep-share", 0.0, "kept", "only", false),
];

/// The page after an answer, so that there is something to count.
fn answered() -> Option<Page> {
    let page = Visit::with("?executor=cpu").open()?;
    page.generate(PROMPT, 40);
    Some(page)
}

fn show(page: &Page, view: &str) {
    // The group leads to its first view, whose navigation has the others.
    for name in ["here", view] {
        let _: bool = page.browser.run(&format!(
            "document.querySelector('nav.views [data-leads-to={name}]').click(); return true"
        ));
        let shown = format!("!!document.querySelector('[data-view={name}]')");
        let _: bool = page.browser.wait_for(name, &shown, Duration::from_secs(5));
    }
}

#[track_caller]
fn number(page: &Page, name: &str, column: &str) -> f64 {
    let selector = format!("[data-value='{name}'][data-subject='{column}']");
    let raw: String = page.browser.wait_for(
        name,
        &format!("document.querySelector(\"{selector}\")?.dataset.raw"),
        Duration::from_secs(5),
    );
    raw.parse().expect("it is a number")
}

/// Moves a slider as a hand would, and waits until its value is another.
fn slide(page: &Page, key: &str, share: f64) {
    let moved: bool = page.browser.run(&format!(
        "const control = document.querySelector('[data-assumption={key}]'), before = control.dataset.raw;
         const slider = control.querySelector('input[type=range]');
         slider.value = Math.round(slider.max * {share});
         slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
         for (let tries = 0; tries < 100; tries += 1) {{
             await new Promise(done => setTimeout(done, 30));
             if (document.querySelector('[data-assumption={key}]').dataset.raw !== before) return true;
         }}
         return false;"
    ));
    assert!(moved, "the slider of {key} does nothing");
}

#[test]
fn every_slider_moves_the_number_it_should() {
    let Some(page) = answered() else {
        return;
    };
    for (view, key, share, name, column, grows) in SLIDERS {
        show(&page, view);
        let before = number(&page, name, column);
        slide(&page, key, *share);
        let after = number(&page, name, column);
        assert!(
            if *grows { after > before } else { after < before },
            "{view}: {name} of {column} went from {before} to {after} when {key} moved"
        );
        let _: bool = page.browser.run(&format!(
            "document.querySelector('[data-assumption={key}] .from button').click(); return true"
        ));
    }
}

#[test]
fn what_is_assumed_is_kept_in_the_browser_until_it_is_reset() {
    let Some(page) = answered() else {
        return;
    };
    show(&page, "demand");
    slide(&page, "rent", 1.0);
    let kept: String = page
        .browser
        .run("return localStorage.getItem('moescope.economics')");
    assert!(kept.contains("\"rent\":30"), "{kept}");
    page.browser
        .goto(&format!("{}?executor=cpu", page.site.address()));
    let ready = "window.moescope && moescope.ready.then(() => true)";
    let _: bool = page
        .browser
        .wait_for("the model", ready, Duration::from_secs(120));
    show(&page, "demand");
    let value = "document.querySelector('[data-assumption=rent]')?.dataset.raw";
    let raw: String = page.browser.wait_for("the rent", value, Duration::from_secs(5));
    assert_eq!(raw, "30");
    let _: bool = page
        .browser
        .run("document.querySelector('.reset').click(); return true");
    let reset = "document.querySelector('[data-assumption=rent]').dataset.raw === '3'";
    let _: bool = page.browser.wait_for("the reset", reset, Duration::from_secs(5));
    let kept: Option<String> = page
        .browser
        .run("return localStorage.getItem('moescope.economics')");
    assert_eq!(kept, None);
}

#[test]
fn bandwidth_and_fewer_bits_are_measured_in_the_page() {
    let Some(page) = answered() else {
        return;
    };
    show(&page, "here");
    page.browser.click("[data-does=calibrate]");
    let known = "document.querySelector('[data-value=device-bandwidth]')?.dataset.raw";
    let rate: String = page
        .browser
        .wait_for("the bandwidth", known, Duration::from_secs(60));
    let rate: f64 = rate.parse().expect("it is a number");
    assert!((1e8..1e13).contains(&rate), "{rate} bytes a second");
    let _share = number(&page, "bandwidth-share", "only");
    show(&page, "bits");
    page.browser.click("[data-does=compare-bits]");
    let known = "document.querySelector('[data-value=kl-divergence]') ? 'yes' : null";
    let _: String = page
        .browser
        .wait_for("the comparison", known, Duration::from_secs(120));
    let [eight, two] = [8, 2].map(|bits| number(&page, "kl-divergence", &format!("bits-{bits}")));
    assert!(
        eight < two && eight < 0.01,
        "8 bits are {eight} bits away, 2 bits {two}"
    );
    page.browser.screenshot("economics-bits");
}
