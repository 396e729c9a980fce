//! The page in a real Chromium: it runs the demo model as the native engine does, and shows it.
//!
//! Needs a built page: run by `cargo xtask test browser`, or `cargo xtask build` and then
//! `MOESCOPE_DIST=$PWD/dist cargo test --test browser`.

use std::sync::OnceLock;
use std::time::Duration;

use moescope_tests::devices;
use moescope_tests::native::{self, Run, Seen};
use moescope_tests::outside::Outside;
use moescope_tests::page::{Answer, Page, Visit};
use moescope_tests::webdriver::Launch;
use serde_json::Value;

const PROMPT: &str = "What is 27 + 58?";
const N_TOKENS: u32 = 48;

/// The same prompt answered natively on the CPU executor, once for all tests.
fn native() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| native::answer(PROMPT, N_TOKENS))
}

#[track_caller]
fn assert_native_tokens(page: &Page) -> Answer {
    let answer = page.generate(PROMPT, N_TOKENS);
    assert_eq!(answer.tokens, native().tokens, "the page wrote {:?}", answer.text);
    answer
}

/// The share of router decisions, over positions and layers, that chose the same experts as `native`.
fn share_of_choices(answer: &Answer, native: &Run) -> f64 {
    assert_eq!(answer.ids.len(), native.seen.len(), "positions traced");
    let (mut same, mut all) = (0, 0);
    for (ids, seen) in answer.ids.iter().zip(&native.seen) {
        let choices = ids.chunks(seen.top_k).zip(seen.ids.chunks(seen.top_k));
        same += choices.filter(|(here, there)| here == there).count();
        all += seen.layers.len();
    }
    same as f64 / all as f64
}

#[test]
fn webgpu_in_the_browser_writes_the_native_tokens() {
    let Some(page) = Visit::with("?executor=gpu").open() else {
        return;
    };
    assert_eq!(page.executor(), "gpu");
    let answer = assert_native_tokens(&page);
    let Some(gpu) = devices::as_in_browser() else {
        return;
    };
    let native = native::answer_of(&native::demo_model(), &gpu, PROMPT, N_TOKENS);
    assert_eq!(answer.tokens, native.tokens, "the page wrote {:?}", answer.text);
    // f32 sums in another order: an expert may change places with one of equal probability.
    let share = share_of_choices(&answer, &native);
    println!("the router's choices are the native ones: {share}");
    assert!(
        share >= 0.99,
        "only {share} of the router's choices are the native ones"
    );
}

#[test]
fn the_cpu_executor_in_the_browser_writes_the_native_tokens() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    assert_eq!(page.executor(), "cpu");
    let share = share_of_choices(&assert_native_tokens(&page), native());
    assert!(
        share >= 0.999,
        "only {share} of the router's choices are the native ones"
    );
}

#[test]
fn without_relaxed_simd_the_worker_writes_the_same() {
    let Some(page) = (Visit {
        query: "?executor=cpu",
        instead: Some(["worker_bg.wasm", "worker_bg.simd128.wasm"]),
        ..Visit::default()
    })
    .open() else {
        return;
    };
    let answer = assert_native_tokens(&page);
    assert_eq!(share_of_choices(&answer, native()), 1.0);
}

#[test]
fn two_workers_together_write_the_same() {
    let Some(page) = Visit::with("?executor=cpu&threads=2").open() else {
        return;
    };
    let answer = assert_native_tokens(&page);
    assert_eq!(share_of_choices(&answer, native()), 1.0);
    let told: String = page
        .browser
        .run("return document.querySelector('#executor-badge').parentElement.textContent");
    assert!(told.contains("2 threads"), "they are not told of: {told}");
}

#[test]
fn without_webgpu_the_page_runs_and_says_so() {
    let launch = Launch {
        webgpu: false,
        ..Launch::default()
    };
    let Some(page) = (Visit {
        launch,
        ..Visit::default()
    })
    .open() else {
        return;
    };
    assert_eq!(page.executor(), "cpu");
    let told: String = page
        .browser
        .run("return document.querySelector('#executor-badge').textContent");
    assert!(told.contains("WebGPU"), "the page says only {told:?}");
    assert_native_tokens(&page);
}

#[test]
fn a_selected_token_shows_its_own_numbers_on_every_panel() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    assert_native_tokens(&page);
    for index in [0, 20] {
        let position = native().prompt_tokens + index;
        let seen = native()
            .seen
            .iter()
            .find(|seen| seen.position as usize == position)
            .expect("it was fed back");
        page.browser.click(&format!("[data-token-position='{position}']"));
        let selected =
            format!("document.querySelector('[data-token-position=\"{position}\"][aria-selected=true]')");
        let _shown: bool =
            page.browser
                .wait_for("the selection", &format!("!!{selected}"), Duration::from_secs(5));
        assert_panels_show(&page, seen);
    }
    page.browser.screenshot("selected-token");
    let [height, window]: [u32; 2] = page
        .browser
        .run("return [document.documentElement.scrollHeight, innerHeight]");
    assert!(
        height <= window,
        "the page is {height} high in a window of {window}"
    );
}

