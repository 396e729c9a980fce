//! Runs in a real Chromium: shown before there is a model, saved, opened, imported, kept, linked; what is
//! on screen is what the exported file says. Needs a built page, as `browser.rs` does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use moescope_run_file::{Run, ledger, read};
use moescope_tests::page::{Page, Visit};
use serde_json::Value;

const PROMPT: &str = "What is 27 + 58?";
const LIMIT: Duration = Duration::from_secs(30);
/// A page whose model never comes.
const NO_MODEL: &str = "?executor=cpu&model=models/none.gguf";

fn shipped() -> Run {
    read(include_bytes!("../public/runs/demo.safetensors")).expect("it is whole")
}

fn goto(page: &Page, rest: &str) {
    // An address that differs only behind the `#` would not open the page anew.
    page.browser.goto("about:blank");
    page.browser.goto(&format!("{}{rest}", page.site.address()));
}

#[track_caller]
fn wait(page: &Page, what: &str, check: &str) {
    let _: bool = page.browser.wait_for(what, check, LIMIT);
}

#[track_caller]
fn wait_for_run(page: &Page) {
    wait(
        page,
        "a recorded run",
        "!!document.querySelector('.replayed') && !!document.querySelector('.token.generated')",
    );
}

#[track_caller]
fn wait_for_model(page: &Page) {
    wait(
        page,
        "the model",
        "window.moescope && moescope.ready.then(() => true)",
    );
}

#[track_caller]
fn say(page: &Page, text: &str) {
    let before: usize = page.browser.run("return moescope.state().positions");
    page.browser.type_into("#prompt", text);
    page.browser.click("#send");
    wait(
        page,
        "the answer",
        &format!("!moescope.state().isGenerating && moescope.state().positions > {before}"),
    );
}

/// What the page says: turn by turn, the text of its tokens.
fn said(page: &Page) -> Vec<Value> {
    page.each(".turn > .visually-hidden", "element => element.textContent")
}

/// Files that the page saves from now on stand in `window.saved` as base64.
fn catch_files(page: &Page) {
    page.browser.run::<bool>(
        "window.saved = [];
         const make = URL.createObjectURL;
         URL.createObjectURL = blob => {
           const reader = new FileReader();
           reader.onload = () => saved.push(reader.result.split(',')[1]);
           reader.readAsDataURL(blob);
           return make.call(URL, blob);
         };
         return true",
    );
}

#[track_caller]
fn saved_file(page: &Page, button: &str) -> Vec<u8> {
    page.browser.run::<bool>(&format!(
        "saved.length = 0; document.querySelector('#runs').open = true;
         document.querySelector(`{button}`).click(); return true"
    ));
    let text: String = page.browser.wait_for("the file", "window.saved[0]", LIMIT);
    STANDARD.decode(text).expect("it is base64")
}

/// Selects a token and holds the panels against the columns of the run.
#[track_caller]
fn assert_shows(page: &Page, run: &Run, row: usize) {
    let position = run.rows.positions[row];
    // The driver does not see that a token is scrolled out of the text it stands in.
    page.browser.run::<()>(&format!(
        "document.querySelector(`[data-token-position='{position}']`).scrollIntoView({{ block: 'center' }})"
    ));
    page.browser.click(&format!("[data-token-position='{position}']"));
    wait(
        page,
        "the selection",
        &format!("!!document.querySelector('[data-token-position=\"{position}\"][aria-selected=true]')"),
    );
    let model = &run.info.model;
    let (layers, top_k) = (model.moe_layers.len(), model.top_k as usize);
    let cell = "cell => [+cell.dataset.layer, +cell.dataset.rank, +cell.dataset.expert]";
    let mut shown: Vec<Vec<u64>> = page
        .each("[data-panel=experts] [data-rank]", cell)
        .into_iter()
        .map(|cell| serde_json::from_value(cell).expect("three numbers"))
        .collect();
    shown.sort();
    let ids = &run.rows.expert_ids[row * layers * top_k..(row + 1) * layers * top_k];
    let mut expected: Vec<Vec<u64>> = ids
        .iter()
        .enumerate()
        .map(|(at, &id)| {
            vec![
                u64::from(model.moe_layers[at / top_k]),
                (at % top_k) as u64 + 1,
                u64::from(id),
            ]
        })
        .collect();
    expected.sort();
    assert_eq!(shown, expected, "experts at position {position}");
    let lines = ledger::ledger(run);
    let line = lines
        .iter()
        .find(|line| line.position == position)
        .expect("a line");
    for (panel, name, value) in [
        ("kv", "kv-held-bytes", line.kv_held_bytes),
        ("cost", "weight-bytes", line.weight_bytes),
        ("cost", "operations", line.operations),
    ] {
        if let Some(value) = value {
            assert_eq!(
                page.figure(panel, name),
                value as f64,
                "{name} at position {position}"
            );
        }
    }
}

