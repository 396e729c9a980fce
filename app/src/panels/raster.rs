//! Time: the chosen experts of one MoE layer, one column per position, one line per expert.
//!
//! A long conversation shares columns among positions; the greatest weight shows, and at full size the
//! positions around the selected one stand below with a column each. All numbers are in the table.

use std::rc::Rc;

use web_sys::HtmlSelectElement;
use yew::{Callback, Html, Properties, TargetCast, component, html, use_memo};

use super::picture::{Axis, Canvas, Frame, Move, NONE, Picture};
use super::shade::shade;
use super::views::Scene;
use super::{Dispatch, nothing, panel, slot, when};
use crate::format;
use crate::same::Same;
use crate::state::select::raster::{Columns, ExpertUse, Order, cells, sort, uses};
use crate::state::{Action, AppState, Model, Row};
use crate::words::words;

/// Fewest columns drawn: the first tokens keep a readable width.
const FEWEST_COLUMNS: usize = 64;
/// Most columns drawn: what a screen can show.
const MOST_COLUMNS: usize = 1024;
/// Positions of the part with a column for each.
const NEAR: usize = 96;

/// The faintest shade of a chosen expert: even a small weight must be told from none.
const FAINTEST: usize = 3;

/// The view at full size.
pub fn view(scene: &Scene<'_>) -> Html {
    let words = &words().raster;
    let Some(props) = RasterProps::of(scene) else {
        return panel("raster", words.title, Html::default(), nothing(words.empty));
    };
    let (state, dispatch) = (scene.state, &scene.hands.dispatch);
    let tools = html! {
        <div class="raster-tools">{ slot::chooser(state, dispatch) }{ order_menu(state.view.raster_order, dispatch) }</div>
    };
    let body = html! {
        <>
            <p class="note">{ (words.axes)(props.n_experts().saturating_sub(1) as u64) }</p>
            <Raster is_full_size={true} ..props />
        </>
    };
    panel("raster", words.title, tools, body)
}

/// The strip at the foot of the overview.
pub fn strip(scene: &Scene<'_>) -> Html {
    let Some(props) = RasterProps::of(scene) else {
        return Html::default();
    };
    let words = &words().raster;
    let (state, dispatch) = (scene.state, &scene.hands.dispatch);
    let tools = html! {
        <div class="raster-tools"><span>{ (words.axes)(props.n_experts().saturating_sub(1) as u64) }</span>{ slot::layer_menu(state, dispatch) }</div>
    };
    panel("raster", words.title, tools, html! { <Raster ..props /> })
}

/// The menu of orders.
pub fn order_menu(order: Order, dispatch: &Dispatch) -> Html {
    let words = &words().raster;
    let onchange = when(dispatch, |event: yew::Event| {
        let name = event.target_dyn_into::<HtmlSelectElement>()?.value();
        let found = Order::ALL.into_iter().find(|order| order.name() == name);
        found.map(Action::RasterOrdered)
    });
    let title = |order: Order| match order {
        Order::Index => words.by_index,
        Order::Load => words.by_load,
        Order::FirstUse => words.by_first_use,
    };
    html! {
        <label>{ words.order }{ " " }<select class="order" {onchange}>{ for Order::ALL.into_iter().map(|own| html! {
            <option value={own.name()} selected={own == order}>{ title(own) }</option>
        }) }</select></label>
    }
}

/// What the raster draws.
#[derive(Clone, PartialEq, Properties)]
pub struct RasterProps {
    pub rows: Same<Vec<Option<Row>>>,
    pub model: Same<Model>,
    /// Counted among MoE layers.
    pub layer: usize,
    pub order: Order,
    /// The position the views are about.
    pub position: Option<u32>,
    pub expert: Option<u16>,
    #[prop_or_default]
    pub is_full_size: bool,
    pub dispatch: Dispatch,
}

impl RasterProps {
    fn of(scene: &Scene<'_>) -> Option<Self> {
        let state: &AppState = scene.state;
        let has_rows = state.conversation.rows.iter().any(Option::is_some);
        Some(Self {
            rows: Same::new(&state.conversation.rows),
            model: Same::new(state.model.as_ref().filter(|_| has_rows)?),
            layer: state.selection.layer,
            order: state.view.raster_order,
            position: scene.focus.as_ref().map(|focus| focus.position),
            expert: state.selection.expert,
            is_full_size: false,
            dispatch: scene.hands.dispatch.clone(),
        })
    }

    fn n_experts(&self) -> usize {
        self.model.facts.n_experts as usize
    }

    fn top_k(&self) -> usize {
        self.model.facts.top_k as usize
    }

    fn picture(&self, uses: &[ExpertUse], columns: Columns) -> Rc<Picture> {
        let cells = cells(&self.rows, uses, self.top_k(), self.layer, columns);
        Picture::new(columns.count, cells.into_iter().map(weight_shade))
    }
}

/// The shade of a weight; zero is an expert that was not chosen.
pub fn weight_shade(weight: f32) -> u8 {
    if weight > 0.0 {
        shade(weight).max(FAINTEST) as u8
    } else {
        NONE
    }
}

