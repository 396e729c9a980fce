//! Many cells as one picture: a canvas with a pixel for each, stretched without smoothing, coloured
//! from the theme's shades, and redrawn only when its cells change.
//!
//! It takes part in the tab order once: arrow keys move what is selected, a frame shows where. The
//! same numbers stand in a table beside every picture.

mod axis;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData, KeyboardEvent, MouseEvent};
use yew::{
    AttrValue, Callback, Html, NodeRef, Properties, TargetCast, classes, component, html, use_effect_with,
    use_node_ref,
};

pub use axis::Axis;

use super::shade::{DIVERGING, SHADES};
use super::when;
use crate::same::Same;

/// A cell without a shade: the ground shows.
pub const NONE: u8 = u8::MAX;

/// Cells as shades, line by line. `(lines, columns)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub columns: usize,
    pub shades: Vec<u8>,
}

impl Picture {
    /// A picture of what is there, with a shade for each cell or [`NONE`].
    pub fn new(columns: usize, shades: impl Iterator<Item = u8>) -> Rc<Self> {
        Rc::new(Self {
            columns: columns.max(1),
            shades: shades.collect(),
        })
    }

    pub fn lines(&self) -> usize {
        (self.shades.len() / self.columns).max(1)
    }
}

/// Some cells within a picture: what is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub column: usize,
    pub line: usize,
    pub columns: usize,
    pub lines: usize,
}

/// Where a key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Columns(i64),
    Lines(i64),
    First,
    Last,
    Pin,
    Leave,
}

impl Move {
    /// Cells that a page key moves by.
    const PAGE: i64 = 16;

    /// Of a key of the keyboard.
    pub fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowRight" => Self::Columns(1),
            "ArrowLeft" => Self::Columns(-1),
            "ArrowDown" => Self::Lines(1),
            "ArrowUp" => Self::Lines(-1),
            "PageDown" => Self::Columns(Self::PAGE),
            "PageUp" => Self::Columns(-Self::PAGE),
            "Home" => Self::First,
            "End" => Self::Last,
            "Enter" | " " => Self::Pin,
            "Escape" => Self::Leave,
            _ => return None,
        })
    }
}

/// What a picture needs to draw itself.
#[derive(Clone, PartialEq, Properties)]
pub struct CanvasProps {
    pub picture: Same<Picture>,
    /// What it shows and what is selected, for those who do not see it.
    pub label: AttrValue,
    #[prop_or_default]
    pub class: &'static str,
    #[prop_or_default]
    pub frames: Vec<Frame>,
    /// A cell was clicked: its column and line.
    pub onpick: Callback<(usize, usize)>,
    /// A key was pressed; without this the picture is not in the tab order.
    #[prop_or_default]
    pub onmove: Option<Callback<Move>>,
    /// The pointer is over a cell, or over none any more.
    #[prop_or_default]
    pub onhover: Option<Callback<Option<(usize, usize)>>>,
    /// Shades are those of differences: less to the left of the middle, more to the right.
    #[prop_or_default]
    pub is_diverging: bool,
    /// What stands beside its lines and below its columns.
    #[prop_or_default]
    pub axes: Option<(Axis, Axis)>,
}

