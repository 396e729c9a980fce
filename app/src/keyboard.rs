//! Keys that work anywhere on the page, and menus that close when one has left them.
//!
//! In a grid the arrow keys move from cell to cell, Enter pins, and Escape leaves a grid or a picture for the
//! heading of its panel. A menu is a `<details data-pops>`. Escape closes the one the focus is in and gives the focus back to
//! its heading; a press of the pointer elsewhere closes it too.
//!
//! Single keys step and play time and choose a group of views, where the visitor has not turned them off.

use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, NodeList};

use crate::panels::grid;
use crate::panels::views::{Group, VIEWS};
use crate::state::{Action, AppState};
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
    if target
        .as_ref()
        .is_some_and(|target| within_grid(target, &event.key()))
    {
        return event.prevent_default();
    }
    match event.key().as_str() {
        "Escape" if target.as_ref().is_some_and(close_around) => event.prevent_default(),
        "Escape" if target.as_ref().is_some_and(leave_panel) => event.prevent_default(),
        _ if target.as_ref().is_some_and(is_field) => {}
        key => {
            let found = store.read(|state| state.preferences.has_shortcuts.then(|| shortcut(key, state)));
            if let Some(action) = found.flatten() {
                event.prevent_default();
                store.dispatch(action);
            }
        }
    }
}

/// What a single key does, anywhere but where one writes.
fn shortcut(key: &str, state: &AppState) -> Option<Action> {
    let view = |group: Group| {
        VIEWS
            .iter()
            .find(|view| view.group == group)
            .map(|view| view.name)
    };
    let has_time = state.conversation.latest().is_some();
    Some(match key {
        "?" => Action::KeysShown(!state.are_keys_shown),
        "," if has_time => Action::Stepped(-1),
        "." if has_time => Action::Stepped(1),
        "p" if has_time => Action::PlayToggled,
        "n" if has_time => Action::Selected(None),
        "1" => Action::ViewChosen(None),
        _ => {
            let number: usize = key.parse().ok()?;
            Action::ViewChosen(view(*Group::ALL.get(number.checked_sub(2)?)?))
        }
    })
}

/// Follows a key within a grid; whether it led somewhere.
fn within_grid(target: &Element, key: &str) -> bool {
    let root = gloo::utils::document().document_element();
    let is_right_to_left = root.is_some_and(|root| root.get_attribute("dir").as_deref() == Some("rtl"));
    if let Some(cell) = grid::step(key, target, is_right_to_left) {
        grid::enter(&cell);
        return true;
    }
    let is_cell = target.matches("[role=grid] td[tabindex]").unwrap_or_default();
    if is_cell
        && matches!(key, "Enter" | " ")
        && let Some(cell) = target.dyn_ref::<HtmlElement>()
    {
        cell.click();
        return true;
    }
    false
}

/// From a grid or a picture to the heading of its panel; whether there was one.
fn leave_panel(target: &Element) -> bool {
    let is_inside = target
        .closest("[role=grid], .picture[tabindex]")
        .is_ok_and(|found| found.is_some());
    let panel = target.closest("[data-panel]").ok().flatten();
    let heading = panel.and_then(|panel| panel.query_selector("h2").ok().flatten());
    let Some(heading) = heading.filter(|_| is_inside) else {
        return false;
    };
    heading
        .dyn_ref::<HtmlElement>()
        .is_some_and(|heading| heading.focus().is_ok())
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
