//! What a token costs, here and elsewhere: pure functions of sizes, prices and recorded routing.
//!
//! ```text
//! Spec or Shape ─► Sizes ─┬─► kv          bytes kept of earlier positions, work of attention
//!                         ├─► batch       distinct experts of a batch, expected and measured
//!                         ├─► roofline    time of one step on a device
//!                         │      └─► demand, money, energy
//!                         └─► waste       what a workload leaves untouched
//! Usage ─► receipt ─► budget
//! ```
//!
//! Nothing here measures, reads a clock or knows a price: what goes in is stated, and comes back as
//! figures whose formulas stand beside them. Letters as in the field: L layers, E experts, k chosen, B
//! sequences decoded together, S positions of context, N distinct experts.

pub mod batch;
pub mod budget;
pub mod context;
pub mod demand;
pub mod dense;
pub mod energy;
pub mod kv;
pub mod money;
pub mod parameters;
pub mod receipt;
pub mod roofline;
pub mod service;
pub mod shape;
pub mod usage;
pub mod waste;

pub use batch::Spread;
pub use kv::Cache;
pub use parameters::{Sizes, WeightBytes};
pub use roofline::{Bound, Device, Serving, Step};
pub use shape::Shape;
