//! The page for everyone, in a real Chromium: axe-core finds nothing serious on any view, everything is
//! within reach of the keyboard, and nothing runs out of a narrow, zoomed, mirrored or printed page.
//!
//! `cargo xtask test accessibility` builds the page and fetches axe-core from npm.

use std::time::Duration;

use moescope_app::panels::views::VIEWS;
use moescope_tests::page::{Page, Visit};
use serde_json::Value;

/// Longest until a click shows.
const SOON: Duration = Duration::from_secs(10);

const LEFT: &str = "\u{E012}";
const UP: &str = "\u{E013}";
const RIGHT: &str = "\u{E014}";
const DOWN: &str = "\u{E015}";
const END: &str = "\u{E010}";
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";

/// A page that has answered, with a token selected.
fn answered() -> Option<Page> {
    let page = Visit::with("?executor=cpu&lang=en").open()?;
    page.generate("What is 27 + 58?", 24);
    let tokens = "document.querySelectorAll('.token[data-token-position]').length > 20";
    let _: bool = page.browser.wait_for("the tokens", tokens, SOON);
    page.browser.click(".turn.model .token[data-token-position]");
    Some(page)
}

/// The overview and every view, in the order of the navigation.
fn views() -> impl Iterator<Item = &'static str> {
    std::iter::once("overview").chain(VIEWS.iter().map(|view| view.name))
}

/// Goes to a view as a visitor does: first its group, then the view.
#[track_caller]
fn show(page: &Page, name: &str) {
    let view = VIEWS.iter().find(|view| view.name == name);
    let first = view.and_then(|view| VIEWS.iter().find(|other| other.group == view.group));
    let steps = first.map(|first| first.name).into_iter().chain([name]);
    for step in steps {
        page.browser.run::<bool>(&format!(
            "document.querySelector('.views [data-leads-to={step}]').click(); return true"
        ));
        let shown = if step == "overview" {
            "!document.querySelector('[data-view]')".to_owned()
        } else {
            format!("!!document.querySelector('[data-view={step}]')")
        };
        let _: bool = page.browser.wait_for(step, &shown, SOON);
    }
}

/// Chooses in a menu of the display settings.
fn choose(page: &Page, menu: &str, value: &str) {
    page.browser.run::<bool>(&format!(
        "const menu = document.querySelector('#{menu}'); menu.value = '{value}';
         menu.dispatchEvent(new Event('change', {{ bubbles: true }}));
         await new Promise(resume => requestAnimationFrame(() => requestAnimationFrame(resume)));
         return true"
    ));
}

#[test]
fn axe_finds_nothing_serious_on_any_view_in_either_theme() {
    let Some(axe) = moescope_tests::page::axe() else {
        return;
    };
    let Some(page) = answered() else { return };
    page.browser
        .run::<bool>(&format!("{axe}\nwindow.axe = axe; return true"));
    for theme in ["light", "dark"] {
        choose(&page, "theme", theme);
        for view in views() {
            show(&page, view);
            page.browser.run::<bool>("document.querySelectorAll('details').forEach(each => each.open = !each.dataset.pops && !each.matches('.badge, .models, .display, .menu')); return true");
            let found: Vec<Value> = page.browser.run(
                "const { violations } = await axe.run(document, { resultTypes: ['violations'] });
                 return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
                   .map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map(node => node.html.slice(0, 200) + ' ' + node.failureSummary) }))",
            );
            assert!(found.is_empty(), "{view}, {theme}: {found:#?}");
        }
    }
    // The menus and the list of keys, which lie over the page.
    show(&page, "overview");
    for open in ["#models", "#display", "#executor-badge"] {
        page.browser.run::<bool>(&format!(
            "document.querySelector('{open}').open = true; return true"
        ));
    }
    page.browser
        .run::<bool>("document.querySelector('#show-keys').click(); return true");
    let found: Vec<Value> = page.browser.run(
        "const { violations } = await axe.run(document, { resultTypes: ['violations'] });
         return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => ({ id, node: nodes[0].html }))",
    );
    assert!(found.is_empty(), "menus: {found:#?}");
}