#[track_caller]
fn assert_panels_show(page: &Page, seen: &Seen) {
    for (panel, name, expected) in [
        ("kv", "kv-positions", u64::from(seen.kv_positions)),
        ("kv", "kv-held-bytes", seen.kv_held_bytes),
        ("kv", "kv-read-bytes", seen.kv_read_bytes),
        ("kv", "kv-growth-bytes", seen.kv_growth_bytes),
        ("cost", "weight-bytes", seen.weight_bytes),
        ("cost", "operations", seen.operations),
    ] {
        assert_eq!(
            page.figure(panel, name),
            expected as f64,
            "{name} at position {}",
            seen.position
        );
    }
    let function =
        "cell => [+cell.dataset.layer, +cell.dataset.rank, +cell.dataset.expert, +cell.dataset.weight]";
    let mut shown: Vec<Chosen> = page
        .each("[data-panel=experts] [data-rank]", function)
        .iter()
        .map(Chosen::from_json)
        .collect();
    shown.sort_by_key(|chosen| (chosen.layer, chosen.rank));
    let expected = Chosen::all(seen);
    assert_eq!(
        shown.len(),
        expected.len(),
        "experts at position {}",
        seen.position
    );
    for (shown, expected) in shown.iter().zip(&expected) {
        assert_eq!(
            (shown.layer, shown.rank, shown.expert),
            (expected.layer, expected.rank, expected.expert)
        );
        assert!(
            (shown.weight - expected.weight).abs() < WEIGHT_TOLERANCE,
            "{shown:?} is not {expected:?}"
        );
    }
}

/// Both are sums of f32 in the same order; `exp` may differ in its last bits between platforms.
const WEIGHT_TOLERANCE: f64 = 1e-4;

/// One chosen expert of one layer.
#[derive(Debug)]
struct Chosen {
    layer: u64,
    rank: u64,
    expert: u64,
    weight: f64,
}

impl Chosen {
    fn all(seen: &Seen) -> Vec<Self> {
        let chosen = |(at, (&id, &weight)): (usize, (&u16, &f32))| Self {
            layer: u64::from(seen.layers[at / seen.top_k]),
            rank: (at % seen.top_k) as u64 + 1,
            expert: u64::from(id),
            weight: f64::from(weight),
        };
        seen.ids
            .iter()
            .zip(&seen.weights)
            .enumerate()
            .map(chosen)
            .collect()
    }

    fn from_json(cell: &Value) -> Self {
        let number = |at: usize| cell[at].as_u64().unwrap_or(u64::MAX);
        Self {
            layer: number(0),
            rank: number(1),
            expert: number(2),
            weight: cell[3].as_f64().unwrap_or(f64::NAN),
        }
    }
}

#[test]
fn stop_ends_the_answer_within_one_token() {
    const UNDER_WAY: usize = 2; // the token being computed, and one on its way to the screen
    let Some(page) = Visit::with("?executor=gpu").open() else {
        return;
    };
    let counts: (usize, usize) = page.browser.run(
        "const shown = () => document.querySelectorAll('.token.generated').length;
         const until = async check => { while (!check()) await new Promise(resume => setTimeout(resume, 5)); };
         const answer = moescope.generate({ prompt: 'Tell me a story.', temperature: 0, maxTokens: 400, ignoreEos: true });
         await until(() => shown() >= 5 && document.querySelector('#stop'));
         const before = shown();
         document.querySelector('#stop').click();
         const { tokens } = await answer;
         return [before, tokens.length];",
    );
    let (before, after) = counts;
    assert!(
        after <= before + UNDER_WAY,
        "{before} tokens were shown at the click, {after} came in all"
    );
}

#[test]
fn a_truncated_file_gives_a_sentence_and_the_old_model_stays() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    let bytes = std::fs::read(native::demo_model()).expect("the demo model is in public/models");
    let path = std::env::temp_dir().join(format!("moescope-truncated-{}.gguf", std::process::id()));
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("a truncated copy is written");
    page.browser
        .type_into("input[type=file]", &path.to_string_lossy());
    let alert = "document.querySelector('[role=alert]')?.textContent.trim()";
    let sentence: String = page
        .browser
        .wait_for("the sentence", alert, Duration::from_secs(20));
    let _removed = std::fs::remove_file(&path);
    assert!(
        sentence.split_whitespace().count() >= 5,
        "{sentence:?} is no sentence"
    );
    assert_native_tokens(&page);
}

