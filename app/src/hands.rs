//! What a panel can have done for it, beyond changing the state of the page.

use web_sys::File;
use yew::Callback;

use crate::panels::Dispatch;
use crate::protocol::Branch;
use crate::runs::picture::Form;

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
    /// Load this file, or these parts of one model; a recorded run is shown.
    pub open: Callback<Vec<File>>,
    /// Load from this address.
    pub load: Callback<String>,
    pub reference: Callback<ReferenceAsk>,
    /// Read a price file.
    pub read_prices: Callback<File>,
    /// Ask the browser to keep what is stored.
    pub persist: Callback<()>,
    pub runs: Callback<RunAsk>,
}

/// What can be done with a file that the model is held against.
#[derive(Clone, Debug, PartialEq)]
pub enum ReferenceAsk {
    Choose(Vec<File>),
    Compare,
}

/// What can be done with runs.
#[derive(Clone, Debug, PartialEq)]
pub enum RunAsk {
    /// Save what is on screen as a file.
    Save {
        with_distributions: bool,
    },
    /// Save the view on screen as a picture.
    Picture(Form),
    /// Put the address of what is on screen where it can be pasted.
    CopyLink,
    /// Save its ledger as CSV.
    SaveLedger,
    /// Show what another program recorded.
    Import(String),
    /// Set the run of a file, or a kept conversation, beside what is on screen.
    OpenBeside(File),
    OpenKeptBeside(String),
    /// Tell which conversations are kept in this browser.
    List,
    OpenKept(String),
    RenameKept {
        id: String,
        title: String,
    },
    DeleteKept(String),
    /// Save a kept conversation as a file.
    ExportKept(String),
}