#[test]
fn a_recorded_run_is_on_screen_within_a_second_and_needs_no_model() {
    const MOST_MILLIS: f64 = 1000.0;
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        goto(&page, NO_MODEL);
        wait_for_run(&page);
        let millis: f64 = page
            .browser
            .run("return performance.getEntriesByName('moescope-first-run')[0].startTime");
        best = best.min(millis);
    }
    println!("a recorded run is shown after {best:.0} ms");
    assert!(best <= MOST_MILLIS, "{best} ms");
    let run = shipped();
    for row in [0, 5, run.rows.positions.len() - 1] {
        assert_shows(&page, &run, row);
    }
    page.browser.screenshot("recorded-run");
    let has_model: bool = page.browser.run("return moescope.state().model !== null");
    assert!(!has_model, "nothing was loaded");
    // The first prompt of a visitor whose model is there begins a conversation of their own.
    goto(&page, "?executor=cpu");
    wait_for_model(&page);
    wait_for_run(&page);
    say(&page, "What is 2 + 2?");
    assert_eq!(said(&page).len(), 2);
    let is_left: bool = page
        .browser
        .run("return document.querySelector('.replayed') === null");
    assert!(is_left);
}

#[test]
fn a_saved_run_opens_without_a_model_and_says_what_was_on_screen() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    let answer = page.generate(PROMPT, 24);
    catch_files(&page);
    let bytes = saved_file(&page, "#save-run");
    let run = read(&bytes).expect("the page writes what it reads");
    let generation = &run.info.generations[0];
    assert_eq!(
        run.tokens.ids[generation.prompt_tokens as usize..],
        answer.tokens[..]
    );
    assert_eq!(generation.prompt.as_deref(), Some(PROMPT));
    assert!(!run.rows.router_probs.is_empty() && run.info.device.is_some());
    assert_shows(&page, &run, 3);
    assert_shows(&page, &run, 20);
    let csv = saved_file(&page, "#save-ledger");
    let csv = String::from_utf8(csv).expect("it is UTF-8");
    assert_eq!(csv.trim_start_matches('\u{feff}'), ledger::csv(&run));
    page.browser
        .run::<bool>("document.querySelector('#runs input[type=checkbox]').click(); return true");
    let small = read(&saved_file(&page, "#save-run")).expect("a run without distributions");
    assert!(small.rows.router_probs.is_empty() && !small.rows.router_entropy_bits.is_empty());

    // On another day, on a machine without a model.
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("saved.safetensors");
    std::fs::write(&path, &bytes).expect("the run is written");
    page.browser.run::<bool>("sessionStorage.clear(); return true");
    goto(&page, NO_MODEL);
    wait_for_run(&page);
    page.browser.type_into("#open-run", &path.display().to_string());
    let told = format!(
        "document.querySelectorAll('.token.generated').length === {}",
        answer.tokens.len()
    );
    wait(&page, "the saved run", &told);
    assert_shows(&page, &run, 3);
    assert_shows(&page, &run, 20);
    for (name, width) in [
        ("runs-menu-390", 390),
        ("runs-menu-768", 768),
        ("runs-menu", 1440),
    ] {
        page.browser.resize(width, 900);
        page.browser
            .run::<bool>("document.querySelector('#runs').open = true; return true");
        page.browser.screenshot(name);
        let [wide, window]: [u32; 2] = page
            .browser
            .run("return [document.documentElement.scrollWidth, innerWidth]");
        assert!(wide <= window, "{wide} wide in a window of {window}");
    }
    // Half of it is a sentence, and what was on screen stays.
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("half is written");
    page.browser.type_into("#open-run", &path.display().to_string());
    // There was another about the model that is missing.
    let alert: String = page.browser.wait_for(
        "the sentence",
        "[...document.querySelectorAll('[role=alert]')].map(alert => alert.textContent)
            .find(text => text.includes('saved.safetensors'))",
        LIMIT,
    );
    assert!(alert.contains("safetensors file"), "{alert}");
    wait(&page, "the run before", &told);
}

