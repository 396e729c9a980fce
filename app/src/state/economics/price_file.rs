//! Price sheets in the format of LiteLLM's `model_prices_and_context_window.json`: an object of models,
//! each with dollars per single token. Unknown fields are ignored, as its schema asks; entries that are
//! not sold by the token are passed over.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::presets::{PriceSheet, TokenPrices};

/// Longest file that is read; LiteLLM's own has 1.6 MB.
pub const MOST_BYTES: usize = 16 << 20;

/// No token costs more than this many dollars per million.
const MOST_PER_MILLION: f64 = 1e6;

/// Why a text is no price sheet.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceFileError {
    #[error("{bytes} bytes are more than a price sheet has ({MOST_BYTES} at most)")]
    TooLong { bytes: usize },
    #[error("this is not JSON: {reason}")]
    NotJson { reason: String },
    #[error("a price sheet is an object with a model's name for each key; this is {found}")]
    NotAnObject { found: &'static str },
    #[error(
        "none of the {entries} entries has input_cost_per_token and output_cost_per_token, so nothing was read"
    )]
    NoPrices { entries: usize },
}

/// Reads LiteLLM's own file, some of its entries, or ours, which names its source and date.
pub fn read(text: &str) -> Result<PriceSheet, PriceFileError> {
    if text.len() > MOST_BYTES {
        return Err(PriceFileError::TooLong { bytes: text.len() });
    }
    let value: Value = serde_json::from_str(text).map_err(|err| PriceFileError::NotJson {
        reason: err.to_string(),
    })?;
    let Value::Object(top) = value else {
        return Err(PriceFileError::NotAnObject { found: kind(&value) });
    };
    let said = |key: &str| {
        top.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (date, source) = (said("date"), said("source"));
    let entries = match top.get("models") {
        Some(Value::Object(models)) => models,
        _ => &top,
    };
    let prices = prices(entries);
    if prices.is_empty() {
        return Err(PriceFileError::NoPrices {
            entries: entries.len(),
        });
    }
    Ok(PriceSheet { date, source, prices })
}

fn prices(entries: &Map<String, Value>) -> BTreeMap<String, TokenPrices> {
    entries
        .iter()
        .filter(|(name, _)| *name != "sample_spec")
        .filter_map(|(name, entry)| Some((name.clone(), entry_prices(entry.as_object()?)?)))
        .collect()
}

fn entry_prices(entry: &Map<String, Value>) -> Option<TokenPrices> {
    let per_million = |key: &str| {
        let dollars = entry.get(key)?.as_f64()? * 1e6;
        // Fifteen digits: 3e-06 · 10⁶ is 3, not 2.9999999999999996.
        let dollars: f64 = format!("{dollars:.9}").parse().ok()?;
        (0.0..=MOST_PER_MILLION).contains(&dollars).then_some(dollars)
    };
    let said = |key: &str| entry.get(key).and_then(Value::as_str);
    Some(TokenPrices {
        seller: said("litellm_provider").unwrap_or_default().to_owned(),
        input: per_million("input_cost_per_token")?,
        output: per_million("output_cost_per_token")?,
        cache_read: per_million("cache_read_input_token_cost"),
        cache_write: per_million("cache_creation_input_token_cost"),
        reasoning: per_million("output_cost_per_reasoning_token"),
        changed: None,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