#[test]
fn the_matrix_is_one_tab_stop_and_obeys_the_keys() {
    let Some(page) = answered() else { return };
    let browser = &page.browser;
    let stops: usize = browser.run("return document.querySelectorAll('[role=grid] [tabindex=\"0\"]').length");
    assert_eq!(stops, 1, "tab stops of the matrix");
    let here = || -> [i64; 2] {
        browser.run("const cell = document.activeElement.dataset; return [+cell.layer, +cell.expert]")
    };
    browser.run::<bool>("document.querySelector('[role=grid] [tabindex=\"0\"]').focus(); return true");
    let [layer, expert] = here();
    let press = |key: &str| browser.type_into(":focus", key);
    press(RIGHT);
    press(DOWN);
    let [below, beside] = here();
    assert!(
        below > layer && beside == expert + 1,
        "from {layer}, {expert} to {below}, {beside}"
    );
    press(LEFT);
    press(UP);
    assert_eq!(here(), [layer, expert]);
    press(END);
    let experts: i64 = browser.run(
        "return document.querySelector('[role=grid] tbody tr').querySelectorAll('[data-expert]').length",
    );
    assert_eq!(here(), [layer, experts - 1]);
    press(ENTER);
    let pinned = format!(
        "document.querySelector('[role=grid] [aria-selected=true]')?.dataset.expert === '{}'",
        experts - 1
    );
    let _: bool = browser.wait_for("the pinned expert", &pinned, SOON);
    let stops: usize = browser.run("return document.querySelectorAll('[role=grid] [tabindex=\"0\"]').length");
    assert_eq!(stops, 1, "tab stops after pinning");
    press(ESCAPE);
    let left: String = browser.run("return document.activeElement.id");
    assert_eq!(left, "experts-heading");
}

#[test]
fn keys_are_listed_and_menus_close_with_escape() {
    let Some(page) = answered() else { return };
    let browser = &page.browser;
    browser.type_into("body", "?");
    let _: bool = browser.wait_for("the list of keys", "document.querySelector('#keys').open", SOON);
    browser.type_into(":focus", ESCAPE);
    let _: bool = browser.wait_for("it to close", "!document.querySelector('#keys').open", SOON);
    browser.click("#display > summary");
    browser.type_into("#theme", ESCAPE);
    let focused: bool = browser.run(
        "return !document.querySelector('#display').open && document.activeElement.matches('#display > summary')",
    );
    assert!(
        focused,
        "Escape closes a menu and gives the focus back to its heading"
    );
    // A question mark in the prompt is a question mark.
    browser.type_into("#prompt", "?");
    let draft: String = browser.run("return document.querySelector('#prompt').value");
    assert_eq!(draft, "?");
}

#[test]
fn single_keys_step_play_and_choose_views_unless_they_are_off() {
    let Some(page) = answered() else { return };
    let browser = &page.browser;
    let selected = || -> Option<u32> { browser.run("return moescope.state().selected") };
    let press = |key: &str| {
        browser.press(key);
        browser.run::<bool>(
            "await new Promise(resume => requestAnimationFrame(() => requestAnimationFrame(resume))); return true",
        );
    };
    let here = selected().expect("a token is selected");
    browser.run::<bool>("document.activeElement.blur(); return true");
    press(".");
    press(".");
    press(",");
    assert_eq!(selected(), Some(here + 1));
    press("n");
    assert_eq!(selected(), None);
    press("3");
    let view = || -> Option<String> { browser.run("return moescope.state().view") };
    assert_eq!(view().as_deref(), Some("raster"));
    press("1");
    assert_eq!(view(), None);
    browser.click("[data-token-position='2']");
    press("p");
    let plays = "moescope.state().selected > 3";
    let _: bool = browser.wait_for("it to play", plays, SOON);
    press("p");
    // Where one writes, and where they are turned off, they do nothing.
    browser.type_into("#prompt", "3.p");
    assert_eq!(view(), None);
    browser.run::<bool>("document.querySelector('#display').open = true; return true");
    browser.click("#display input[type=checkbox]");
    browser.run::<bool>(
        "document.querySelector('#display').open = false; document.activeElement.blur(); return true",
    );
    press("3");
    assert_eq!(view(), None);
}