#[test]
fn runs_of_other_programs_are_pasted_and_dropped() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/imports");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the fixture");
    goto(&page, NO_MODEL);
    wait_for_run(&page);
    for name in [
        "llama_cpp_moe_trace.csv",
        "moe_atlas.jsonl",
        "sglang.json",
        "vllm.json",
    ] {
        let (run, _) = moescope_run_file::import::import(&text(name)).expect("it is whole");
        let json = serde_json::to_string(&text(name)).expect("a string");
        let shown = format!(
            "document.querySelectorAll('[data-token-position]').length === {}",
            run.tokens.ids.len()
        );
        for how in [
            // Pasted into the field.
            format!(
                "document.querySelector('#runs').open = true;
                 document.querySelector('#paste-run').value = {json};
                 document.querySelector('.paste button').click(); return true"
            ),
            // Dropped as a file, anywhere.
            format!(
                "const data = new DataTransfer(); data.items.add(new File([{json}], '{name}'));
                 document.querySelector('#conversation').dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}));
                 return true"
            ),
        ] {
            page.browser.run::<bool>("document.querySelector('#leave-run')?.click(); return true");
            wait(&page, "an empty page", "document.querySelector('.replayed') === null");
            page.browser.run::<bool>(&how);
            wait(&page, name, &shown);
            assert_shows(&page, &run, 0);
            assert_shows(&page, &run, 5);
        }
        page.browser.screenshot(&format!("import-{name}"));
    }
    page.browser.run::<bool>(
        "document.querySelector('#runs').open = true;
         document.querySelector('#paste-run').value = '{\"choices\":[{\"routed_experts\":\"%%\"}]}';
         document.querySelector('.paste button').click(); return true",
    );
    // The model that is not there is told of too, at a time of its own.
    wait(
        &page,
        "the sentence",
        "[...document.querySelectorAll('[role=alert]')].some((alert) => alert.textContent.includes('base64'))",
    );
    wait(
        &page,
        "the run before it",
        "document.querySelectorAll('[data-token-position]').length === 7",
    );
}

