//! The ledger of a run: a line per token, with what its own forward pass did and cost. A pass over
//! several tokens is written whole beside each of them, with their number, and not divided.

use std::fmt::Write;

use serde::Serialize;

use crate::{KIND_REASONED, KIND_TEMPLATE, Run};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    pub index: usize,
    pub generation: usize,
    /// `prompt` or `sampled`.
    pub source: &'static str,
    /// `said`, `reasoned` or `template`.
    pub kind: &'static str,
    pub position: u32,
    pub token: u32,
    pub text: String,
    pub prob: Option<f32>,
    pub entropy_bits: Option<f32>,
    /// Its position was in the KV cache already.
    pub cached: bool,
    /// The pass that computed it; none where it was never fed to the model.
    pub pass: Option<usize>,
    pub batch_tokens: Option<u32>,
    pub wall_micros: Option<f64>,
    pub weight_bytes: Option<u64>,
    pub kv_read_bytes: Option<u64>,
    pub kv_write_bytes: Option<u64>,
    pub operations: Option<u64>,
    /// After it, over all layers.
    pub kv_held_bytes: Option<u64>,
}

/// Which row and pass computed each token. `(tokens)`
pub fn computed(run: &Run) -> Vec<Option<Computed>> {
    let mut of_token = vec![None; run.tokens.ids.len()];
    let (mut token_at, mut row_at): (Vec<usize>, Vec<Option<Computed>>) = Default::default();
    let (mut token, mut pass, mut row) = (0, 0, 0);
    for generation in &run.info.generations {
        if generation.fresh {
            token_at.clear();
            row_at.clear();
        }
        token_at.truncate(generation.first_position as usize);
        row_at.truncate(generation.reused as usize);
        let n_tokens = (generation.prompt_tokens + generation.sampled_tokens) as usize;
        token_at.resize(generation.first_position as usize, usize::MAX);
        for (own, slot) in of_token.iter_mut().enumerate().skip(token).take(n_tokens) {
            let known = row_at.get(token_at.len()).copied().flatten();
            *slot = known.map(|computed: Computed| Computed {
                is_cached: true,
                ..computed
            });
            token_at.push(own);
        }
        token += n_tokens;
        for _ in 0..generation.passes {
            for _ in 0..run.passes.rows[pass] {
                let position = run.rows.positions[row] as usize;
                let computed = Computed {
                    row,
                    pass,
                    is_cached: false,
                };
                if row_at.len() <= position {
                    row_at.resize(position + 1, None);
                }
                row_at[position] = Some(computed);
                if let Some(slot) = token_at.get(position).and_then(|&token| of_token.get_mut(token)) {
                    *slot = Some(computed);
                }
                row += 1;
            }
            pass += 1;
        }
    }
    of_token
}

/// Where a token was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Computed {
    pub row: usize,
    pub pass: usize,
    /// By an earlier generation.
    pub is_cached: bool,
}

/// Every line of a checked run.
pub fn ledger(run: &Run) -> Vec<Line> {
    let computed = computed(run);
    let mut lines = Vec::with_capacity(computed.len());
    for (generation, told) in run.info.generations.iter().enumerate() {
        let all = told.prompt_tokens + told.sampled_tokens;
        for own in 0..all {
            let index = lines.len();
            let place = Place {
                index,
                generation,
                is_prompt: own < told.prompt_tokens,
                position: told.first_position + own,
            };
            lines.push(line(run, &place, computed.get(index).copied().flatten()));
        }
    }
    lines
}

struct Place {
    index: usize,
    generation: usize,
    is_prompt: bool,
    position: u32,
}

fn line(run: &Run, place: &Place, computed: Option<Computed>) -> Line {
    let (tokens, passes) = (&run.tokens, &run.passes);
    let index = place.index;
    let known = |value: f32| (!value.is_nan()).then_some(value);
    let groups = run.info.groups.len();
    let sum = |column: &[u64]| {
        let pass = computed?.pass;
        let own = column.get(pass * groups..(pass + 1) * groups)?;
        (groups > 0).then(|| own.iter().sum())
    };
    let layers = run
        .rows
        .kv_held_bytes
        .len()
        .checked_div(run.rows.positions.len())
        .unwrap_or(0);
    let held = |computed: Computed| {
        let own = run
            .rows
            .kv_held_bytes
            .get(computed.row * layers..(computed.row + 1) * layers)?;
        (layers > 0).then(|| own.iter().sum())
    };
    Line {
        index,
        generation: place.generation,
        source: if place.is_prompt { "prompt" } else { "sampled" },
        kind: match tokens.kinds[index] {
            KIND_REASONED => "reasoned",
            KIND_TEMPLATE => "template",
            _ => "said",
        },
        position: place.position,
        token: tokens.ids[index],
        text: tokens.texts.get(index),
        prob: known(tokens.probs[index]),
        entropy_bits: known(tokens.entropy_bits[index]),
        cached: computed.is_some_and(|computed| computed.is_cached),
        pass: computed.map(|computed| computed.pass),
        batch_tokens: computed.map(|computed| passes.batch_tokens[computed.pass]),
        wall_micros: computed
            .map(|computed| passes.wall_micros[computed.pass])
            .filter(|micros| !micros.is_nan()),
        weight_bytes: sum(&passes.group_weight_bytes),
        kv_read_bytes: sum(&passes.group_kv_read_bytes),
        kv_write_bytes: sum(&passes.group_kv_write_bytes),
        operations: sum(&passes.group_operations),
        kv_held_bytes: computed.and_then(held),
    }
}

/// The ledger as CSV (RFC 4180): a heading, then a line per token.
pub fn csv(run: &Run) -> String {
    let mut csv = String::from(
        "index,generation,source,kind,position,token,text,prob,entropy_bits,cached,pass,batch_tokens,\
         wall_micros,weight_bytes,kv_read_bytes,kv_write_bytes,operations,kv_held_bytes\r\n",
    );
    for line in ledger(run) {
        let text = quoted(&line.text);
        // Writing into a string cannot fail.
        let _ = write!(
            csv,
            "{},{},{},{},{},{},{text},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            line.index,
            line.generation,
            line.source,
            line.kind,
            line.position,
            line.token,
            cell(line.prob),
            cell(line.entropy_bits),
            line.cached,
            cell(line.pass),
            cell(line.batch_tokens),
            cell(line.wall_micros),
            cell(line.weight_bytes),
            cell(line.kv_read_bytes),
            cell(line.kv_write_bytes),
            cell(line.operations),
            cell(line.kv_held_bytes),
        );
    }
    csv
}

fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A text in quotes. One that a spreadsheet would take for a formula gets an apostrophe before it.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
