//! `window.moescope`: the page for scripts, tests and benchmarks.
//!
//! ```js
//! await moescope.ready
//! await moescope.load("https://…/model.gguf")            // or a File, Blob or ArrayBuffer
//! const { text, tokens, trace } = await moescope.generate({ prompt: "What is 27 + 58?", seed: 1 })
//! moescope.state()
//! ```
//!
//! Every call waits for the first model. `generate` starts a new conversation unless
//! `continueChat` is set, so that equal calls give equal results, and is shown like any other turn.

mod options;
mod report;

use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, File};

use crate::page;
use crate::protocol::Source;
use crate::state::Action;
use crate::store::{Awaited, Store};

/// Settles `moescope.ready`.
pub struct Ready {
    resolve: js_sys::Function,
    reject: js_sys::Function,
}

impl Ready {
    /// The first model has arrived, or failed to.
    pub fn settle(&self, loaded: &Result<(), JsValue>) {
        // A promise that cannot be settled has nobody waiting.
        let _ = match loaded {
            Ok(()) => self.resolve.call0(&JsValue::UNDEFINED),
            Err(err) => self.reject.call1(&JsValue::UNDEFINED, err),
        };
    }

    /// There will be no first model.
    pub fn fail(&self, why: &str) {
        self.settle(&Err(js_sys::Error::new(why).into()));
    }
}

/// Puts `moescope` on the window.
pub fn install(store: &Rc<Store>) -> Ready {
    let mut settlers = None;
    let ready = Promise::new(&mut |resolve, reject| settlers = Some(Ready { resolve, reject }));
    let settlers = settlers.unwrap_or_else(|| Ready {
        resolve: js_sys::Function::default(),
        reject: js_sys::Function::default(),
    });
    // Without a handler, a first model that fails would be reported as an unhandled rejection
    // besides being on screen.
    let quiet = Closure::<dyn FnMut(JsValue)>::new(|_| {});
    let _ = ready.catch(&quiet);
    quiet.forget();
    let object = Object::new();
    set(&object, "ready", &ready);
    set(&object, "load", &method(store, load));
    let first = ready.clone();
    set(
        &object,
        "generate",
        &method(store, move |store, options| {
            generate(store, options, first.clone())
        }),
    );
    let shown = Rc::clone(store);
    set(&object, "state", &closure(move |_| report::state(&shown)));
    set(&gloo::utils::window(), "moescope", &object);
    settlers
}

/// An async method of one argument.
fn method<F>(store: &Rc<Store>, call: impl Fn(Rc<Store>, JsValue) -> F + 'static) -> JsValue
where
    F: Future<Output = Result<JsValue, JsValue>> + 'static,
{
    let store = Rc::clone(store);
    closure(move |argument| future_to_promise(call(Rc::clone(&store), argument)).into())
}

fn closure(call: impl Fn(JsValue) -> JsValue + 'static) -> JsValue {
    Closure::<dyn Fn(JsValue) -> JsValue>::new(call).into_js_value()
}

/// Sets a property of an object of ours, which cannot fail.
fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

async fn load(store: Rc<Store>, source: JsValue) -> Result<JsValue, JsValue> {
    let (origin, source) = read_source(source)?;
    page::load(&store, origin, source).await?;
    Ok(report::state(&store))
}

fn read_source(value: JsValue) -> Result<(String, Source), JsValue> {
    if let Some(url) = value.as_string() {
        return Ok((url.clone(), Source::Url(url)));
    }
    let name = value
        .dyn_ref::<File>()
        .map_or_else(|| "model.gguf".to_owned(), File::name);
    let blob = match value.dyn_into::<Blob>() {
        Ok(blob) => blob,
        Err(value) => match value.dyn_into::<ArrayBuffer>() {
            Ok(buffer) => Blob::new_with_buffer_source_sequence(&Array::of1(&buffer))?,
            Err(_) => {
                return Err(
                    js_sys::Error::new("load() takes an address, a File, a Blob or an ArrayBuffer").into(),
                );
            }
        },
    };
    Ok((name.clone(), Source::File { name, blob }))
}

async fn generate(store: Rc<Store>, options: JsValue, ready: Promise) -> Result<JsValue, JsValue> {
    let (prompt, options) = store.read(|state| options::read(&options, &state.settings.sampling))?;
    if store.read(|state| state.answering().is_none()) {
        JsFuture::from(ready).await?;
    }
    let generation_id = store.next_id();
    while let Some(busy) = store.read(|state| state.activity.generation_id()) {
        // Whether that one failed is not for this call to tell.
        let _ = JsFuture::from(store.promise(Awaited::Generation(busy))).await;
    }
    let finished = store.promise(Awaited::Generation(generation_id));
    store.dispatch(Action::Sent {
        generation_id,
        prompt,
        options,
        from_draft: false,
    });
    if store.read(|state| state.activity.generation_id()) != Some(generation_id) {
        return Err(
            js_sys::Error::new("no model is loaded, so nothing can be generated; call load() first").into(),
        );
    }
    JsFuture::from(finished).await?;
    report::generation(&store, generation_id).await
}