#[test]
fn a_reload_loses_nothing_and_a_prompt_goes_on() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    say(&page, "Say these words again: river, moon.");
    let before = said(&page);
    wait(
        &page,
        "it to be kept",
        "sessionStorage.getItem('moescope.conversation') !== null",
    );
    wait(
        &page,
        "the list",
        "document.querySelectorAll('[data-kept]').length === 1",
    );
    let positions: usize = page.browser.run("return moescope.state().positions");
    // Without its model, it is read again.
    goto(&page, NO_MODEL);
    wait_for_run(&page);
    assert_eq!(said(&page), before);
    goto(&page, "?executor=cpu");
    wait_for_model(&page);
    wait_for_run(&page);
    assert_eq!(said(&page), before);
    say(&page, PROMPT);
    let after = said(&page);
    assert_eq!(after[..2], before[..]);
    assert_eq!(after.len(), 4);
    let now: usize = page.browser.run("return moescope.state().positions");
    assert!(
        now > positions,
        "it goes on where it was: {now} after {positions}"
    );
    wait(
        &page,
        "one conversation",
        "document.querySelectorAll('[data-kept]').length === 1",
    );

    // Another one, then the first by its new name.
    page.browser.click("#new-chat");
    say(&page, "What is 2 + 2?");
    wait(
        &page,
        "two conversations",
        "document.querySelectorAll('[data-kept]').length === 2",
    );
    page.browser.run::<bool>(
        "document.querySelector('#runs').open = true;
         const name = [...document.querySelectorAll('[data-kept] .name')].at(-1);
         name.value = 'rivers'; name.dispatchEvent(new Event('change', { bubbles: true })); return true",
    );
    wait(
        &page,
        "its name",
        "[...document.querySelectorAll('[data-kept] .name')].some(name => name.value === 'rivers')",
    );
    page.browser.screenshot("kept-conversations");
    let of = |button: &str| {
        format!(
            "[...document.querySelectorAll('[data-kept]')].find(item => item.querySelector('.name').value === 'rivers').querySelector('{button}')"
        )
    };
    page.browser
        .run::<bool>(&format!("{}.click(); return true", of(".open")));
    wait(
        &page,
        "the first conversation",
        "document.querySelectorAll('.turn').length === 4",
    );
    assert_eq!(said(&page), after);
    catch_files(&page);
    page.browser.run::<bool>(&format!(
        "document.querySelector('#runs').open = true; {}.click(); return true",
        of(".export")
    ));
    let file: String = page.browser.wait_for("the file", "window.saved[0]", LIMIT);
    let run = read(&STANDARD.decode(file).expect("base64")).expect("a run");
    assert_eq!(
        (run.info.title.as_str(), run.info.generations.len()),
        ("rivers", 2)
    );
    page.browser
        .run::<bool>(&format!("{}.click(); return true", of(".delete button")));
    wait(
        &page,
        "the deletion",
        "document.querySelectorAll('[data-kept]').length === 1",
    );
    // What was live stood aside all the time.
    wait(
        &page,
        "what was live",
        "document.querySelectorAll('.turn').length === 2 && document.querySelector('.replayed') === null",
    );
}

#[test]
fn forbidden_storage_is_a_sentence_and_everything_else_works() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    page.browser.before_every_page(
        "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('denied by the test', 'SecurityError') } })",
    );
    goto(&page, "?executor=cpu");
    wait_for_model(&page);
    wait_for_run(&page);
    page.browser
        .run::<bool>("document.querySelector('#runs').open = true; return true");
    let told: String = page.browser.wait_for(
        "the sentence",
        "document.querySelector('#runs .kept')?.textContent",
        LIMIT,
    );
    assert!(
        told.contains("denied by the test") && told.contains("everything else works"),
        "{told}"
    );
    page.browser
        .run::<bool>("document.querySelector('#runs').open = false; return true");
    say(&page, "What is 2 + 2?");
    assert_eq!(said(&page).len(), 2);
}

#[test]
fn a_link_opens_the_same_moment() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    page.browser.run::<bool>(
        "await moescope.generate({ prompt: 'Tell me a story.', seed: 11, temperature: 0.8, maxTokens: 20 });
         await moescope.generate({ prompt: 'What is 2 + 2?', seed: 12, temperature: 0.5, maxTokens: 12, continueChat: true });
         return true",
    );
    page.browser.click("[data-token-position='9']");
    page.browser.click("[data-leads-to=kv]");
    wait(
        &page,
        "the view",
        "moescope.state().view === 'kv' && moescope.state().selected === 9",
    );
    wait(
        &page,
        "the address",
        "location.hash.includes('token=9') && location.hash.includes('view=kv')",
    );
    let hash: String = page.browser.run("return location.hash");
    let before = said(&page);
    let tokens = "element => [element.dataset.tokenPosition, element.textContent]";
    let marks = page.each("[data-token-position]", tokens);
    // Somebody else's browser: nothing is kept there.
    page.browser.run::<bool>("sessionStorage.clear(); return true");
    goto(&page, &format!("?executor=cpu{hash}"));
    wait_for_model(&page);
    wait(
        &page,
        "the moment",
        "moescope.state().view === 'kv' && moescope.state().selected === 9 && !moescope.state().isGenerating && document.querySelectorAll('.turn').length === 4",
    );
    assert_eq!(said(&page), before);
    assert_eq!(page.each("[data-token-position]", tokens), marks);
    wait(&page, "the same address", &format!("location.hash === {hash:?}"));
    // In the same tab, a link to a moment of the shipped run.
    page.browser
        .run::<bool>("location.hash = '#run=shipped&token=5&layer=1&expert=2'; return true");
    wait_for_run(&page);
    wait(
        &page,
        "its token",
        "!!document.querySelector('[data-token-position=\"5\"][aria-selected=true]')",
    );
}

