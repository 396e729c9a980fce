//! A breath between two tokens, or two pieces of work, so that whatever else waits has its turn: once around
//! the event loop through a `MessageChannel`, which unlike a timer is not slowed down to 4 ms.

use js_sys::Promise;
use moescope_engine::clock::Clock;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

/// Lets the event loop turn once.
pub async fn pause() {
    let Ok(channel) = MessageChannel::new() else {
        return;
    };
    let turned = Promise::new(&mut |resolve, _| channel.port1().set_onmessage(Some(&resolve)));
    if channel.port2().post_message(&JsValue::NULL).is_ok() {
        // The promise only resolves.
        let _ = JsFuture::from(turned).await;
    }
    channel.port1().close();
}

/// Work without a pause after which one is due, in microseconds: short to a person who waits for the end of
/// it. A pause takes some 300 µs, of which a small model computes half a token.
const DUE_AFTER: f64 = 8000.0;

/// Pauses in work that goes on and on.
#[derive(Debug, Default)]
pub struct Pauses {
    last: Option<Clock>,
}

impl Pauses {
    /// Pauses, unless the last pause was a moment ago.
    pub async fn when_due(&mut self) {
        if self.last.is_some_and(|last| last.micros() < DUE_AFTER) {
            return;
        }
        pause().await;
        self.last = Some(Clock::start());
    }
}
