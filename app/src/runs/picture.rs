//! The view on screen as a picture: its own elements and styles inside an SVG, with a caption below; a
//! PNG is that SVG drawn at twice its size.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, HtmlElement, HtmlImageElement,
    XmlSerializer,
};

use super::download;

/// Room for the caption.
const CAPTION_HEIGHT: f64 = 56.0;
/// Around the view.
const MARGIN: f64 = 16.0;
/// Pixels of a PNG for each of the page's.
const SCALE: f64 = 2.0;
/// Where the view stands; the first of them that there is.
const PLACES: [&str; 2] = [".trace .view", ".trace"];
/// What is inherited from outside the view.
const INHERITED: [&str; 5] = [
    "font-family",
    "font-size",
    "line-height",
    "color",
    "font-variant-numeric",
];

/// What a picture is saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Png,
    Svg,
}

/// Saves the view under a caption.
pub async fn save(form: Form, caption: &str) -> Result<(), JsValue> {
    let picture = draw(caption)?;
    match form {
        Form::Svg => {
            let name = download::file_name(caption, "svg");
            download::save(picture.svg.as_bytes(), "image/svg+xml", &name)
        }
        Form::Png => {
            let bytes = picture.png().await?;
            download::save(&bytes, "image/png", &download::file_name(caption, "png"))
        }
    }
}

struct Drawn {
    svg: String,
    width: f64,
    height: f64,
}

fn draw(caption: &str) -> Result<Drawn, JsValue> {
    let document = gloo::utils::document();
    let places = PLACES.iter();
    let view = places
        .filter_map(|place| document.query_selector(place).ok()?)
        .next();
    let view: HtmlElement = view
        .ok_or_else(|| js_sys::Error::new("there is no view"))?
        .dyn_into()?;
    let size = view.get_bounding_client_rect();
    let (inner, tall) = (size.width(), f64::from(view.scroll_height()).max(size.height()));
    let (width, height) = (inner + 2.0 * MARGIN, tall + MARGIN + CAPTION_HEIGHT);
    let copy = copy(&document, &view)?;
    let style = style(&document)?;
    let inherited = escaped(&inherited()?);
    let ground = escaped(&computed("--paper")?);
    let caption = escaped(caption);
    let root = root(&document);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\"{root}>\
         <title>{caption}</title><style>{style}</style>\
         <rect width=\"100%\" height=\"100%\" style=\"fill:{ground}\"/>\
         <foreignObject x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{inner}\" height=\"{tall}\">\
         <div xmlns=\"http://www.w3.org/1999/xhtml\" style=\"{inherited};height:100%\">{copy}</div></foreignObject>\
         <foreignObject x=\"{MARGIN}\" y=\"{}\" width=\"{inner}\" height=\"{CAPTION_HEIGHT}\">\
         <div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"caption\" style=\"{inherited};font-size:12px\">{caption}</div></foreignObject></svg>",
        tall + MARGIN,
    );
    Ok(Drawn { svg, width, height })
}

impl Drawn {
    async fn png(&self) -> Result<Vec<u8>, JsValue> {
        let image = HtmlImageElement::new()?;
        let encoded = String::from(js_sys::encode_uri_component(&self.svg));
        image.set_src(&format!("data:image/svg+xml;charset=utf-8,{encoded}"));
        JsFuture::from(image.decode()).await?;
        let document = gloo::utils::document();
        let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
        let (width, height) = (self.width * SCALE, self.height * SCALE);
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
        let context = canvas.get_context("2d")?.ok_or(JsValue::UNDEFINED)?;
        let context: CanvasRenderingContext2d = context.dyn_into()?;
        context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
        let url = canvas.to_data_url_with_type("image/png")?;
        let (_, encoded) = url.split_once(',').unwrap_or_default();
        let letters = gloo::utils::window().atob(encoded)?;
        // Each letter is a byte.
        Ok(letters.chars().map(|letter| letter as u8).collect())
    }
}

/// The view's elements as XHTML; what is painted on a canvas becomes an image.
fn copy(document: &Document, view: &HtmlElement) -> Result<String, JsValue> {
    let copy: Element = view.clone_node_with_deep(true)?.dyn_into()?;
    let (painted, empty) = (
        view.query_selector_all("canvas")?,
        copy.query_selector_all("canvas")?,
    );
    for index in 0..painted.length() {
        let (Some(painted), Some(empty)) = (painted.get(index), empty.get(index)) else {
            continue;
        };
        let (painted, empty): (HtmlCanvasElement, Element) = (painted.dyn_into()?, empty.dyn_into()?);
        let image = document.create_element("img")?;
        let size = painted.get_bounding_client_rect();
        image.set_attribute("src", &painted.to_data_url()?)?;
        image.set_attribute("width", &size.width().to_string())?;
        image.set_attribute("height", &size.height().to_string())?;
        image.set_attribute("class", &painted.class_name())?;
        empty.replace_with_with_node_1(&image)?;
    }
    XmlSerializer::new()?.serialize_to_string(&copy)
}

/// Every rule of the page that holds now: those of a media query that does not are left out.
fn style(document: &Document) -> Result<String, JsValue> {
    let sheets = Reflect::get(document, &"styleSheets".into())?;
    let mut text = String::new();
    for sheet in Array::from(&sheets).iter() {
        rules(&Reflect::get(&sheet, &"cssRules".into())?, &mut text)?;
    }
    Ok(escaped(&text))
}

fn rules(of: &JsValue, text: &mut String) -> Result<(), JsValue> {
    let field = |rule: &JsValue, name: &str| Reflect::get(rule, &name.into());
    for rule in Array::from(of).iter() {
        let media = field(&rule, "media")?;
        if media.is_undefined() {
            text.push_str(&field(&rule, "cssText")?.as_string().unwrap_or_default());
            continue;
        }
        let query = field(&media, "mediaText")?.as_string().unwrap_or_default();
        let holds = gloo::utils::window().match_media(&query)?;
        if holds.is_some_and(|holds| holds.matches()) {
            rules(&field(&rule, "cssRules")?, text)?;
        }
    }
    Ok(())
}

/// Attributes of the page's root that styles ask for.
fn root(document: &Document) -> String {
    let Some(root) = document.document_element() else {
        return String::new();
    };
    let names = root.get_attribute_names();
    let names = names.iter().filter_map(|name| name.as_string());
    let kept = names.filter(|name| name.starts_with("data-") || ["dir", "class"].contains(&name.as_str()));
    let attribute = |name: String| {
        let value = root.get_attribute(&name).unwrap_or_default();
        format!(" {name}=\"{}\"", escaped(&value))
    };
    kept.map(attribute).collect()
}

fn inherited() -> Result<String, JsValue> {
    let part = |name: &&str| Ok(format!("{name}:{}", computed(name)?));
    let parts: Vec<String> = INHERITED.iter().map(part).collect::<Result<_, JsValue>>()?;
    Ok(parts.join(";"))
}

/// Of the page's body.
fn computed(name: &str) -> Result<String, JsValue> {
    let style = gloo::utils::window().get_computed_style(&gloo::utils::body())?;
    style.ok_or(JsValue::UNDEFINED)?.get_property_value(name)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