/// Chooses another token than the one at a position of the last answer, as a visitor does.
fn branch(page: &Page, position: u32) {
    page.browser.click(&format!("[data-token-position='{position}']"));
    page.browser.click("[data-leads-to=experts]");
    wait(
        page,
        "the way to the prediction",
        "!!document.querySelector('[data-leads-to=prediction]')",
    );
    page.browser.click("[data-leads-to=prediction]");
    wait(page, "another token", "!!document.querySelector('button.branch')");
    page.browser.run::<bool>(
        "window.before = [...document.querySelectorAll('.earlier')].length; document.querySelector('button.branch').click(); return true",
    );
    wait(
        page,
        "the other answer",
        "document.querySelectorAll('.earlier').length > window.before && !moescope.state().isGenerating",
    );
}

#[test]
fn a_link_opens_a_branched_answer() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    page.browser.run::<bool>(
        "await moescope.generate({ prompt: 'Tell me a story.', seed: 11, temperature: 0.8, maxTokens: 20 }); return true",
    );
    let first: u32 = page
        .browser
        .run("return +document.querySelector('.turn.model .token.generated').dataset.tokenPosition");
    branch(&page, first + 4);
    branch(&page, first + 9);
    page.browser.run::<bool>(
        "await moescope.generate({ prompt: 'What is 2 + 2?', seed: 12, temperature: 0.5, maxTokens: 12, continueChat: true }); return true",
    );
    page.browser
        .click(&format!("[data-token-position='{}']", first + 6));
    wait(
        &page,
        "the address",
        &format!(
            "location.hash.split('branch=').length === 3 && location.hash.includes('token={}')",
            first + 6
        ),
    );
    let hash: String = page.browser.run("return location.hash");
    let marks = |page: &Page| {
        let told = "element => [element.dataset.tokenPosition, element.dataset.token, element.textContent]";
        page.each("[data-token-position]", told)
    };
    let before = marks(&page);
    // Of this tab's reload, which reads what is kept, and of a stranger's browser, where the model answers.
    goto(&page, &format!("?executor=cpu&again{hash}"));
    wait_for_run(&page);
    wait(
        &page,
        "the kept one",
        "document.querySelectorAll('.turn').length === 4",
    );
    assert_eq!(marks(&page), before);
    wait_for_model(&page);
    wait(&page, "the same address", &format!("location.hash === {hash:?}"));
    page.browser.run::<bool>("sessionStorage.clear(); return true");
    goto(&page, &format!("?executor=cpu{hash}"));
    wait_for_model(&page);
    wait(
        &page,
        "the moment",
        &format!(
            "moescope.state().selected === {} && !moescope.state().isGenerating && document.querySelectorAll('.turn').length === 4",
            first + 6
        ),
    );
    assert_eq!(marks(&page), before);
    wait(
        &page,
        "the same address again",
        &format!("location.hash === {hash:?}"),
    );
    // A branch where there is no answer is told in a sentence.
    page.browser
        .run::<bool>("location.hash = '#prompt=Hi&branch=900.7'; return true");
    wait(
        &page,
        "why it is not followed",
        "document.querySelector('[role=alert]')?.textContent.includes('could not be followed')",
    );
}

/// Width and height of a PNG, from its header.
fn png_size(bytes: &[u8]) -> [u32; 2] {
    assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n", "it begins as a PNG does");
    assert_eq!(bytes[12..16], *b"IHDR");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    [number(16), number(20)]
}

