//! What the visitor assumes about costs elsewhere, and the presets it starts from.

pub mod presets;
pub mod price_file;
