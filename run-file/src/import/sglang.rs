//! SGLang: `routed_experts` as the base64 of `int32` numbers, (tokens − 1, layers, top_k) flattened,
//! in `meta_info`, in `sglext` (or `sgl_ext`) of the response, or of its first choice.
//!
//! The shape is not told. Where the token counts are, layers × top_k follows from them; and top_k is
//! then the greatest divisor of it for which no token names an expert twice in a layer.

use serde_json::Value;

use super::routed::{self, Shape};
use super::{Format, ImportError, Text, base64_text, response};
use crate::Run;

/// More experts per token and layer than any model chooses.
const MOST_TOP_K: usize = 64;

pub const FORMAT: Format = Format {
    name: "SGLang routed experts",
    knows: |text| text.json.as_ref().and_then(experts).is_some(),
    read,
};

fn experts(response: &Value) -> Option<&str> {
    let choice = response::choice(response);
    let places = [
        response.get("meta_info"),
        response.get("sglext"),
        response.get("sgl_ext"),
        choice.and_then(|choice| choice.get("sglext")),
        choice.and_then(|choice| choice.get("sgl_ext")),
    ];
    places
        .into_iter()
        .flatten()
        .find_map(|place| place.get("routed_experts")?.as_str())
}

fn read(text: &Text<'_>) -> Result<Run, ImportError> {
    let response = text.json.as_ref().ok_or(ImportError::Unknown)?;
    let encoded = experts(response).ok_or(ImportError::Field {
        field: "routed_experts",
    })?;
    let bytes = base64_text::decode(encoded)?;
    let (items, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(ImportError::Uneven {
            what: "`routed_experts`",
            got: bytes.len(),
            into: 4,
        });
    }
    let numbers: Vec<i64> = items
        .iter()
        .map(|item| i64::from(i32::from_le_bytes(*item)))
        .collect();
    if numbers.is_empty() {
        return Err(ImportError::Empty);
    }
    let response = with_usage(response);
    let start = number(&response, "routed_experts_start_len")
        .unwrap_or(0)
        .min(1 << 20);
    let (n_layers, top_k) = shape(&response, &numbers, start)?;
    let shape = Shape {
        name: response::model(&response),
        moe_layers: response::layers(n_layers),
        top_k,
        n_experts: number(&response, "n_experts").unwrap_or(0).min(65_535) as u32,
    };
    let rows = routed::rows(&numbers, n_layers * top_k);
    routed::run("SGLang", shape, vec![response::exchange(&response, rows, start)])
}

fn number(response: &Value, name: &str) -> Option<usize> {
    response.get(name)?.as_u64().map(|number| number as usize)
}

/// `/generate` tells its token counts in `meta_info`; put where OpenAI's responses have them.
fn with_usage(response: &Value) -> Value {
    let mut response = response.clone();
    if let Some(info) = response.get("meta_info").cloned()
        && let Some(object) = response.as_object_mut()
    {
        object.entry("usage").or_insert(info);
    }
    response
}

/// (layers, top_k), told or found.
fn shape(response: &Value, numbers: &[i64], start: usize) -> Result<(usize, usize), ImportError> {
    let divides = |per_token: usize| -> Result<(), ImportError> {
        let is_even = per_token > 0 && numbers.len().is_multiple_of(per_token);
        is_even.then_some(()).ok_or(ImportError::Uneven {
            what: "`routed_experts`",
            got: numbers.len(),
            into: per_token,
        })
    };
    if let Some(told) = number(response, "moe_layers").zip(number(response, "top_k")) {
        divides(told.0.saturating_mul(told.1))?;
        return Ok(told);
    }
    let usage = response.get("usage").unwrap_or(&Value::Null);
    let tokens = number(usage, "prompt_tokens").zip(number(usage, "completion_tokens"));
    let rows = tokens
        .and_then(|(prompt, answer)| prompt.checked_add(answer)?.checked_sub(1 + start))
        .filter(|&rows| rows > 0)
        .ok_or(ImportError::NoShape)?;
    if !numbers.len().is_multiple_of(rows) {
        return Err(ImportError::NoShape);
    }
    let per_token = numbers.len() / rows;
    let candidates = (1..=per_token.min(MOST_TOP_K)).rev();
    let top_k = candidates
        .filter(|k| per_token.is_multiple_of(*k))
        .find(|&k| numbers.chunks(k).all(is_distinct))
        .ok_or(ImportError::NoShape)?;
    Ok((per_token / top_k, top_k))
}

/// Whether no expert is named twice; tokens not told are −1 throughout.
fn is_distinct(ids: &[i64]) -> bool {
    ids.iter()
        .enumerate()
        .all(|(at, id)| *id == -1 || !ids[..at].contains(id))
}
