//! What is measured because the visitor asked for it.

use serde::{Deserialize, Serialize};

/// How far one model's predictions are from a reference's, over the same tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComparedFacts {
    pub positions: u32,
    /// KL divergence, mean over positions.
    pub divergence_bits: f64,
    /// Share of positions whose most probable token is the same.
    pub agreement: f64,
    pub perplexity: f64,
    pub reference_perplexity: f64,
}

/// The loaded model with its experts rounded, held against itself over the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BitsFacts {
    /// Bits per weight, without scales.
    pub bits: u8,
    pub compared: ComparedFacts,
}

/// The loaded model held against a file of the visitor's, the reference, over the conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileFacts {
    pub name: String,
    pub quantization: String,
    pub compared: ComparedFacts,
    pub positions: Vec<PositionFacts>,
}

/// One position of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PositionFacts {
    /// The token that stands there.
    pub text: String,
    pub divergence_bits: f64,
    /// What each expects to follow.
    pub reference_choice: String,
    pub choice: String,
}
