//! Time: the chosen experts of one MoE layer, one column per position, one row per expert.
//!
//! A canvas with as many pixels as cells, stretched without smoothing; the columns' numbers are in
//! the experts panel, where a click on a column leads.

use std::rc::Rc;

use gloo::events::EventListener;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, HtmlSelectElement, ImageData, MediaQueryListEvent,
    MouseEvent,
};
use yew::{
    Html, NodeRef, Properties, TargetCast, component, hook, html, use_effect_with, use_node_ref, use_state,
};

use super::shade::{SHADES, shade};
use super::views::Scene;
use super::{Dispatch, panel, when};
use crate::state::{Action, Row};
use crate::words::words;

/// Fewest columns drawn: the first tokens keep a readable width.
const FEWEST_COLUMNS: usize = 128;

/// The faintest shade of a chosen expert: even a small weight must be told from none.
const FAINTEST: usize = 3;

/// What the raster draws.
#[derive(Clone, Debug, Properties)]
pub struct RasterProps {
    pub rows: Rc<Vec<Option<Row>>>,
    /// MoE layers of the model.
    pub layers: Vec<u32>,
    pub n_experts: usize,
    pub top_k: usize,
    /// Which MoE layer.
    pub layer: usize,
    /// The position the panels are about.
    pub position: Option<u32>,
    pub dispatch: Dispatch,
}

impl PartialEq for RasterProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.rows, &other.rows)
            && (self.layer, self.position, self.n_experts) == (other.layer, other.position, other.n_experts)
    }
}

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let Some(model) = &scene.state.model else {
        return Html::default();
    };
    let facts = &model.facts;
    let props = RasterProps {
        rows: Rc::clone(&scene.state.conversation.rows),
        layers: facts.moe_layers.clone(),
        n_experts: facts.n_experts as usize,
        top_k: facts.top_k as usize,
        layer: scene.state.selection.layer,
        position: scene.focus.as_ref().map(|focus| focus.position),
        dispatch: scene.hands.dispatch.clone(),
    };
    html! { <Raster ..props /> }
}

impl RasterProps {
    /// Columns drawn: powers of two, so that a new token rarely changes their width.
    fn columns(&self) -> usize {
        self.rows.len().next_power_of_two().max(FEWEST_COLUMNS)
    }

    /// The chosen experts and their weights at a position.
    fn chosen(&self, position: usize) -> impl Iterator<Item = (usize, f32)> {
        let row = self.rows.get(position).and_then(Option::as_ref);
        let (ids, weights) = row.map_or((&[][..], &[][..]), |row| (row.ids(), row.weights()));
        let chosen = ids
            .iter()
            .zip(weights)
            .skip(self.layer * self.top_k)
            .take(self.top_k);
        chosen.map(|(id, weight)| (usize::from(*id), *weight))
    }
}

/// The strip at the foot of the page.
#[component]
pub fn Raster(props: &RasterProps) -> Html {
    let canvas = use_node_ref();
    let shown = canvas.clone();
    let theme = use_theme();
    use_effect_with((props.clone(), theme), move |(props, _)| {
        // A canvas that cannot be drawn leaves the strip empty; the numbers are in the panel above.
        let _ = draw(&shown, props);
    });
    let words = &words().raster;
    let tools = html! { <div class="raster-tools"><span>{ (words.axes)(props.n_experts.saturating_sub(1) as u64) }</span>{ layer_menu(props) }</div> };
    let layer = props.layers.get(props.layer).copied().unwrap_or_default();
    let told = (words.picture)(props.rows.len() as u64, layer);
    panel(
        "raster",
        words.title,
        tools,
        html! {
            <div class="raster">
                <canvas ref={canvas} role="img" aria-label={told} onclick={pick(props)} />
                <svg class="cursor" viewBox={format!("0 0 {} 1", props.columns())} preserveAspectRatio="none" aria-hidden="true">
                    { props.position.map(|at| html! { <rect x={at.to_string()} y="0" width="1" height="1" /> }).unwrap_or_default() }
                </svg>
            </div>
        },
    )
}

/// A number that changes with the colour scheme: a canvas does not follow the style by itself.
#[hook]
fn use_theme() -> u32 {
    let theme = use_state(|| 0);
    let changed = theme.clone();
    use_effect_with((), move |()| {
        let query = gloo::utils::window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten();
        let listener = query.map(|query| {
            EventListener::new(&query, "change", move |event| {
                let is_dark = event
                    .dyn_ref::<MediaQueryListEvent>()
                    .is_some_and(MediaQueryListEvent::matches);
                changed.set(1 + u32::from(is_dark));
            })
        });
        move || drop(listener)
    });
    *theme
}

fn layer_menu(props: &RasterProps) -> Html {
    let onchange = when(&props.dispatch, |event: yew::Event| {
        event
            .target_dyn_into::<HtmlSelectElement>()?
            .value()
            .parse()
            .ok()
            .map(Action::LayerSelected)
    });
    html! {
        <label>{ words().raster.layer }{ " " }<select {onchange}>{ for props.layers.iter().enumerate().map(|(at, layer)| html! {
            <option value={at.to_string()} selected={at == props.layer}>{ *layer }</option>
        }) }</select></label>
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "pixels are i32 or f64, depending on web_sys_unstable_apis"
)]
fn pick(props: &RasterProps) -> yew::Callback<MouseEvent> {
    let (columns, known) = (props.columns(), props.rows.len());
    when(&props.dispatch, move |event: MouseEvent| {
        let width = event
            .target_dyn_into::<HtmlCanvasElement>()?
            .client_width()
            .max(1);
        let position = (f64::from(event.offset_x()) / f64::from(width) * columns as f64) as usize;
        (position < known).then_some(Action::Selected(Some(position as u32)))
    })
}

fn draw(canvas: &NodeRef, props: &RasterProps) -> Result<(), JsValue> {
    let Some(canvas) = canvas.cast::<HtmlCanvasElement>() else {
        return Ok(());
    };
    let (width, height) = (props.columns(), props.n_experts.max(1));
    let palette = palette(&canvas)?;
    let mut pixels = vec![0_u8; width * height * 4];
    for column in 0..props.rows.len() {
        for (expert, weight) in props.chosen(column).filter(|(expert, _)| *expert < height) {
            let at = (expert * width + column) * 4;
            pixels[at..at + 4].copy_from_slice(&palette[shade(weight).max(FAINTEST)]);
        }
    }
    if canvas.width() != width as u32 || canvas.height() != height as u32 {
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
    }
    let image = ImageData::new_with_u8_clamped_array(Clamped(&pixels), width as u32)?;
    let context = canvas
        .get_context("2d")?
        .ok_or("no 2d context")?
        .dyn_into::<CanvasRenderingContext2d>()?;
    context.put_image_data(&image, 0_u8.into(), 0_u8.into())
}

/// The shades of the theme, as bytes.
fn palette(canvas: &HtmlCanvasElement) -> Result<[[u8; 4]; SHADES], JsValue> {
    let style = gloo::utils::window()
        .get_computed_style(canvas)?
        .ok_or("no style")?;
    let mut palette = [[0; 4]; SHADES];
    for (level, colour) in palette.iter_mut().enumerate() {
        *colour = rgba(style.get_property_value(&format!("--shade-{level}"))?.trim()).unwrap_or_default();
    }
    Ok(palette)
}

/// `#rrggbb` as bytes.
fn rgba(hex: &str) -> Option<[u8; 4]> {
    let number = u32::from_str_radix(hex.strip_prefix('#')?, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue, 255])
}
