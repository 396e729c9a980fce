//! More workers beside this one, which compute a pass together with it: where the page is isolated, so that
//! memory may be shared, and where the model is large enough for that to be of use. Otherwise, or when
//! something fails, this worker computes alone.

mod board;
mod follower;
mod head;

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use js_sys::{Promise, Reflect, SharedArrayBuffer};
use moescope_engine::source::SourceError;
use moescope_engine::team::{Lead, WORDS};
use moescope_engine::{Error, Model};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, Event, MessageEvent, Worker, WorkerOptions, WorkerType};

use self::board::SharedBoard;
use super::source::Source;

pub use self::follower::follow_if_asked;

/// The script that starts this program.
const SCRIPT: &str = "worker-entry.js";
/// A worker of this name follows.
const FOLLOWER: &str = "moescope-follower";
/// Bytes of weights from which several workers are faster than one.
const LEAST_BYTES: u64 = 32 << 20;
/// More workers than this wait for memory.
const MOST_WORKERS: usize = 4;
/// Longest until a follower has started.
const START_MILLIS: u32 = 15_000;

/// Starts a team for a model, where that is possible and of use. `wanted`: a number of workers, or as many
/// as suit this machine.
pub async fn start(model: &Model, source: &Source, wanted: Option<u32>) -> Option<Rc<Lead>> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let size = size(&scope, model.gguf.file_bytes, wanted);
    let is_isolated =
        Reflect::get(&scope, &"crossOriginIsolated".into()).is_ok_and(|isolated| isolated == JsValue::TRUE);
    if size < 2 || !is_isolated {
        return None;
    }
    let head = head::Head::record(source).await.ok()?;
    let memory = SharedArrayBuffer::new(WORDS as u32 * 4);
    let starting: Vec<Promise> = (1..size)
        .map(|rank| start_follower(&head.message(&memory, rank, size)))
        .collect::<Result<_, _>>()
        .ok()?;
    for started in starting {
        JsFuture::from(started).await.ok()?;
    }
    Some(Lead::new(Rc::new(SharedBoard::new(&memory)), size))
}

/// Whether an error is the team's, so that one worker alone may succeed.
pub fn is_of_team(err: &Error) -> bool {
    matches!(err, Error::Team(_))
}

/// Number of workers, this one included: half of what the machine counts, as that often counts each core twice,
/// and the page needs one too. On two cores a second worker waits for the page: 79 tokens a second where
/// one alone writes 113 (`tests/bench/2026-11-25.md`).
fn size(scope: &DedicatedWorkerGlobalScope, weight_bytes: u64, wanted: Option<u32>) -> usize {
    let threads = scope.navigator().hardware_concurrency() as usize;
    match wanted {
        Some(wanted) => (wanted as usize).min(threads.max(1)),
        None if weight_bytes < LEAST_BYTES => 1,
        None => (threads / 2).clamp(1, MOST_WORKERS),
    }
}

/// Starts one worker; resolves once it follows.
fn start_follower(message: &JsValue) -> Result<Promise, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(FOLLOWER);
    let worker = Worker::new_with_options(SCRIPT, &options)?;
    let message = message.clone();
    Ok(Promise::new(&mut |resolve, reject| {
        let (listening, failed) = (worker.clone(), reject.clone());
        let message = message.clone();
        // Its first message says that it listens, its second that it follows.
        let mut is_listening = false;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |_| {
            if !is_listening {
                is_listening = true;
                if listening.post_message(&message).is_err() {
                    let _ = failed.call0(&JsValue::NULL);
                }
                return;
            }
            let _ = resolve.call0(&JsValue::NULL);
        });
        worker.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
        let (stopped, late) = (reject.clone(), reject);
        let on_error = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            event.prevent_default(); // one worker alone goes on
            let _ = stopped.call0(&JsValue::NULL);
        });
        worker.set_onerror(Some(on_error.into_js_value().unchecked_ref()));
        let give_up = move || {
            let _ = late.call0(&JsValue::NULL);
        };
        Timeout::new(START_MILLIS, give_up).forget();
    }))
}

/// What a source says when it is asked for more than was recorded.
fn not_recorded() -> SourceError {
    SourceError::Io {
        what: "the model's head".into(),
        why: "it reads differently the second time".into(),
    }
}
