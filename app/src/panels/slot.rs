//! Choosing a MoE layer and one of its experts: the same two menus wherever they are needed.

use web_sys::HtmlSelectElement;
use yew::{Callback, Html, TargetCast, html};

use super::picture::Move;
use super::{Dispatch, when};
use crate::protocol::ModelFacts;
use crate::state::{Action, AppState, Selection};
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
pub fn moved(facts: &ModelFacts, selection: Selection, dispatch: &Dispatch) -> Callback<Move> {
    let (layer, expert) = (selection.layer as i64, selection.expert.map(i64::from));
    let (layers, n_experts) = (facts.moe_layers.len() as i64, i64::from(facts.n_experts));
    let select =
        move |expert: i64| Action::ExpertSelected(u16::try_from(expert.clamp(0, n_experts - 1)).ok());
    let dispatch = dispatch.clone();
    Callback::from(move |to| match to {
        Move::Columns(by) => dispatch.emit(select(expert.unwrap_or(-by.signum()) + by)),
        Move::First => dispatch.emit(select(0)),
        Move::Last => dispatch.emit(select(n_experts - 1)),
        Move::Lines(by) => {
            dispatch.emit(Action::LayerSelected((layer + by).clamp(0, layers - 1) as usize));
            dispatch.emit(Action::ExpertSelected(
                expert.and_then(|expert| u16::try_from(expert).ok()),
            ));
        }
        Move::Pin => {}
        Move::Leave => dispatch.emit(Action::ExpertSelected(None)),
    })
}
