//! MoE Atlas: a trace per line (or one JSON object), with the weight of every chosen expert.
//!
//! ```text
//! { model_id, num_layers, num_experts, top_k, text, token_strs,
//!   activations: [{ layer, token_idx, expert_idx, gate_weight }] }
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use super::routed::{self, Exchange, Shape, Token};
use super::{Format, ImportError, Text};
use crate::Run;

/// Most tokens of a trace, and experts of a choice, that are looked at.
const MOST_TOKENS: usize = 1 << 20;

pub const FORMAT: Format = Format {
    name: "MoE Atlas",
    knows: |text| {
        let first = text.text.lines().next().unwrap_or_default();
        let is_trace = |json: &serde_json::Value| json.get("activations").is_some();
        text.json.as_ref().is_some_and(is_trace)
            || serde_json::from_str(first).is_ok_and(|json| is_trace(&json))
    },
    read,
};

#[derive(Deserialize)]
struct Trace {
    #[serde(default)]
    model_id: String,
    #[serde(default)]
    num_experts: u32,
    top_k: usize,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    token_strs: Vec<String>,
    activations: Vec<Activation>,
}

#[derive(Deserialize)]
struct Activation {
    layer: u32,
    token_idx: usize,
    expert_idx: i64,
    #[serde(default)]
    gate_weight: Option<f32>,
}

fn read(text: &Text<'_>) -> Result<Run, ImportError> {
    let wrong = |line: usize| {
        move |err: serde_json::Error| ImportError::Line {
            line,
            what: err.to_string(),
        }
    };
    let traces: Vec<Trace> = if text.json.is_some() {
        vec![serde_json::from_str(text.text).map_err(wrong(1))?]
    } else {
        let lines = text
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(at, line)| serde_json::from_str(line).map_err(wrong(at + 1)))
            .collect::<Result<_, _>>()?
    };
    let first = traces.first().ok_or(ImportError::Empty)?;
    if let Some(other) = traces
        .iter()
        .find(|other| (&other.model_id, other.top_k) != (&first.model_id, first.top_k))
    {
        return Err(ImportError::Mixed {
            first: format!("{}, top {}", first.model_id, first.top_k),
            other: format!("{}, top {}", other.model_id, other.top_k),
        });
    }
    let mut layers: Vec<u32> = traces
        .iter()
        .flat_map(|trace| trace.activations.iter().map(|activation| activation.layer))
        .collect();
    layers.sort_unstable();
    layers.dedup();
    let shape = Shape {
        name: first.model_id.clone(),
        moe_layers: layers,
        top_k: first.top_k,
        n_experts: traces.iter().map(|trace| trace.num_experts).max().unwrap_or(0),
    };
    let exchanges = traces.into_iter().map(|trace| exchange(trace, &shape));
    let exchanges = exchanges.collect::<Result<_, _>>()?;
    routed::run("MoE Atlas", shape, exchanges)
}

/// Choices of one token in one layer, in the order they are told.
type Choices<'a> = BTreeMap<(usize, u32), Vec<&'a Activation>>;

fn exchange(trace: Trace, shape: &Shape) -> Result<Exchange, ImportError> {
    let mut choices = Choices::new();
    for activation in &trace.activations {
        let at = (activation.token_idx, activation.layer);
        choices.entry(at).or_default().push(activation);
    }
    let last = choices.keys().map(|(token, _)| token + 1).max().unwrap_or(0);
    let n_tokens = trace.token_strs.len().max(last);
    if n_tokens > MOST_TOKENS {
        return Err(ImportError::Field { field: "token_idx" });
    }
    let token = |at: usize| token(at, trace.token_strs.get(at), &choices, shape);
    Ok(Exchange {
        prompt: (0..n_tokens).map(token).collect::<Result<_, _>>()?,
        typed: trace.text,
        ..Exchange::default()
    })
}

fn token(
    at: usize,
    text: Option<&String>,
    choices: &Choices<'_>,
    shape: &Shape,
) -> Result<Token, ImportError> {
    let mut token = Token {
        text: text.cloned(),
        ..Token::default()
    };
    let is_told = choices.range((at, 0)..=(at, u32::MAX)).next().is_some();
    for &layer in shape.moe_layers.iter().filter(|_| is_told) {
        let mut chosen = choices.get(&(at, layer)).cloned().unwrap_or_default();
        if chosen.len() != shape.top_k {
            return Err(ImportError::Choices {
                token: at,
                layer,
                got: chosen.len(),
                top_k: shape.top_k,
            });
        }
        // Best first, as everywhere.
        chosen.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        token.ids.extend(chosen.iter().map(|one| one.expert_idx));
        token
            .weights
            .extend(chosen.iter().filter_map(|one| one.gate_weight));
    }
    Ok(token)
}

fn weight(activation: &Activation) -> f32 {
    activation.gate_weight.unwrap_or(0.0)
}
