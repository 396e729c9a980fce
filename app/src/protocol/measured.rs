//! What is measured because the visitor asked for it.

use serde::{Deserialize, Serialize};

/// The loaded model with its experts rounded, held against itself over the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BitsFacts {
    /// Bits per weight, without scales.
    pub bits: u8,
    pub positions: u32,
    /// KL divergence, mean over positions.
    pub divergence_bits: f64,
    /// Share of positions whose most probable token stays the same.
    pub agreement: f64,
    pub perplexity: f64,
    pub reference_perplexity: f64,
}
