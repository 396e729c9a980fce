//! The economics panels in a real browser: every slider moves the number it should, rows and price files
//! of the visitor's are taken or refused with a reason, what is assumed survives a reload and goes with a
//! link, and what is measured is measured.

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

/// Waits until a number is this one.
#[track_caller]
fn comes_to(page: &Page, name: &str, column: &str, value: f64) {
    let selector = format!("[data-value='{name}'][data-subject='{column}']");
    let is_there = format!("Number(document.querySelector(\"{selector}\")?.dataset.raw) === {value}");
    let _: bool = page.browser.wait_for(name, &is_there, Duration::from_secs(5));
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

/// Every view of the group.
const VIEWS: [&str; 10] = [
    "here", "dense", "batch", "demand", "context", "bits", "receipt", "budget", "waste", "guide",
];
/// This model neither reasons nor is its seller paid for writing to a cache, so these prices move the
/// inputs of a number and not the number.
const MOVE_INPUTS_ALONE: [&str; 2] = ["price-reasoning", "price-cache-write"];

#[test]
fn every_slider_of_every_panel_moves_some_number() {
    use moescope_app::state::economics::Assumption;
    let Some(page) = answered() else {
        return;
    };
    // What a second turn finds in the cache has a price, and a model of many devices feels everything.
    let _: bool = page.browser.run(
        "await moescope.generate({ prompt: 'What is 3 + 4?', seed: 1, temperature: 0, maxTokens: 20, continueChat: true }); return true",
    );
    show(&page, "batch");
    let _: bool = page.browser.run(
        "const picker = document.querySelector('[data-picker=beside]'); picker.value = 'deepseek-v3';
         picker.dispatchEvent(new Event('change', { bubbles: true })); return true",
    );
    let mut moved: Vec<String> = Vec::new();
    for view in VIEWS {
        show(&page, view);
        let found: Vec<(String, bool, bool)> = page.browser.run(&format!(
            "const view = document.querySelector('[data-view={view}]'), wait = () => new Promise(done => setTimeout(done, 40));
             for (const drawer of view.querySelectorAll('.drawer')) drawer.open = true;
             const numbers = () => [...view.querySelectorAll('data[data-subject]')].map(it => it.dataset.raw + it.textContent).join();
             const inputs = () => [...view.querySelectorAll('.workings li')].map(it => it.textContent).join();
             const slide = (control, share) => {{
                 const slider = control.querySelector('input[type=range]');
                 slider.value = Math.round(slider.max * share);
                 slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
             }};
             // How a cache is stored matters to the fit of a long context only, and rent is saved only where
             // experts are left out.
             const held = {{ bits: {{ context: 1 }}, waste: {{ 'keep-share': 0, context: 1 }} }}['{view}'] ?? {{}};
             const found = [], keys = [...new Set([...view.querySelectorAll('[data-assumption]')].map(it => it.dataset.assumption))];
             for (const key of keys) {{
                 const control = () => view.querySelector(`[data-assumption=${{key}}]`);
                 const before = [numbers(), inputs()], box = control().querySelector('input[type=checkbox]');
                 let moves = false, tells = false;
                 for (const share of [1, 0]) {{
                     if (moves) break;
                     if (box) box.click(); else slide(control(), share);
                     for (let tries = 0; tries < 25 && !moves; tries += 1) {{
                         await wait();
                         moves = numbers() !== before[0];
                     }}
                     tells ||= inputs() !== before[1];
                 }}
                 found.push([key, moves, tells]);
                 if (held[key] !== undefined) {{ slide(control(), held[key]); await wait(); continue; }}
                 if (box) {{ if (box.checked) box.click(); }} else control().querySelector('.from button')?.click();
                 for (let tries = 0; tries < 25 && numbers() !== before[0]; tries += 1) await wait();
             }}
             return found;"
        ));
        for (key, moves, tells) in found {
            let is_expected = moves || (tells && MOVE_INPUTS_ALONE.contains(&key.as_str()));
            assert!(is_expected, "{view}: {key} moves no number");
            moved.push(key);
        }
    }
    let all = Assumption::ALL.iter().map(|assumption| assumption.bounds().key);
    let unmoved: Vec<&str> = all
        .filter(|key| !moved.iter().any(|moved| moved == key))
        .collect();
    assert!(unmoved.is_empty(), "no panel has {unmoved:?}");
}

#[test]
fn rows_are_changed_added_refused_kept_and_undone_in_the_page() {
    let Some(page) = answered() else {
        return;
    };
    let browser = &page.browser;
    show(&page, "guide");
    let typed = |key: &str, text: &str| {
        let _: bool = browser.run(&format!(
            "const field = document.querySelector('[data-field={key}]'); field.value = '{text}';
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); return true"
        ));
    };
    browser.click("[data-changes=h100]");
    let form = "!!document.querySelector('[data-changing=h100]')";
    let _: bool = browser.wait_for("the form", form, Duration::from_secs(5));
    typed("memory", "a lot");
    let told = "document.querySelector('[data-value=row-error]')?.textContent";
    let told: String = browser.wait_for("the reason", told, Duration::from_secs(5));
    assert!(told.contains("a lot") && told.contains("as it was"), "{told}");
    assert_eq!(number(&page, "memory", "h100"), 80e9);
    typed("memory", "94");
    let mine = "document.querySelector('[data-row=h100].own .yours')?.textContent";
    let _: String = browser.wait_for("the mark", mine, Duration::from_secs(5));
    comes_to(&page, "memory", "h100", 94e9);
    // One more by keyboard, like the one chosen.
    let _: bool = browser.run("document.querySelector('[data-adds=device]').focus(); return true");
    browser.press("\u{e007}");
    let form = "!!document.querySelector('[data-changing=own-2]')";
    let _: bool = browser.wait_for("the new row", form, Duration::from_secs(5));
    typed("bandwidth", "12,5");
    comes_to(&page, "bandwidth", "own-2", 12.5e12);
    // Its numbers open, too.
    browser.click("[data-row=own-2] [data-value=bandwidth]");
    let story = "document.querySelector('[data-workings=bandwidth] li')?.textContent";
    let story: String = browser.wait_for("the story", story, Duration::from_secs(5));
    assert!(story.contains("yours since"), "{story}");
    // Chosen, it is on the other panels, and after a reload.
    browser.click("[data-compares=own-2]");
    browser.click("[data-shows-on=batch]");
    let chosen = "document.querySelector('[data-view=batch] [data-picker=device]')?.value";
    let chosen: String = browser.wait_for("the panel", chosen, Duration::from_secs(5));
    assert_eq!(chosen, "own-2");
    browser.goto("about:blank");
    browser.goto(&format!("{}?executor=cpu", page.site.address()));
    let ready = "window.moescope && moescope.ready.then(() => true)";
    let _: bool = browser.wait_for("the model", ready, Duration::from_secs(120));
    show(&page, "guide");
    comes_to(&page, "memory", "h100", 94e9);
    comes_to(&page, "bandwidth", "own-2", 12.5e12);
    browser.screenshot("economics-guide-rows");
    browser.click("[data-does=drop-rows]");
    let gone = "!document.querySelector('[data-row=own-2], .yours')";
    let _: bool = browser.wait_for("the page's rows", gone, Duration::from_secs(5));
    assert_eq!(number(&page, "memory", "h100"), 80e9);
}

