//! The formulas of cost against published and derived figures, and what must hold of them whatever
//! the sizes.

#[path = "cost/files.rs"]
mod files;
#[path = "cost/golden.rs"]
mod golden;
#[path = "cost/presets.rs"]
mod presets;
#[path = "cost/properties.rs"]
mod properties;