#[test]
fn the_main_thread_stays_free_while_generating() {
    // In processor time: a busy machine stretches the clock, not the work. A frame in which one
    // token comes takes 2 to 9 ms; ten times that would be a page that cannot follow the model.
    const MOST_MILLIS_PER_TOKEN: f64 = 25.0;
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    page.browser.run::<()>(
        "window.longTasks = [];
         new PerformanceObserver(list => longTasks.push(...list.getEntries().map(task => task.duration)))
           .observe({ type: 'longtask' });",
    );
    let before = page.browser.main_thread_seconds();
    assert_native_tokens(&page);
    let millis = (page.browser.main_thread_seconds() - before) * 1e3 / f64::from(N_TOKENS);
    let tasks: Vec<f64> = page.browser.run("return longTasks");
    println!(
        "main thread: {millis:.1} ms of processor time per token; tasks over 50 ms by the clock: {tasks:?}"
    );
    assert!(
        millis > 0.0 && millis <= MOST_MILLIS_PER_TOKEN,
        "{millis} ms per token"
    );
}

#[test]
fn nothing_is_asked_of_anybody_else() {
    let outside = Outside::watch();
    let launch = Launch {
        proxy_port: Some(outside.port()),
        ..Launch::default()
    };
    let Some(page) = (Visit {
        launch,
        ..Visit::default()
    })
    .open() else {
        return;
    };
    page.generate(PROMPT, 4);
    let origin = page.site.address();
    let resources: Vec<String> = page
        .browser
        .run("return performance.getEntriesByType('resource').map(entry => entry.name)");
    let foreign: Vec<_> = resources
        .iter()
        .filter(|url| !url.starts_with(origin) && !url.starts_with("blob:"))
        .collect();
    assert!(foreign.is_empty(), "the page loaded {foreign:?}");
    let asked = outside.asked_by_the_page();
    assert!(asked.is_empty(), "the page or its worker asked for {asked:?}");
    let errors: Vec<String> = page
        .browser
        .console()
        .into_iter()
        .filter(|line| line.starts_with("SEVERE"))
        .collect();
    assert!(errors.is_empty(), "the console says {errors:#?}");
}

#[test]
fn below_a_path_and_with_reduced_motion_the_page_is_the_same() {
    let launch = Launch {
        reduced_motion: true,
        ..Launch::default()
    };
    let Some(page) = (Visit {
        launch,
        below: "some/where",
        query: "?executor=cpu",
        ..Visit::default()
    })
    .open() else {
        return;
    };
    assert_native_tokens(&page);
    let moving: usize = page
        .browser
        .run("return document.getAnimations().filter(animation => animation.playState === 'running').length");
    assert_eq!(moving, 0, "animations run although reduced motion is asked for");
}

#[test]
fn an_earlier_message_is_written_anew_and_its_beginning_reused() {
    let Some(page) = Visit::with("?executor=cpu").open() else {
        return;
    };
    let idle = "!moescope.state().isGenerating && moescope.state().positions > 0";
    let say = |text: &str| {
        page.browser.type_into("#prompt", text);
        page.browser.click("#send");
        let _: bool = page.browser.wait_for("the answer", idle, Duration::from_secs(60));
    };
    say("Say these words again: river, moon.");
    say("What is 27 + 58?");
    page.browser
        .run::<bool>("[...document.querySelectorAll('.turn.user .edit')].at(-1).click(); return true");
    let draft = "document.querySelector('#prompt').value === 'What is 27 + 58?'";
    let _: bool = page
        .browser
        .wait_for("the message to be edited", draft, Duration::from_secs(5));
    page.browser
        .run::<bool>("document.querySelector('#prompt').select(); return true");
    say("What is 11 + 12?");
    let said: Vec<Value> = page.each(".turn > .visually-hidden", "element => element.textContent");
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(said[2], "What is 11 + 12?");
    assert!(
        said[3].as_str().is_some_and(|text| text.contains("11 + 12")),
        "{said:?}"
    );
    let earlier: String = page
        .browser
        .run("return document.querySelector('.earlier').textContent");
    assert!(earlier.contains("27 + 58"), "{earlier}");
    page.browser.screenshot("edited");
    // A conversation of the same two prompts gives the same answer: nothing of the old turn is left.
    let answered = said[3].clone();
    page.browser.click("#new-chat");
    let empty = "moescope.state().positions === 0";
    let _: bool = page.browser.wait_for("a new chat", empty, Duration::from_secs(5));
    say("Say these words again: river, moon.");
    say("What is 11 + 12?");
    let fresh: Vec<Value> = page.each(".turn > .visually-hidden", "element => element.textContent");
    assert_eq!(fresh[3], answered);
}
