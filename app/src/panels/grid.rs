//! A table whose cells are layers and experts: one tab stop, from which `keyboard.rs` moves the focus cell
//! by cell. Pressing a cell, or Enter on it, selects what it stands for.

use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};
use yew::{Callback, TargetCast};

use super::Dispatch;
use crate::protocol::ModelFacts;
use crate::state::{Action, Selection};

/// Which cell is selected, and which takes part in the tab order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Transformer block and expert.
    selected: Option<(u32, u16)>,
    first_layer: u32,
}

impl Grid {
    pub fn new(facts: &ModelFacts, selection: Selection) -> Self {
        let layer = facts.moe_layers.get(selection.layer);
        Self {
            selected: layer.copied().zip(selection.expert),
            first_layer: facts.moe_layers.first().copied().unwrap_or_default(),
        }
    }

    pub fn is_selected(self, layer: u32, expert: usize) -> bool {
        self.selected
            .is_some_and(|(own, chosen)| own == layer && usize::from(chosen) == expert)
    }

    /// `0` for one cell of all.
    pub fn tabindex(self, layer: u32, expert: usize) -> &'static str {
        let is_stop = match self.selected {
            Some(_) => self.is_selected(layer, expert),
            None => layer == self.first_layer && expert == 0,
        };
        if is_stop { "0" } else { "-1" }
    }
}

/// Selects the cell that was pressed; pressed again, it is let go.
pub fn picked(facts: &ModelFacts, dispatch: &Dispatch) -> Callback<MouseEvent> {
    let (layers, dispatch) = (facts.moe_layers.clone(), dispatch.clone());
    Callback::from(move |event: MouseEvent| {
        let target = event.target_dyn_into::<Element>();
        let cell = target.and_then(|target| target.closest("td[data-expert]").ok().flatten());
        let Some((layer, expert)) = cell.as_ref().and_then(slot) else {
            return;
        };
        let is_selected = cell.is_some_and(|cell| cell.get_attribute("aria-selected").is_some());
        if let Some(at) = layers.iter().position(|own| *own == layer) {
            dispatch.emit(Action::LayerSelected(at));
            dispatch.emit(Action::ExpertSelected((!is_selected).then_some(expert)));
        }
    })
}

fn slot(cell: &Element) -> Option<(u32, u16)> {
    let number = |name: &str| cell.get_attribute(name);
    Some((
        number("data-layer")?.parse().ok()?,
        number("data-expert")?.parse().ok()?,
    ))
}

/// Where a key leads among the cells of a table with `role="grid"`.
pub fn step(key: &str, from: &Element, is_right_to_left: bool) -> Option<Element> {
    let cell = from.closest(CELL).ok()??;
    let line = cell.parent_element()?;
    let at = cells(&line).position(|own| own == cell)? as i64;
    let forward = if is_right_to_left { -1 } else { 1 };
    let columns = |by: i64| {
        let last = cells(&line).count() as i64 - 1;
        cells(&line).nth((at + by).clamp(0, last) as usize)
    };
    match key {
        "ArrowRight" => columns(forward),
        "ArrowLeft" => columns(-forward),
        "PageDown" => columns(PAGE),
        "PageUp" => columns(-PAGE),
        "Home" => cells(&line).next(),
        "End" => cells(&line).last(),
        "ArrowDown" => cells(&line.next_element_sibling()?).nth(at as usize),
        "ArrowUp" => cells(&line.previous_element_sibling()?).nth(at as usize),
        _ => None,
    }
}

/// Cells that a page key moves by.
const PAGE: i64 = 16;
/// A cell that can have the focus.
const CELL: &str = "[role=grid] td[tabindex]";

fn cells(line: &Element) -> impl Iterator<Item = Element> {
    let children = line.children();
    (0..children.length())
        .filter_map(move |at| children.item(at))
        .filter(|child| child.has_attribute("tabindex"))
}

/// Gives a cell the focus, and the place in the tab order that another had.
pub fn enter(cell: &Element) {
    // Neither can fail on an element of the page.
    if let Ok(Some(grid)) = cell.closest("[role=grid]")
        && let Ok(Some(stop)) = grid.query_selector("td[tabindex='0']")
    {
        let _ = stop.set_attribute("tabindex", "-1");
    }
    let _ = cell.set_attribute("tabindex", "0");
    if let Some(cell) = cell.dyn_ref::<web_sys::HtmlElement>() {
        let _ = cell.focus();
    }
}
