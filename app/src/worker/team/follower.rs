//! The other side: a worker that follows.

use std::rc::Rc;

use moescope_engine::team::follow;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::FOLLOWER;
use super::board::SharedBoard;
use super::head::Message;

/// Whether this worker was started to follow; then it waits for the model's head, and does so.
pub fn follow_if_asked(scope: &DedicatedWorkerGlobalScope) -> bool {
    if scope.name() != FOLLOWER {
        return false;
    }
    let own = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let scope = own.clone();
        wasm_bindgen_futures::spawn_local(async move {
            run(&scope, &event.data()).await;
            scope.close();
        });
    });
    scope.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    say(scope);
    true
}

/// Computes until the lead ends it. This worker hears no messages meanwhile.
async fn run(scope: &DedicatedWorkerGlobalScope, data: &JsValue) {
    let Some(message) = Message::read(data) else {
        return;
    };
    let Ok(spec) = message.head.spec().await else {
        return;
    };
    say(scope);
    let board = SharedBoard::new(&message.memory);
    follow(Rc::new(board), message.rank, message.size, &spec);
}

/// That this worker has come one step further; which one the lead knows.
fn say(scope: &DedicatedWorkerGlobalScope) {
    // Nobody listens if the lead has gone.
    let _ = scope.post_message(&JsValue::NULL);
}