/// See the module.
#[component]
pub fn Raster(props: &RasterProps) -> Html {
    let columns = Columns::fit(props.rows.len(), FEWEST_COLUMNS, MOST_COLUMNS);
    // Scrubbing changes neither rows nor order, so nothing is drawn anew.
    let drawn = use_memo(
        (props.rows.clone(), props.layer, props.order),
        |(rows, layer, order)| {
            let mut uses = uses(rows, props.n_experts(), props.top_k(), *layer);
            sort(&mut uses, *order);
            let picture = props.picture(&uses, columns);
            (uses, picture)
        },
    );
    let (uses, picture) = &*drawn;
    let near = props
        .position
        .filter(|_| props.is_full_size && columns.positions_each > 1);
    html! {
        <>
            { canvas(props, uses, Rc::clone(picture), columns) }
            { near.map(|position| around(props, uses, position)).unwrap_or_default() }
            if props.is_full_size { { table(props, uses) } }
        </>
    }
}

/// The positions around the selected one, with a column each.
fn around(props: &RasterProps, uses: &[ExpertUse], position: u32) -> Html {
    let columns = Columns {
        from: (position as usize / (NEAR / 2))
            .saturating_sub(1)
            .saturating_mul(NEAR / 2),
        count: NEAR * 3 / 2,
        positions_each: 1,
    };
    html! {
        <>
            <h3>{ (words().raster.near)(columns.from as u64, (columns.from + columns.count - 1) as u64) }</h3>
            { canvas(props, uses, props.picture(uses, columns), columns) }
        </>
    }
}

fn canvas(props: &RasterProps, uses: &[ExpertUse], picture: Rc<Picture>, columns: Columns) -> Html {
    let line = |expert: u16| uses.iter().position(|own| own.expert == expert);
    let column = props.position.and_then(|position| columns.of(position as usize));
    let frames = column.map(|column| Frame {
        column,
        line: 0,
        columns: 1,
        lines: uses.len(),
    });
    let of_expert = props.expert.and_then(line).map(|line| Frame {
        column: 0,
        line,
        columns: columns.count,
        lines: 1,
    });
    let layer = props.model.facts.moe_layers.get(props.layer).copied();
    let label = (words().raster.picture)(props.rows.len() as u64, layer.unwrap_or_default());
    let class = if props.is_full_size {
        "raster tall"
    } else {
        "raster"
    };
    let axes = props.is_full_size.then(|| {
        let position = |column: usize| format::count(columns.position(column) as u64);
        (
            Axis::new(uses.len(), |line| uses[line].expert.to_string()),
            Axis::new(columns.count, position),
        )
    });
    html! {
        <Canvas picture={Same(picture)} {axes} {label} {class} frames={frames.into_iter().chain(of_expert).collect::<Vec<_>>()}
            onpick={picked(props, uses, columns)} onmove={moved(props, uses)} />
    }
}

fn picked(props: &RasterProps, uses: &[ExpertUse], columns: Columns) -> Callback<(usize, usize)> {
    let (dispatch, known) = (props.dispatch.clone(), props.rows.len());
    let experts: Vec<u16> = uses.iter().map(|own| own.expert).collect();
    let is_full_size = props.is_full_size;
    Callback::from(move |(column, line): (usize, usize)| {
        let position = columns.position(column);
        if position < known {
            dispatch.emit(Action::Selected(Some(position as u32)));
        }
        if is_full_size {
            dispatch.emit(Action::ExpertSelected(experts.get(line).copied()));
        }
    })
}

/// Left and right go through the tokens, up and down through the experts as they stand.
fn moved(props: &RasterProps, uses: &[ExpertUse]) -> Callback<Move> {
    let experts: Vec<u16> = uses.iter().map(|own| own.expert).collect();
    let line = props
        .expert
        .and_then(|expert| experts.iter().position(|own| *own == expert));
    let last = props.rows.len().saturating_sub(1) as u32;
    let position = props.position;
    props.dispatch.reform(move |to| match to {
        Move::Columns(by) => Action::Stepped(by),
        Move::Lines(by) => {
            let here = line.map_or(-1, |line| line as i64);
            let wanted = (here + by).clamp(0, experts.len() as i64 - 1);
            Action::ExpertSelected(experts.get(wanted as usize).copied())
        }
        Move::First => Action::Selected(Some(0)),
        Move::Last => Action::Selected(Some(last)),
        Move::Pin => Action::Selected(position),
        Move::Leave => Action::Selected(None),
    })
}

fn table(props: &RasterProps, uses: &[ExpertUse]) -> Html {
    let words = &words().raster;
    let row = |own: &ExpertUse| {
        let mean = own.weight / f64::from(own.times.max(1));
        let first = own.first.map(|first| format::count(u64::from(first)));
        html! {
            <tr key={own.expert} data-expert={own.expert.to_string()} data-times={own.times.to_string()} data-first={own.first.map(|first| first.to_string())}
                aria-selected={(props.expert == Some(own.expert)).then_some("true")}>
                <th scope="row">{ own.expert }</th><td>{ format::count(u64::from(own.times)) }</td>
                <td>{ if own.times > 0 && !mean.is_nan() { format::prob(mean as f32) } else { "—".into() } }</td><td>{ first.unwrap_or("—".into()) }</td>
            </tr>
        }
    };
    html! {
        <details class="more">
            <summary>{ words.table }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ words.expert }</th><th scope="col">{ words.times }</th><th scope="col">{ words.mean_weight }</th><th scope="col">{ words.first }</th></tr></thead>
                <tbody>{ for uses.iter().map(row) }</tbody>
            </table>
        </details>
    }
}
