//! From chosen experts per token to a [`Run`]: what the importers have in common.

use super::ImportError;
use crate::{Generation, Run};

/// Stands for a token whose text the source does not tell.
const UNTOLD: &str = "\u{b7}";
/// As large as a number of experts can be in the columns.
const MOST_EXPERTS: i64 = 65_535;

/// One token of a source.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub id: u32,
    pub text: Option<String>,
    pub prob: Option<f32>,
    /// What else was likely, with its probability.
    pub likely: Vec<(String, f32)>,
    /// Chosen experts, layer by layer; empty where it was not told. `(moe_layers, top_k)`
    pub ids: Vec<i64>,
    /// Weight of each, or none at all.
    pub weights: Vec<f32>,
}

/// One prompt with its answer.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    pub prompt: Vec<Token>,
    pub sampled: Vec<Token>,
    pub typed: Option<String>,
    pub finish: Option<String>,
}

/// What a source tells of the model.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    pub name: String,
    pub moe_layers: Vec<u32>,
    pub top_k: usize,
    /// 0: as many as the choices prove.
    pub n_experts: u32,
}

/// A run of these exchanges, each after the other in one sequence.
pub fn run(recorder: &str, shape: Shape, exchanges: Vec<Exchange>) -> Result<Run, ImportError> {
    let mut run = Run::default();
    run.info.recorder = recorder.into();
    let (mut position, mut greatest) = (0, -1);
    for exchange in exchanges {
        let mut generation = Generation {
            prompt: exchange.typed,
            reused: position,
            first_position: position,
            prompt_tokens: exchange.prompt.len() as u32,
            sampled_tokens: exchange.sampled.len() as u32,
            finish: exchange.finish,
            ..Generation::default()
        };
        for token in exchange.prompt.iter().chain(&exchange.sampled) {
            push_token(&mut run, token);
            if !token.ids.is_empty() {
                greatest = greatest.max(push_row(&mut run, position, token, &shape)?);
                generation.passes += 1;
            }
            position += 1;
        }
        run.info.generations.push(generation);
    }
    if run.rows.positions.is_empty() {
        return Err(ImportError::Empty);
    }
    // Weights are there for all or for none.
    if run.rows.expert_weights.len() != run.rows.expert_ids.len() {
        run.rows.expert_weights.clear();
    }
    let model = &mut run.info.model;
    model.name = shape.name;
    model.n_layers = shape
        .moe_layers
        .iter()
        .max()
        .map_or(0, |last| last.saturating_add(1));
    model.moe_layers = shape.moe_layers;
    model.top_k = shape.top_k as u32;
    model.n_experts = shape.n_experts.max(greatest as u32 + 1).max(model.top_k);
    model.context = position;
    Ok(run)
}

fn push_token(run: &mut Run, token: &Token) {
    let tokens = &mut run.tokens;
    tokens.ids.push(token.id);
    tokens.kinds.push(crate::KIND_SAID);
    tokens.texts.push(token.text.as_deref().unwrap_or(UNTOLD));
    tokens.probs.push(token.prob.unwrap_or(f32::NAN));
    tokens.entropy_bits.push(f32::NAN);
    for (text, prob) in &token.likely {
        tokens.likely.ids.push(0);
        tokens.likely.texts.push(text);
        tokens.likely.probs.push(*prob);
    }
    tokens.likely.offsets.push(tokens.likely.ids.len() as u32);
}

/// Adds what a token chose, as a pass of its own without times; gives the greatest expert of it.
fn push_row(run: &mut Run, position: u32, token: &Token, shape: &Shape) -> Result<i64, ImportError> {
    let expected = shape.moe_layers.len().saturating_mul(shape.top_k);
    if token.ids.len() != expected {
        return Err(ImportError::Uneven {
            what: "the experts of a token",
            got: token.ids.len(),
            into: expected,
        });
    }
    for &id in &token.ids {
        let id = Some(id).filter(|id| (0..MOST_EXPERTS).contains(id));
        let id = id.ok_or_else(|| ImportError::Expert(token.ids.iter().copied().fold(0, wider)))?;
        run.rows.expert_ids.push(id as u16);
    }
    run.rows.expert_weights.extend(&token.weights);
    run.rows.positions.push(position);
    let passes = &mut run.passes;
    passes.rows.push(1);
    passes.batch_tokens.push(1);
    passes.wall_micros.push(f64::NAN);
    passes.dispatches.push(0);
    passes.kv_capacity.push(0);
    passes.kv_reserved_bytes.push(0);
    passes.kv_bytes_per_position.push(0);
    Ok(token.ids.iter().copied().max().unwrap_or(-1))
}

/// The number further from being an expert.
fn wider(a: i64, b: i64) -> i64 {
    if b < 0 || b > a.abs() { b } else { a }
}

/// Numbers cut into tokens of `per_token`; a token all of whose numbers are −1 was not told.
pub fn rows(numbers: &[i64], per_token: usize) -> Vec<Vec<i64>> {
    let told = |row: &[i64]| {
        if row.iter().all(|&id| id == -1) {
            Vec::new()
        } else {
            row.to_vec()
        }
    };
    numbers.chunks(per_token.max(1)).map(told).collect()
}
