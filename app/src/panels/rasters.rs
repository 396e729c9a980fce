//! Time in all MoE layers at once: one small raster for each, over the whole conversation.

use std::cmp::Reverse;
use std::rc::Rc;

use yew::{Callback, Html, Properties, component, html, use_memo};

use super::picture::{Canvas, Frame, Picture};
use super::raster::{order_menu, weight_shade};
use super::views::Scene;
use super::{Dispatch, nothing, panel, table};
use crate::format;
use crate::same::Same;
use crate::state::select::raster::{Columns, ExpertUse, Order, cells, sort, uses};
use crate::state::{Action, Model, Row};
use crate::words::words;

/// Columns of each.
const COLUMNS: usize = 256;
/// Fewest: the first tokens keep a readable width.
const FEWEST_COLUMNS: usize = 64;

/// The view.
pub fn view(scene: &Scene<'_>) -> Html {
    let words = &words().rasters;
    let state = scene.state;
    let has_rows = state.conversation.rows.iter().any(Option::is_some);
    let Some(model) = state.model.as_ref().filter(|_| has_rows) else {
        return panel("rasters", words.title, Html::default(), nothing(words.empty));
    };
    let dispatch = &scene.hands.dispatch;
    let props = RastersProps {
        rows: Same::new(&state.conversation.rows),
        model: Same::new(model),
        layer: state.selection.layer,
        order: state.view.raster_order,
        position: scene.focus.as_ref().map(|focus| focus.position),
        dispatch: dispatch.clone(),
    };
    let tools = html! { <div class="raster-tools">{ order_menu(state.view.raster_order, dispatch) }</div> };
    let body = html! { <><p class="note">{ words.note }</p><Rasters ..props /></> };
    panel("rasters", words.title, tools, body)
}

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct RastersProps {
    pub rows: Same<Vec<Option<Row>>>,
    pub model: Same<Model>,
    pub layer: usize,
    pub order: Order,
    pub position: Option<u32>,
    pub dispatch: Dispatch,
}

/// One picture per layer, redrawn only when a token comes.
#[component]
pub fn Rasters(props: &RastersProps) -> Html {
    let facts = &props.model.facts;
    let (n_experts, top_k) = (facts.n_experts as usize, facts.top_k as usize);
    let columns = Columns::fit(props.rows.len(), FEWEST_COLUMNS, COLUMNS);
    let pictures = use_memo((props.rows.clone(), props.order), |(rows, order)| {
        let picture = |layer: usize| {
            let mut uses = uses(rows, n_experts, top_k, layer);
            sort(&mut uses, *order);
            let cells = cells(rows, &uses, top_k, layer, columns);
            let picture = Picture::new(columns.count, cells.into_iter().map(weight_shade));
            (picture, numbers(facts.moe_layers[layer], &uses))
        };
        (0..facts.moe_layers.len()).map(picture).collect::<Vec<_>>()
    });
    let column = props.position.and_then(|position| columns.of(position as usize));
    let frame = column.map(|column| Frame {
        column,
        line: 0,
        columns: 1,
        lines: n_experts,
    });
    let known = props.rows.len();
    let one = |(layer, (picture, _)): (usize, &(Rc<Picture>, [String; 4]))| {
        let dispatch = props.dispatch.clone();
        let onpick = Callback::from(move |(column, _): (usize, usize)| {
            let position = columns.position(column);
            if position < known {
                dispatch.emit(Action::Selected(Some(position as u32)));
            }
            dispatch.emit(Action::LayerSelected(layer));
        });
        let name = (words().rasters.layer)(facts.moe_layers[layer]);
        let is_selected = layer == props.layer;
        let onclick = props.dispatch.reform(move |_| Action::LayerSelected(layer));
        html! {
            <figure key={layer}>
                <figcaption><button type="button" aria-pressed={is_selected.to_string()} data-layer={layer.to_string()} {onclick}>{ name.clone() }</button></figcaption>
                <Canvas picture={Same::new(picture)} class="raster small" label={name} frames={frame.into_iter().collect::<Vec<_>>()} {onpick} />
            </figure>
        }
    };
    let words = &words().rasters;
    let heads = [words.layer_column, words.used, words.busiest, words.times];
    html! {
        <>
            <div class="multiples">{ for pictures.iter().enumerate().map(one) }</div>
            { table::folded(words.table, &heads, pictures.iter().map(|(_, numbers)| numbers.clone())) }
        </>
    }
}

/// A picture in numbers: its layer, how many experts are used, and the busiest.
fn numbers(layer: u32, uses: &[ExpertUse]) -> [String; 4] {
    let used = uses.iter().filter(|own| own.times > 0).count();
    // Of equals the one with the lowest number.
    let busiest = uses.iter().max_by_key(|own| (own.times, Reverse(own.expert)));
    [
        layer.to_string(),
        (words().numbers.of)(&format::count(used as u64), &format::count(uses.len() as u64)),
        busiest.map_or("—".into(), |own| own.expert.to_string()),
        busiest.map_or("—".into(), |own| format::count(u64::from(own.times))),
    ]
}