#[test]
fn a_price_file_is_read_or_says_why_not() {
    let Some(page) = answered() else {
        return;
    };
    let browser = &page.browser;
    show(&page, "receipt");
    let folder = std::env::temp_dir().join(format!("moescope-prices-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let give = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("it is written");
        browser.type_into("[data-picker=price-file]", &path.to_string_lossy());
    };
    let refused = |part: &str| {
        let told = format!(
            "(told => told?.includes('{part}') ? told : null)(document.querySelector('[data-value=price-error]')?.textContent)"
        );
        let _: String = browser.wait_for(part, &told, Duration::from_secs(20));
    };
    let before = number(&page, "total", "cost");
    give("broken.json", "{\"gpt\": {");
    refused("not JSON");
    give("list.json", "[1, 2]");
    refused("a list");
    give(
        "missing.json",
        "{\"dall-e\": {\"input_cost_per_pixel\": 1e-8}, \"half\": {\"input_cost_per_token\": 1e-6}}",
    );
    refused("none of the 2 entries");
    give("huge.json", &" ".repeat((16 << 20) + 1));
    refused("more than a price sheet has");
    give("bytes.json", "\u{0}\u{1}\u{fffd}");
    refused("not JSON");
    assert_eq!(
        number(&page, "total", "cost"),
        before,
        "what was refused changes nothing"
    );
    let entries: Vec<String> = (0..3000)
        .map(|nth| format!("\"model-{nth}\": {{\"input_cost_per_token\": 1e-3, \"output_cost_per_token\": 2e-3, \"litellm_provider\": \"me\"}}"))
        .collect();
    give(
        "good.json",
        &format!(
            "{{\"sample_spec\": {{\"input_cost_per_token\": 0}}, {}}}",
            entries.join(",")
        ),
    );
    let read = "document.querySelector('[data-picker=prices]').value === 'model-0'";
    let _: bool = browser.wait_for("the prices", read, Duration::from_secs(20));
    assert!(number(&page, "total", "cost") > before * 10.0);
    let quiet: bool = browser.run("return !document.querySelector('[data-value=price-error]')");
    assert!(quiet, "what was wrong before is wrong no longer");
    show(&page, "guide");
    let rows: usize = browser.run("return document.querySelectorAll('[data-guide=prices] tbody').length");
    assert_eq!(rows, 100, "of a long sheet the first are shown");
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
}

#[test]
fn a_link_reopens_the_numbers_it_was_made_at_and_gives_the_visitors_own_back() {
    let Some(page) = answered() else {
        return;
    };
    let browser = &page.browser;
    show(&page, "demand");
    slide(&page, "rent", 0.2);
    slide(&page, "tokens-wanted", 0.9);
    let dollars = number(&page, "dollars-per-million", "gpt-oss-20b");
    let written = "location.hash.includes('e.tokens-wanted=') ? location.href : null";
    let link: String = browser.wait_for("the address", written, Duration::from_secs(5));
    // Somebody else, who assumes otherwise.
    let _: bool = browser.run("document.querySelector('.reset').click(); return true");
    slide(&page, "rent", 1.0);
    browser.goto("about:blank");
    browser.goto(&link);
    let ready = "window.moescope && moescope.ready.then(() => true)";
    let _: bool = browser.wait_for("the model", ready, Duration::from_secs(120));
    let shown = "!!document.querySelector('[data-view=demand] [data-does=come-back]')";
    let _: bool = browser.wait_for("the moment", shown, Duration::from_secs(60));
    assert_eq!(number(&page, "dollars-per-million", "gpt-oss-20b"), dollars);
    browser.click("[data-does=come-back]");
    let own = "document.querySelector('[data-assumption=rent]').dataset.raw === '30'";
    let _: bool = browser.wait_for("the visitor's own", own, Duration::from_secs(5));
    let kept: String = browser.run("return localStorage.getItem('moescope.economics')");
    assert!(kept.contains("\"rent\":30"), "{kept}");
}

#[test]
fn the_model_is_held_against_another_file_in_the_page() {
    let Some(page) = answered() else {
        return;
    };
    let browser = &page.browser;
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/models/moescope-demo.gguf");
    let demo = std::fs::canonicalize(demo).expect("the demo model");
    let file = std::fs::read(&demo).expect("the demo model");
    let folder = std::env::temp_dir().join(format!("moescope-reference-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let q4 = folder.join("demo-q4_0.gguf");
    std::fs::write(&q4, moescope_tests::requantized::in_q4_0(&file)).expect("it is written");
    let broken = folder.join("broken.gguf");
    std::fs::write(&broken, &file[..20_000]).expect("it is written");
    show(&page, "bits");
    let choose = |path: &std::path::Path| {
        browser.type_into("[data-picker=reference]", &path.to_string_lossy());
        let told = "document.querySelector('[data-value=reference-needs]')?.textContent";
        let told: String = browser.wait_for("what it takes", told, Duration::from_secs(10));
        assert!(told.contains("MB") || told.contains("kB"), "{told}");
        browser.click("[data-does=compare-file]");
    };
    choose(&broken);
    let alert = "document.querySelector('[role=alert]')?.textContent";
    let alert: String = browser.wait_for("the reason", alert, Duration::from_secs(60));
    assert!(alert.contains("broken.gguf could not be compared"), "{alert}");
    let compared = |path: &std::path::Path| {
        choose(path);
        let column = path.file_name().expect("a name").to_string_lossy().into_owned();
        let there = format!(
            "[...document.querySelectorAll('[data-value=kl-divergence][data-subject=file]')].length && document.body.textContent.includes('{column}') ? 'yes' : null"
        );
        let _: String = browser.wait_for("the comparison", &there, Duration::from_secs(120));
        ["positions", "kl-divergence", "agreement"].map(|name| number(&page, name, "file"))
    };
    let [positions, divergence, agreement] = compared(&demo);
    assert!(
        positions > 40.0 && divergence == 0.0 && agreement == 1.0,
        "a model is itself"
    );
    let [again, divergence, agreement] = compared(&q4);
    assert!(
        again == positions && divergence > 1e-4 && divergence < 1.0 && agreement > 0.7,
        "{divergence} bits, {agreement} of first choices"
    );
    let curve: usize =
        browser.run("return document.querySelectorAll('[data-chart=divergence] circle').length");
    assert_eq!(curve as f64, positions + 1.0, "each position, and the key");
    let farthest = number(&page, "farthest", "divergence");
    assert!(farthest >= divergence, "the farthest is no nearer than the mean");
    browser.screenshot("economics-reference");
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
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
