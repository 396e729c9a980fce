//! What a panel can have done for it, beyond changing the state of the page.

use web_sys::File;
use yew::Callback;

use crate::panels::Dispatch;

/// Handed down from the page; a test hands down callbacks that do nothing.
#[derive(Clone, PartialEq)]
pub struct Hands {
    pub dispatch: Dispatch,
    /// Send the draft.
    pub send: Callback<()>,
    /// Send this prompt.
    pub ask: Callback<String>,
    /// Load this file, or these parts of one model.
    pub open: Callback<Vec<File>>,
    /// Load from this address.
    pub load: Callback<String>,
    /// Ask the browser to keep what is stored.
    pub persist: Callback<()>,
}
