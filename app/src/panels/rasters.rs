//! Time in all MoE layers at once: one small raster for each, over the whole conversation, drawn one after
//! the other.

use std::cmp::Reverse;
use std::rc::Rc;

use yew::{Callback, Html, Properties, component, html};

use super::picture::{Canvas, Frame, Picture};
use super::raster::{order_menu, weight_shade};
use super::views::Scene;
use super::{Dispatch, nothing, panel, table};
use crate::format;
use crate::gradual::{Work, use_gradually};
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
    let n_experts = facts.n_experts as usize;
    let columns = Columns::fit(props.rows.len(), FEWEST_COLUMNS, COLUMNS);
    let drawn = use_gradually(
        (props.model.clone(), props.order),
        props.rows.clone(),
        |(model, order), rows, before| Drawing::new(model, *order, rows, columns, before),
    );
    let drawn = drawn.as_deref().map_or(&[][..], Vec::as_slice);
    let frame = |columns: Columns| {
        let column = columns.of(props.position? as usize)?;
        Some(Frame {
            column,
            line: 0,
            columns: 1,
            lines: n_experts,
        })
    };
    let known = props.rows.len();
    let one = |(layer, own): (usize, &Multiple)| {
        let (dispatch, columns) = (props.dispatch.clone(), own.columns);
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
                <Canvas picture={Same::new(&own.picture)} class="raster small" label={name} frames={frame(columns).into_iter().collect::<Vec<_>>()} {onpick} />
            </figure>
        }
    };
    let words = &words().rasters;
    let heads = [words.layer_column, words.used, words.busiest, words.times];
    html! {
        <>
            <div class="multiples">{ for drawn.iter().enumerate().map(one) }</div>
            { table::folded(words.table, &heads, drawn.iter().map(|own| own.numbers.clone())) }
        </>
    }
}

/// One layer.
#[derive(Clone)]
struct Multiple {
    picture: Rc<Picture>,
    columns: Columns,
    numbers: [String; 4],
}

/// Draws layer after layer, in the place of what stood there before.
struct Drawing {
    model: Same<Model>,
    order: Order,
    rows: Same<Vec<Option<Row>>>,
    columns: Columns,
    drawn: Vec<Multiple>,
    next: usize,
}

impl Drawing {
    fn new(
        model: &Same<Model>,
        order: Order,
        rows: &Same<Vec<Option<Row>>>,
        columns: Columns,
        before: Option<&Vec<Multiple>>,
    ) -> Self {
        Self {
            model: model.clone(),
            order,
            rows: rows.clone(),
            columns,
            drawn: before.cloned().unwrap_or_default(),
            next: 0,
        }
    }

    fn draw(&self, layer: usize, block: u32) -> Multiple {
        let facts = &self.model.facts;
        let (n_experts, top_k) = (facts.n_experts as usize, facts.top_k as usize);
        let mut uses = uses(&self.rows, n_experts, top_k, layer);
        sort(&mut uses, self.order);
        let cells = cells(&self.rows, &uses, top_k, layer, self.columns);
        Multiple {
            picture: Picture::new(self.columns.count, cells.into_iter().map(weight_shade)),
            columns: self.columns,
            numbers: numbers(block, &uses),
        }
    }
}

impl Work for Drawing {
    type Found = Vec<Multiple>;

    fn step(&mut self) -> bool {
        let Some(&block) = self.model.facts.moe_layers.get(self.next) else {
            return false;
        };
        let own = self.draw(self.next, block);
        match self.drawn.get_mut(self.next) {
            Some(place) => *place = own,
            None => self.drawn.push(own),
        }
        self.next += 1;
        self.next < self.model.facts.moe_layers.len()
    }

    fn found(&self) -> Option<Vec<Multiple>> {
        Some(self.drawn.clone())
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
