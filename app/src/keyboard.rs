//! Keys that work anywhere on the page, and menus that close when one has left them.
//!
//! A menu is a `<details data-pops>`. Escape closes the one the focus is in and gives the focus back to
//! its heading; a press of the pointer elsewhere closes it too.

use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, NodeList};

use crate::state::Action;
use crate::store::Store;

/// Listens as long as the page lives.
pub fn start(store: &Rc<Store>) {
    let document = gloo::utils::document();
    let pressed = Rc::clone(store);
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&document, "keydown", options, move |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            press(&pressed, event);
        }
    })
    .forget();
    EventListener::new(&document, "pointerdown", leave_menus).forget();
}

fn press(store: &Rc<Store>, event: &KeyboardEvent) {
    if event.default_prevented() || event.ctrl_key() || event.alt_key() || event.meta_key() {
        return;
    }
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    match event.key().as_str() {
        "Escape" if target.as_ref().is_some_and(close_around) => event.prevent_default(),
        "?" if store.read(|state| state.preferences.has_shortcuts)
            && !target.as_ref().is_some_and(is_field) =>
        {
            event.prevent_default();
            let is_shown = store.read(|state| state.are_keys_shown);
            store.dispatch(Action::KeysShown(!is_shown));
        }
        _ => {}
    }
}

/// Whether what is typed there is text.
fn is_field(element: &Element) -> bool {
    element
        .closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]")
        .is_ok_and(|found| found.is_some())
}

/// Closes the open menu around an element; whether there was one.
fn close_around(element: &Element) -> bool {
    let Ok(Some(menu)) = element.closest("details[data-pops][open]") else {
        return false;
    };
    // Neither can fail on an element of the page.
    let _ = menu.remove_attribute("open");
    if let Ok(Some(heading)) = menu.query_selector("summary")
        && let Some(heading) = heading.dyn_ref::<HtmlElement>()
    {
        let _ = heading.focus();
    }
    true
}

fn leave_menus(event: &Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let Ok(open) = gloo::utils::document().query_selector_all("details[data-pops][open]") else {
        return;
    };
    for menu in elements(&open) {
        if !target.as_ref().is_some_and(|target| menu.contains(Some(target))) {
            // It can be removed from any element.
            let _ = menu.remove_attribute("open");
        }
    }
}

fn elements(list: &NodeList) -> impl Iterator<Item = Element> {
    (0..list.length()).filter_map(|at| list.get(at)?.dyn_into().ok())
}
