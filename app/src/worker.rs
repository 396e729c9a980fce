//! The worker: receives requests, runs the engine, tells events.
//!
//! Requests are served one after another; only cancelling takes effect at once, between two tokens
//! or two reads. Everything the engine knows stays in here.

mod against;
mod cancel;
mod chat;
mod choose;
mod examine;
mod facts;
mod generate;
mod load;
mod measure;
mod post;
mod queue;
mod shelf;
mod source;
mod team;

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use self::cancel::Cancelled;
use self::chat::Chat;
use self::load::Loaded;
use self::post::Post;
use self::queue::Queue;
use self::shelf::{Hashed, Hashing, Shelf};
use crate::pause::pause;
use crate::protocol::{Envelope, Event, Request, Told, VERSION};

/// Starts listening.
pub fn run() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    if team::follow_if_asked(&scope) {
        return;
    }
    let post = Post::new(scope.clone());
    tell_panics();
    let (queue, cancelled) = (Rc::new(Queue::default()), Rc::new(Cancelled::default()));
    let (heard, stop, answer) = (Rc::clone(&queue), Rc::clone(&cancelled), post.clone());
    let on_message =
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| match requests(&event) {
            Ok(requests) => requests.into_iter().for_each(|request| match request {
                Request::Cancel { generation_id } => stop.generation(generation_id),
                Request::CancelLoad { load_id } => stop.load(load_id),
                other => heard.push(other),
            }),
            Err(reason) => answer.events(vec![Event::WorkerFailed { reason }]),
        });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    // An empty message says that this worker listens.
    post.events(Vec::new());
    wasm_bindgen_futures::spawn_local(serve(queue, cancelled, post));
}

fn requests(event: &MessageEvent) -> Result<Vec<Request>, Told> {
    let envelope: Envelope<Request> =
        serde_wasm_bindgen::from_value(event.data()).map_err(|err| Told::Unknown(err.to_string()))?;
    if envelope.version == VERSION {
        Ok(envelope.messages)
    } else {
        Err(Told::Versions {
            page: envelope.version,
            worker: VERSION,
        })
    }
}

async fn serve(queue: Rc<Queue>, cancelled: Rc<Cancelled>, post: Post) {
    let mut loaded: Option<Loaded> = None;
    let (mut hashing, mut is_hashing) = (Hashing::default(), false);
    loop {
        // What may wait is done while nothing else waits.
        while is_hashing && queue.is_empty() {
            match hashing.step().await {
                Hashed::Some => {}
                Hashed::File => tell_stored(&post).await,
                Hashed::All => is_hashing = false,
            }
            pause().await;
        }
        match queue.next().await {
            Request::Load {
                load_id,
                source,
                executor,
                threads,
                context,
                cache,
            } => {
                let wanted = load::Wanted {
                    executor,
                    threads,
                    context,
                    cache,
                };
                if let Some(model) = load::load(load_id, source, wanted, &cancelled, &post).await {
                    loaded = Some(model);
                }
                tell_stored(&post).await;
                is_hashing = true;
            }
            Request::ListStored => tell_stored(&post).await,
            Request::DeleteStored { url } => delete_stored(&url, &post).await,
            Request::Generate {
                generation_id,
                prompt,
                options,
            } => {
                generate::generate(generation_id, prompt, options, loaded.as_mut(), &cancelled, &post).await;
            }
            Request::Examine { position } => examine::examine(position, loaded.as_mut(), &post).await,
            Request::Calibrate => measure::calibrate(loaded.as_ref(), &post).await,
            Request::CompareBits { bits } => measure::compare_bits(&bits, loaded.as_ref(), &post).await,
            Request::CompareFile { load_id, source } => {
                against::compare_file(load_id, source, loaded.as_ref(), &cancelled, &post).await;
            }
            Request::NewChat => {
                if let Some(loaded) = &mut loaded {
                    loaded.chat.clear();
                }
            }
            Request::Restore { turns } => {
                if let Some(loaded) = &mut loaded {
                    loaded.chat = Chat::restored(turns);
                }
            }
            // Taken where they are heard.
            Request::Cancel { .. } | Request::CancelLoad { .. } => {}
        }
    }
}

/// Tells what is kept in this browser.
async fn tell_stored(post: &Post) {
    if let Some(shelf) = Shelf::open().await {
        post.events(vec![Event::Stored(shelf.stored().await)]);
    }
}

async fn delete_stored(url: &str, post: &Post) {
    if let Some(shelf) = Shelf::open().await
        && let Err(err) = shelf.delete(url).await
    {
        let told = Told::NotDeleted(err.to_string());
        post.events(vec![Event::Notice { told }]);
    }
    tell_stored(post).await;
}

/// A panic becomes a sentence on the page instead of silence.
fn tell_panics() {
    std::panic::set_hook(Box::new(|info| {
        let reason = Told::Fault(info.to_string());
        Post::new(js_sys::global().unchecked_into()).events(vec![Event::WorkerFailed { reason }]);
    }));
}
