//! A state drawn as the page would, and what a script would read there.

use std::rc::Rc;

use moescope_app::hands::Hands;
use moescope_app::layout::layout;
use moescope_app::state::AppState;
use yew::{Callback, Html, LocalServerRenderer, Properties, component};

#[derive(Clone, PartialEq, Properties)]
struct PageProps {
    state: Shown,
}

/// A state as a property: every test draws its state once.
#[derive(Clone)]
struct Shown(AppState);

impl PartialEq for Shown {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

#[component]
fn Page(props: &PageProps) -> Html {
    let hands = Hands {
        dispatch: Callback::noop(),
        send: Callback::noop(),
        ask: Callback::noop(),
        branch: Callback::noop(),
        open: Callback::noop(),
        load: Callback::noop(),
        persist: Callback::noop(),
        reference: Callback::noop(),
        read_prices: Callback::noop(),
        runs: Callback::noop(),
    };
    layout(&props.state.0, &Rc::new(props.state.0.clone()), &hands)
}

pub fn drawn(state: AppState) -> String {
    let props = PageProps { state: Shown(state) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime starts");
    let page = LocalServerRenderer::<Page>::with_props(props)
        .hydratable(false)
        .render();
    tokio::task::LocalSet::new().block_on(&runtime, page)
}

/// The part of the page that is one panel.
pub fn panel<'a>(page: &'a str, name: &str) -> &'a str {
    let at = page
        .find(&format!("data-panel=\"{name}\""))
        .expect("the panel is there");
    let end = page[at..].find("</section>").expect("it ends");
    &page[at..at + end]
}

/// The raw number of a `data-value`.
#[allow(dead_code, reason = "not every test that includes this file needs it")]
pub fn raw(panel: &str, name: &str) -> f64 {
    let at = panel
        .find(&format!("data-value=\"{name}\""))
        .unwrap_or_else(|| panic!("{name} is not in {panel}"));
    let rest = &panel[at..];
    let from = rest.find("data-raw=\"").expect("it has a raw number") + "data-raw=\"".len();
    let number = rest[from..].split('"').next();
    number
        .and_then(|number| number.parse().ok())
        .expect("it is a number")
}