/// See the module.
#[component]
pub fn Canvas(props: &CanvasProps) -> Html {
    let canvas = use_node_ref();
    let shown = canvas.clone();
    let scale = match props.is_diverging {
        true => ("diverging", DIVERGING),
        false => ("shade", SHADES),
    };
    use_effect_with(props.picture.clone(), move |picture| {
        // A canvas that cannot be drawn stays empty; its numbers are in the table beside it.
        let _ = draw(&shown, picture, scale);
    });
    let (columns, lines) = (props.picture.columns, props.picture.lines());
    let frame = |frame: &Frame| {
        html! { <rect x={frame.column.to_string()} y={frame.line.to_string()} width={frame.columns.to_string()} height={frame.lines.to_string()} /> }
    };
    let onkeydown = props.onmove.as_ref().map(|onmove| {
        when(onmove, |event: KeyboardEvent| {
            let is_plain = !event.ctrl_key() && !event.alt_key() && !event.meta_key();
            let found = Move::of_key(&event.key()).filter(|_| is_plain)?;
            // Leaving is also the page's affair: the focus goes to the heading of the panel.
            if found != Move::Leave {
                event.prevent_default();
            }
            Some(found)
        })
    });
    let (onmousemove, onmouseleave) = match &props.onhover {
        Some(onhover) => (
            Some(pick(&onhover.reform(Some), columns, lines)),
            Some(onhover.reform(|_: MouseEvent| None)),
        ),
        None => (None, None),
    };
    let role = if onkeydown.is_some() { "application" } else { "img" };
    let picture = html! {
        <div class={classes!("picture", props.class)} {role} aria-label={props.label.clone()}
            tabindex={onkeydown.is_some().then_some("0")} {onkeydown}>
            <canvas ref={canvas} aria-hidden="true" onclick={pick(&props.onpick, columns, lines)} {onmousemove} {onmouseleave} />
            <svg class="cursor" viewBox={format!("0 0 {columns} {lines}")} preserveAspectRatio="none" aria-hidden="true">
                if props.axes.is_some() { <path class="gaps" d={axis::gaps(columns, lines)} /> }
                { for props.frames.iter().map(frame) }
            </svg>
        </div>
    };
    match &props.axes {
        Some((beside, below)) => {
            html! { <div class="charted">{ beside.view("beside") }{ picture }{ below.view("below") }</div> }
        }
        None => picture,
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "pixels are i32 or f64, depending on web_sys_unstable_apis"
)]
fn pick(onpick: &Callback<(usize, usize)>, columns: usize, lines: usize) -> Callback<MouseEvent> {
    when(onpick, move |event: MouseEvent| {
        let canvas: HtmlCanvasElement = event.target_dyn_into()?;
        let along = |at: f64, length: i32, cells: usize| {
            let cell = (at / f64::from(length.max(1)) * cells as f64) as usize;
            cell.min(cells.saturating_sub(1))
        };
        Some((
            along(f64::from(event.offset_x()), canvas.client_width(), columns),
            along(f64::from(event.offset_y()), canvas.client_height(), lines),
        ))
    })
}

fn draw(canvas: &NodeRef, picture: &Picture, scale: (&str, usize)) -> Result<(), JsValue> {
    let Some(canvas) = canvas.cast::<HtmlCanvasElement>() else {
        return Ok(());
    };
    let (width, height) = (picture.columns as u32, picture.lines() as u32);
    let palette = palette(scale)?;
    let clear = [0_u8; 4];
    let pixels: Vec<u8> = picture
        .shades
        .iter()
        .flat_map(|shade| *palette.get(usize::from(*shade)).unwrap_or(&clear))
        .collect();
    if canvas.width() != width || canvas.height() != height {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    let image = ImageData::new_with_u8_clamped_array(Clamped(&pixels), width)?;
    let context = canvas
        .get_context("2d")?
        .ok_or("no 2d context")?
        .dyn_into::<CanvasRenderingContext2d>()?;
    context.put_image_data(&image, 0_u8.into(), 0_u8.into())
}

/// A scale's colours as bytes.
type Palette = Rc<[[u8; 4]]>;

thread_local! {
    /// Palettes that were read, by what the document wears and their name. To ask for a style makes the
    /// browser work all styles out anew, and a page of small pictures would ask once for each.
    static PALETTES: RefCell<BTreeMap<[String; 3], Palette>> = RefCell::default();
}

/// The theme's colours of a scale. Whatever is drawn is drawn anew when the document changes its clothes.
fn palette((name, levels): (&str, usize)) -> Result<Palette, JsValue> {
    let root = gloo::utils::document().document_element().ok_or("no document")?;
    let worn = |attribute: &str| root.get_attribute(attribute).unwrap_or_default();
    let key = [worn("data-theme"), worn("data-palette"), name.to_owned()];
    if let Some(known) = PALETTES.with_borrow(|known| known.get(&key).cloned()) {
        return Ok(known);
    }
    let style = gloo::utils::window()
        .get_computed_style(&root)?
        .ok_or("no style")?;
    let colour = |level: usize| {
        let value = style.get_property_value(&format!("--{name}-{level}"))?;
        Ok(rgba(value.trim()).unwrap_or_default())
    };
    let palette: Palette = (0..levels).map(colour).collect::<Result<_, JsValue>>()?;
    PALETTES.with_borrow_mut(|known| known.insert(key, Rc::clone(&palette)));
    Ok(palette)
}

/// `#rrggbb` as bytes.
fn rgba(hex: &str) -> Option<[u8; 4]> {
    let number = u32::from_str_radix(hex.strip_prefix('#')?, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue, 255])
}