#[test]
fn a_view_is_saved_as_a_picture_with_its_caption() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    page.generate(PROMPT, 12);
    page.browser.run::<bool>(
        "document.querySelector('.views [data-leads-to=raster]').click();
         await new Promise(resume => setTimeout(resume, 300)); return true",
    );
    catch_files(&page);
    let svg = String::from_utf8(saved_file(&page, "#save-svg")).expect("it is UTF-8");
    let [shown_width, shown_height]: [f64; 2] = page.browser.run(
        "const view = document.querySelector('.trace .view').getBoundingClientRect(); return [view.width, view.height]",
    );
    // A parser of its own: what is no XML is an error, whatever else is in it.
    let svg_json = serde_json::to_string(&svg).expect("a string");
    let [width, height, images, parts]: [f64; 4] = page.browser.run(&format!(
        "const svg = new DOMParser().parseFromString({svg_json}, 'image/svg+xml').documentElement;
         const number = name => parseFloat(svg.getAttribute(name));
         return [number('width'), number('height'), svg.querySelectorAll('img').length,
                 svg.nodeName === 'svg' ? svg.querySelectorAll('.caption').length : -1]"
    ));
    assert!(width > shown_width && height > shown_height, "{width} × {height}");
    assert_eq!((images, parts), (1.0, 1.0), "the raster, and the caption");
    let caption: String = page.browser.run(&format!(
        "return new DOMParser().parseFromString({svg_json}, 'image/svg+xml').querySelector('.caption').textContent"
    ));
    for told in [PROMPT, "moescope-demo", "moescope"] {
        assert!(caption.contains(told), "{caption}");
    }
    let png = saved_file(&page, "#save-png");
    assert_eq!(png_size(&png), [(2.0 * width) as u32, (2.0 * height) as u32]);
    // The picture is not blank: it has more than the ground and one ink.
    let png_json = serde_json::to_string(&STANDARD.encode(&png)).expect("a string");
    let colours: u32 = page.browser.run(&format!(
        "const image = new Image(); image.src = 'data:image/png;base64,' + {png_json}; await image.decode();
         const canvas = document.createElement('canvas'); canvas.width = image.width; canvas.height = image.height;
         const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
         const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
         return new Set(pixels).size"
    ));
    assert!(colours > 10, "{colours} colours");
}

#[test]
fn the_link_is_copied_or_told() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    say(&page, PROMPT);
    let copy = "document.querySelector('#runs').open = true; document.querySelector('#copy-link').click();";
    page.browser.run::<bool>(&format!(
        "window.copied = null;
         navigator.clipboard.writeText = async text => {{ window.copied = text; }};
         {copy} return true"
    ));
    let link: String = page.browser.wait_for("the link", "window.copied", LIMIT);
    // The address follows what is on screen, a moment later.
    wait(&page, "the address", "location.href === window.copied");
    assert!(link.contains('#'), "{link}");
    // A browser that does not let it has the link told instead.
    page.browser.run::<bool>(&format!(
        "navigator.clipboard.writeText = async () => {{ throw new DOMException('denied', 'NotAllowedError'); }};
         {copy} return true"
    ));
    wait(
        &page,
        "the link as a sentence",
        "[...document.querySelectorAll('[role=alert]')].some(alert => alert.textContent.includes(location.href))",
    );
}

#[test]
fn a_text_that_is_dropped_is_a_run_unless_something_is_written_there() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    goto(&page, NO_MODEL);
    wait_for_run(&page);
    let csv = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/imports/llama_cpp_moe_trace.csv");
    let csv = std::fs::read_to_string(csv).expect("the fixture");
    let (run, _) = moescope_run_file::import::import(&csv).expect("it is whole");
    let json = serde_json::to_string(&csv).expect("a string");
    let drop_on = |place: &str| {
        page.browser.run::<bool>(&format!(
            "const data = new DataTransfer(); data.setData('text/plain', {json});
             document.querySelector('{place}').dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}));
             await new Promise(resume => setTimeout(resume, 300)); return true"
        ));
    };
    let marks = "document.querySelectorAll('[data-token-position]').length";
    let before: usize = page.browser.run(&format!("return {marks}"));
    drop_on("#prompt");
    assert_eq!(
        page.browser.run::<usize>(&format!("return {marks}")),
        before,
        "it is text for the prompt"
    );
    drop_on("#conversation");
    wait(&page, "the run", &format!("{marks} === {}", run.tokens.ids.len()));
    assert_shows(&page, &run, 0);
}
