//! The matrix of a model with too many experts for a table of cells: a picture of them all, and the
//! chosen ones in a table that is drawn only while it is open, so that scrubbing stays fluid.

use web_sys::Element;
use yew::{Callback, Html, Properties, TargetCast, component, html, use_state_eq};

use super::{chosen_rows, ramp};
use crate::panels::Dispatch;
use crate::panels::picture::{Axis, Canvas, Frame, NONE, Picture};
use crate::panels::shade::{SHADES, shade};
use crate::panels::slot;
use crate::protocol::ModelFacts;
use crate::same::Same;
use crate::state::select::LayerRouting;
use crate::state::{Action, Selection};
use crate::words::words;

/// Shades of experts that were not chosen stay below this one, those of chosen ones do not.
const CHOSEN: usize = 6;

/// The picture: a line per layer, a column per expert.
pub fn picture(
    facts: &ModelFacts,
    layers: &[LayerRouting],
    selection: Selection,
    dispatch: &Dispatch,
) -> Html {
    let words = &words().experts;
    let n_experts = facts.n_experts.max(1) as usize;
    let shades = layers.iter().flat_map(|layer| line(layer, n_experts));
    let picture = Picture::new(n_experts, shades);
    let expert = selection.expert.map(usize::from);
    let frame = Frame {
        column: expert.unwrap_or(0),
        line: selection.layer,
        columns: expert.map_or(n_experts, |_| 1),
        lines: 1,
    };
    let onmove = slot::moved(facts, dispatch);
    let dispatch = dispatch.clone();
    let onpick = Callback::from(move |(expert, layer): (usize, usize)| {
        dispatch.emit(Action::LayerSelected(layer));
        dispatch.emit(Action::ExpertSelected(u16::try_from(expert).ok()));
    });
    let axes = (
        Axis::new(facts.moe_layers.len(), |line| facts.moe_layers[line].to_string()),
        Axis::new(n_experts, |expert| expert.to_string()),
    );
    html! {
        <>
            <Canvas {axes} picture={Same(picture)} class="raster load-map" label={words.matrix} frames={vec![frame]} {onpick} {onmove} />
            <p class="legend">{ words.shade }{ ramp() }{ words.wide_legend }</p>
        </>
    }
}

/// One layer's cells.
fn line(layer: &LayerRouting, n_experts: usize) -> Vec<u8> {
    let mut shades = vec![NONE; n_experts];
    for (own, prob) in shades.iter_mut().zip(&layer.probs) {
        *own = match shade(*prob) {
            0 => NONE,
            level => level.min(CHOSEN - 2) as u8,
        };
    }
    for (id, weight) in &layer.chosen {
        if let Some(own) = shades.get_mut(usize::from(*id)) {
            *own = shade(*weight).clamp(CHOSEN, SHADES - 1) as u8;
        }
    }
    shades
}

/// What the table is drawn from.
#[derive(Clone, PartialEq, Properties)]
pub struct ChosenProps {
    pub layers: Vec<LayerRouting>,
}

/// The chosen experts, folded away.
#[component]
pub fn Chosen(props: &ChosenProps) -> Html {
    let is_open = use_state_eq(|| false);
    let opened = is_open.clone();
    let ontoggle = Callback::from(move |event: yew::Event| {
        let details = event.target_dyn_into::<Element>();
        opened.set(details.is_some_and(|details| details.has_attribute("open")));
    });
    html! {
        <details class="more" {ontoggle}>
            <summary>{ words().experts.chosen }</summary>
            if *is_open { { chosen_rows(&props.layers) } }
        </details>
    }
}
