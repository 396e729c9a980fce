//! Choosing a MoE layer and one of its experts: the same two menus wherever they are needed.

use web_sys::HtmlSelectElement;
use yew::{Callback, Html, TargetCast, html};

use super::picture::Move;
use super::{Dispatch, when};
use crate::protocol::ModelFacts;
use crate::state::{Action, AppState};
use crate::words::words;

/// Both menus.
pub fn chooser(state: &AppState, dispatch: &Dispatch) -> Html {
    html! { <span class="slot">{ layer_menu(state, dispatch) }{ expert_menu(state, dispatch) }</span> }
}

/// The layer.
pub fn layer_menu(state: &AppState, dispatch: &Dispatch) -> Html {
    let layers = state
        .model
        .as_ref()
        .map_or(&[][..], |model| &model.facts.moe_layers);
    let onchange = when(dispatch, |event: yew::Event| {
        chosen(&event)?.parse().ok().map(Action::LayerSelected)
    });
    html! {
        <label>{ words().slot.layer }{ " " }<select class="layer" {onchange}>{ for layers.iter().enumerate().map(|(at, layer)| html! {
            <option value={at.to_string()} selected={at == state.selection.layer}>{ *layer }</option>
        }) }</select></label>
    }
}

/// The expert, or none.
pub fn expert_menu(state: &AppState, dispatch: &Dispatch) -> Html {
    let n_experts = state.model.as_ref().map_or(0, |model| model.facts.n_experts);
    let onchange = when(dispatch, |event: yew::Event| {
        Some(Action::ExpertSelected(chosen(&event)?.parse().ok()))
    });
    let selected = state.selection.expert.map(u32::from);
    html! {
        <label>{ words().slot.expert }{ " " }<select class="expert" {onchange}>
            <option value="none" selected={selected.is_none()}>{ "–" }</option>
            { for (0..n_experts).map(|expert| html! { <option value={expert.to_string()} selected={selected == Some(expert)}>{ expert }</option> }) }
        </select></label>
    }
}

fn chosen(event: &yew::Event) -> Option<String> {
    Some(event.target_dyn_into::<HtmlSelectElement>()?.value())
}

/// Keys on a picture of all slots: up and down through the layers, left and right through their experts.
pub fn moved(facts: &ModelFacts, dispatch: &Dispatch) -> Callback<Move> {
    let last = (facts.n_experts as u16).saturating_sub(1);
    when(dispatch, move |to| {
        Some(match to {
            Move::Columns(experts) => Action::SlotMoved { layers: 0, experts },
            Move::Lines(layers) => Action::SlotMoved { layers, experts: 0 },
            Move::First => Action::ExpertSelected(Some(0)),
            Move::Last => Action::ExpertSelected(Some(last)),
            Move::Leave => Action::ExpertSelected(None),
            Move::Pin => return None,
        })
    })
}
