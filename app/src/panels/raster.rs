//! Time: the router distribution of one MoE layer, one column per position, one row per expert.
//!
//! A canvas with as many pixels as cells, stretched without smoothing; the columns' numbers are in
//! the experts panel, where a click on a column leads.

use std::rc::Rc;

use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlSelectElement, ImageData, MouseEvent};
use yew::{Html, NodeRef, Properties, TargetCast, component, html, use_effect_with, use_node_ref};

use super::shade::{SHADES, shade};
use super::{Dispatch, panel, when};
use crate::protocol::ModelFacts;
use crate::state::{Action, Row};

/// Fewest columns drawn: the first tokens keep a readable width.
const FEWEST_COLUMNS: usize = 128;

/// What the raster draws.
#[derive(Clone, Debug, Properties)]
pub struct RasterProps {
    pub rows: Rc<Vec<Option<Row>>>,
    /// MoE layers of the model.
    pub layers: Vec<u32>,
    pub n_experts: usize,
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

impl RasterProps {
    /// The raster of a conversation.
    pub fn new(
        facts: &ModelFacts,
        rows: Rc<Vec<Option<Row>>>,
        layer: usize,
        position: Option<u32>,
        dispatch: Dispatch,
    ) -> Self {
        Self {
            rows,
            layers: facts.moe_layers.clone(),
            n_experts: facts.n_experts as usize,
            layer,
            position,
            dispatch,
        }
    }

    fn columns(&self) -> usize {
        self.rows.len().max(FEWEST_COLUMNS)
    }

    /// The distribution at a position, if it was computed.
    fn probs(&self, position: usize) -> Option<&[f32]> {
        let row = self.rows.get(position)?.as_ref()?;
        let flat = row.index * self.layers.len() + self.layer;
        row.pass
            .probs
            .get(flat * self.n_experts..(flat + 1) * self.n_experts)
    }
}

/// The strip at the foot of the page.
#[component]
pub fn Raster(props: &RasterProps) -> Html {
    let canvas = use_node_ref();
    let shown = canvas.clone();
    use_effect_with(props.clone(), move |props| {
        // A canvas that cannot be drawn leaves the strip empty; the numbers are in the panel above.
        let _ = draw(&shown, props);
    });
    let tools = html! { <div class="raster-tools">{ layer_menu(props) }</div> };
    let told = format!(
        "Router distribution over {} positions in layer {}",
        props.rows.len(),
        props.layers.get(props.layer).copied().unwrap_or_default()
    );
    panel(
        "raster",
        "Experts over time",
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

fn layer_menu(props: &RasterProps) -> Html {
    let onchange = when(&props.dispatch, |event: yew::Event| {
        event
            .target_dyn_into::<HtmlSelectElement>()?
            .value()
            .parse()
            .ok()
            .map(Action::RasterLayerChosen)
    });
    html! {
        <label>{ "layer " }<select {onchange}>{ for props.layers.iter().enumerate().map(|(at, layer)| html! {
            <option value={at.to_string()} selected={at == props.layer}>{ *layer }</option>
        }) }</select></label>
    }
}

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
        for (expert, prob) in props.probs(column).unwrap_or_default().iter().enumerate() {
            let at = (expert * width + column) * 4;
            pixels[at..at + 4].copy_from_slice(&palette[shade(*prob)]);
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
