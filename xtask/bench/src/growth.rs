//! What one more of something costs: context, experts, layers, tokens of a prefill pass.

use anyhow::Result;

use crate::record::Line;

/// Runs every curve on both native executors.
pub fn run(_rounds: u32) -> Result<Vec<Line>> {
    Ok(Vec::new())
}

/// A table per curve.
pub fn tables(_lines: &[Line]) -> String {
    String::new()
}
