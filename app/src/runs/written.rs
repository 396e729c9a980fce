//! A run as a file, written between frames: a long one of a large model has tens of megabytes.
//!
//! Its bytes go to the browser piece by piece, so that the page never holds the whole file besides what it
//! is made from.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use moescope_run_file::Run;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag};

use crate::gradual::Pace;
use crate::recording::{About, Writing};
use crate::state::{Conversation, Model};
use crate::words::words;

/// Bytes handed over at once: a fraction of a frame's time.
const PIECE_BYTES: usize = 1 << 20;
/// What the browser takes it for.
const KIND: &str = "application/octet-stream";

/// What is to be written, as it was when this was taken; it shares its tokens with the conversation.
pub struct Snapshot {
    pub model: Rc<Model>,
    pub conversation: Conversation,
    pub about: About,
}

impl Snapshot {
    /// Its run.
    pub async fn run(&self, pace: &mut Pace) -> Run {
        let mut writing = Writing::new(&self.model, &self.conversation, &self.about);
        while writing.step() {
            pace.breathe().await;
        }
        writing.finish()
    }
}

/// The file of a run.
pub async fn file(run: &Run, pace: &mut Pace) -> Result<Blob, JsValue> {
    let parts = moescope_run_file::parts(run)
        .map_err(|err| JsValue::from(js_sys::Error::new(&(words().runs.run_error)(&err))))?;
    let pieces = Array::new();
    let columns = parts.columns.iter().flat_map(|column| column.chunks(PIECE_BYTES));
    for piece in [&parts.header[..]].into_iter().chain(columns) {
        let bytes = Array::of1(&Uint8Array::from(piece));
        let blob = Blob::new_with_u8_array_sequence(&bytes)?;
        pieces.push(&blob.into());
        pace.breathe().await;
    }
    let options = BlobPropertyBag::new();
    options.set_type(KIND);
    Blob::new_with_blob_sequence_and_options(&pieces, &options)
}
