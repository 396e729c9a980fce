//! What a panel can have done for it, beyond changing the state of the page.

use web_sys::File;
use yew::Callback;

use crate::panels::Dispatch;
use crate::protocol::Branch;

/// Handed down from the page; a test hands down callbacks that do nothing.
#[derive(Clone, PartialEq)]
pub struct Hands {
    pub dispatch: Dispatch,
    /// Send the draft.
    pub send: Callback<()>,
    /// Send this prompt.
    pub ask: Callback<String>,
    /// Go on from another token: in the place of this generation, from there.
    pub branch: Callback<(u32, Branch)>,
    /// Load this file, or these parts of one model.
    pub open: Callback<Vec<File>>,
    /// Load from this address.
    pub load: Callback<String>,
    /// Read a price file.
    pub read_prices: Callback<File>,
    /// Ask the browser to keep what is stored.
    pub persist: Callback<()>,
}
