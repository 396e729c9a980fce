//! The page and its worker: one library, two small programs over it (`bin/page.rs`, `bin/worker.rs`).
//!
//! ```text
//! worker ─► Event ─► AppState ─► Html        Event: protocol   AppState: state   Html: panels
//!    ▲                  │
//!    └──── Request ◄────┘                    the reducer answers an action with requests
//! ```
//!
//! The page never calls the engine: only [`worker`] does. Panels know nothing of models, workers or
//! the DOM; they turn a slice of the state into HTML. A recorded run is a list of events, folded by
//! the same reducer.

pub mod api;
pub mod format;
pub mod gradual;
pub mod hands;
pub mod keep;
pub mod keyboard;
pub mod layout;
pub mod link;
pub mod page;
pub mod panels;
pub mod pause;
pub mod preferences;
pub mod protocol;
pub mod recording;
pub mod runs;
pub mod same;
pub mod state;
pub mod store;
pub mod words;
pub mod worker;
