//! vLLM: `choices[0].routed_experts`, either the base64 of a NumPy file of shape (tokens − 1, layers,
//! top_k) over prompt and answer, or (0.21) nested lists of the answer beside `prompt_routed_experts`.

use serde_json::Value;

use super::routed::{self, Shape};
use super::{Format, ImportError, Text, base64_text, npy, response};
use crate::Run;

pub const FORMAT: Format = Format {
    name: "vLLM routed experts",
    knows: |text| text.json.as_ref().and_then(experts).is_some(),
    read,
};

fn experts(response: &Value) -> Option<&Value> {
    response::choice(response)?
        .get("routed_experts")
        .filter(|it| !it.is_null())
}

fn read(text: &Text<'_>) -> Result<Run, ImportError> {
    const FIELD: ImportError = ImportError::Field {
        field: "choices[0].routed_experts",
    };
    let response = text.json.as_ref().ok_or(ImportError::Unknown)?;
    let array = match experts(response).ok_or(FIELD)? {
        Value::String(encoded) => npy::read(&base64_text::decode(encoded)?)?,
        lists => nested(response.get("prompt_routed_experts"), lists).ok_or(FIELD)?,
    };
    let [_, n_layers, top_k] = array.shape[..] else {
        return Err(FIELD);
    };
    // An array of no numbers may tell any shape.
    if array.numbers.is_empty() {
        return Err(ImportError::Empty);
    }
    let start = response
        .get("routed_experts_prompt_start")
        .and_then(Value::as_u64);
    let rows = routed::rows(&array.numbers, n_layers * top_k);
    let shape = Shape {
        name: response::model(response),
        moe_layers: response::layers(n_layers),
        top_k,
        n_experts: 0,
    };
    // A start beyond a million tokens is none.
    let start = start.unwrap_or(0).min(1 << 20) as usize;
    routed::run("vLLM", shape, vec![response::exchange(response, rows, start)])
}

/// Lists of tokens, of layers, of experts; those of the prompt first.
fn nested(prompt: Option<&Value>, answer: &Value) -> Option<npy::Array> {
    let tokens: Vec<&Value> = [prompt, Some(answer)]
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
        .collect();
    let layers = tokens.first()?.as_array()?;
    let shape = vec![tokens.len(), layers.len(), layers.first()?.as_array()?.len()];
    let mut numbers = Vec::new();
    for token in tokens {
        let layers = token.as_array().filter(|layers| layers.len() == shape[1])?;
        for layer in layers {
            let ids = layer.as_array().filter(|ids| ids.len() == shape[2])?;
            for id in ids {
                numbers.push(id.as_i64()?);
            }
        }
    }
    Some(npy::Array { shape, numbers })
}