/// Elements that stick out of the window sideways, unless they lie in something that scrolls.
const OVERFLOW: &str = "
    const width = document.documentElement.clientWidth;
    const scrolls = element => element && (/(auto|scroll|hidden)/.test(getComputedStyle(element).overflowX) && element.tagName !== 'BODY' && element.tagName !== 'HTML' || scrolls(element.parentElement));
    return [...document.querySelectorAll('#app *')]
      .filter(element => { const box = element.getBoundingClientRect(); return box.width > 1 && (box.right > width + 1 || box.left < -1) && element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden') && !scrolls(element.parentElement); })
      .slice(0, 4).map(element => `${element.tagName}.${element.getAttribute('class')} ${JSON.stringify(element.getBoundingClientRect())}`)";

/// Widths of windows; 720 is 1440 at 200 % zoom, 320 is 1280 at 400 %.
const WIDTHS: [u32; 5] = [1440, 768, 720, 390, 320];

/// Views that stick out of a window of some width, in words.
fn overflow(page: &Page, what: &str, width: u32) -> Option<String> {
    let out: Vec<String> = page.browser.run(OVERFLOW);
    (!out.is_empty()).then(|| format!("{what} at {width}: {out:?}"))
}

#[test]
fn every_view_fits_every_width_in_both_themes() {
    let Some(page) = answered() else { return };
    let mut found = Vec::new();
    for width in WIDTHS {
        page.browser.viewport(width, 800);
        for theme in ["light", "dark"] {
            choose(&page, "theme", theme);
            for view in views() {
                show(&page, view);
                page.browser.screenshot(&format!("{view}-{width}-{theme}"));
                found.extend(overflow(&page, view, width));
            }
        }
        show(&page, "overview");
        for menu in ["#models", "#display", "#executor-badge", ".menu"] {
            let open = |is_open: bool| {
                page.browser.run::<bool>(&format!(
                    "document.querySelector('{menu}').open = {is_open}; return true"
                ))
            };
            open(true);
            found.extend(overflow(&page, menu, width));
            open(false);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What has to be scrolled sideways, other than program text.
const SIDEWAYS: &str = "
    document.querySelectorAll('.trace details').forEach(each => each.open = true);
    await new Promise(resume => setTimeout(resume, 100));
    return [...document.querySelectorAll('.trace *')]
      .filter(element => element.scrollWidth > element.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(element).overflowX) && element.tagName !== 'PRE')
      .map(element => `${element.tagName}.${element.getAttribute('class')} ${element.scrollWidth} of ${element.clientWidth}: ${element.textContent.slice(0, 60)}`)";

#[test]
fn no_table_scrolls_sideways_in_a_narrow_window() {
    let Some(page) = answered() else { return };
    // What is there only once a token was looked at closely.
    show(&page, "steps");
    page.browser.click(".examine");
    let _: bool = page
        .browser
        .wait_for("the steps", "!!document.querySelector('.flames')", SOON);
    let mut found = Vec::new();
    for language in ["en", "fr"] {
        choose(&page, "language", language);
        for width in [390, 320] {
            page.browser.viewport(width, 800);
            for view in views() {
                show(&page, view);
                let out: Vec<String> = page.browser.run(SIDEWAYS);
                found.extend((!out.is_empty()).then(|| format!("{view} at {width}, {language}: {out:?}")));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Pads every text by a third, as another language might, and begins lines at the right.
const MIRROR: &str = "
    document.documentElement.dir = 'rtl';
    window.padded = [];
    const texts = document.createTreeWalker(document.querySelector('#app'), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (!/[a-z]{3}/i.test(text.data) || text.parentElement.closest('.token, option, kbd, code, .value')) continue;
      padded.push([text, text.data]);
      text.data = `ש${text.data}${'־'.repeat(Math.ceil(text.data.length / 3))}`;
    }
    return true";

#[test]
fn a_longer_language_that_begins_at_the_right_fits_too() {
    let Some(page) = answered() else { return };
    let mut found = Vec::new();
    for width in [1440, 320] {
        page.browser.viewport(width, 800);
        for view in views() {
            show(&page, view);
            page.browser.run::<bool>(MIRROR);
            page.browser.screenshot(&format!("{view}-{width}-mirrored"));
            found.extend(overflow(&page, view, width));
            page.browser.run::<bool>("document.documentElement.dir = 'ltr'; for (const [text, data] of padded) text.data = data; return true");
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn on_paper_there_are_no_controls_and_the_ground_is_light() {
    let Some(page) = answered() else { return };
    choose(&page, "theme", "dark");
    page.browser.emulate_media("print", &[]);
    let shown: Vec<String> = page.browser.run(
        "return ['.composer', '.transport', '.views', '#models', '#display', '.segments button'].filter(name => document.querySelector(name)?.getClientRects().length)",
    );
    assert!(shown.is_empty(), "printed: {shown:?}");
    let ground: String = page
        .browser
        .run("return getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()");
    assert_eq!(ground, "#f7f8f8");
    page.browser.screenshot("print");
    page.browser
        .emulate_media("screen", &[("forced-colors", "active")]);
    page.browser.screenshot("forced-colours");
    let is_seen: bool = page.browser.run("return getComputedStyle(document.querySelector('.token[aria-selected=true]')).outlineStyle === 'solid'");
    assert!(is_seen, "the selected token has an outline in forced colours");
}

#[test]
fn an_answer_is_told_in_whole_sentences_and_whole() {
    let Some(page) = answered() else { return };
    page.browser.run::<bool>(
        "window.told = [];
         new MutationObserver(() => told.push(document.querySelector('#live').textContent))
           .observe(document.querySelector('#live'), { childList: true, characterData: true, subtree: true });
         return true",
    );
    let answer = page.generate("Tell me a story about a fox.", 120);
    let _: bool = page
        .browser
        .wait_for("the end", "!moescope.state().isGenerating", SOON);
    let told: Vec<String> = page
        .browser
        .run("await new Promise(resume => setTimeout(resume, 300)); return told");
    assert!(
        told.len() <= 12,
        "{} announcements of {} tokens",
        told.len(),
        answer.tokens.len()
    );
    let letters = |text: &str| {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .collect::<String>()
    };
    let all: String = told
        .iter()
        .filter(|text| !text.starts_with("The model is writing"))
        .map(|text| letters(text))
        .collect();
    let shown: String = page.browser.run("return [...document.querySelectorAll('.turn.model')].at(-1).querySelector('.visually-hidden').textContent");
    assert_eq!(all, letters(&shown));
}
