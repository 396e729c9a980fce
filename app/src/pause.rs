//! A breath between two tokens, or two pieces of work, so that whatever else waits has its turn: once around
//! the event loop through a `MessageChannel`, which unlike a timer is not slowed down to 4 ms.

use js_sys::Promise;
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
