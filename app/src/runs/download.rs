//! Bytes as a file of the visitor's.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Longest name of a file, without its ending.
const MOST_NAME: usize = 60;

/// Has the browser save them.
pub fn save(bytes: &[u8], kind: &str, name: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&Uint8Array::from(bytes));
    save_blob(
        &Blob::new_with_u8_array_sequence_and_options(&parts, &options)?,
        name,
    )
}

/// The same of what is the browser's already.
pub fn save_blob(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = gloo::utils::document().create_element("a")?.dyn_into()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser holds the bytes by now, or will before this task is over.
    gloo::timers::callback::Timeout::new(60_000, move || drop(Url::revoke_object_url(&url))).forget();
    Ok(())
}

/// A name for a file: what a title says in letters and digits of any script.
pub fn file_name(title: &str, ending: &str) -> String {
    let mut name = String::new();
    for letter in title.chars() {
        match letter {
            letter if letter.is_alphanumeric() => name.extend(letter.to_lowercase()),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
        if name.len() >= MOST_NAME {
            break;
        }
    }
    let name = name.trim_matches('-');
    format!("{}.{ending}", if name.is_empty() { "run" } else { name })
}
