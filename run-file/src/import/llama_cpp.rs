//! llama.cpp's moe-trace: CSV lines `layer,expert` in the order the ids were read back, which is one
//! evaluation after another, in it layer by layer, in it token by token.
//!
//! The evaluations are found where the layer number falls. How many experts a token chooses is the
//! greatest common divisor of the lengths of all whole stretches of one layer. A layer that tells fewer tokens
//! of an evaluation than others (the last one does, of a prompt) tells those at the end.

use super::routed::{self, Exchange, Shape, Token};
use super::{Format, ImportError, Text};
use crate::Run;

pub const FORMAT: Format = Format {
    name: "llama.cpp moe-trace",
    knows: |text| {
        let lines = text.text.lines().filter(|line| !line.trim().is_empty()).take(2);
        let mut read = lines.map(pair);
        // A heading, then numbers; or numbers at once.
        matches!(
            (read.next(), read.next()),
            (Some(Some(_)), _) | (_, Some(Some(_)))
        )
    },
    read,
};

/// Consecutive lines of one layer.
struct Stretch {
    layer: u32,
    ids: Vec<i64>,
}

fn read(text: &Text<'_>) -> Result<Run, ImportError> {
    let stretches = stretches(text.text)?;
    let (last, whole) = stretches.split_last().ok_or(ImportError::Empty)?;
    let common = whole.iter().fold(0, |all, stretch| gcd(all, stretch.ids.len()));
    // A trace that was cut off ends within a stretch, which must not make all others look finer.
    let top_k = if common == 0 { last.ids.len() } else { common };
    if !last.ids.len().is_multiple_of(top_k) {
        return Err(ImportError::Uneven {
            what: "the experts of its last layer",
            got: last.ids.len(),
            into: top_k,
        });
    }
    let mut layers: Vec<u32> = stretches.iter().map(|stretch| stretch.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    let mut tokens = Vec::new();
    for evaluation in stretches.chunk_by(|one, next| one.layer < next.layer) {
        tokens.extend(evaluated(evaluation, &layers, top_k));
    }
    let shape = Shape {
        moe_layers: layers,
        top_k,
        ..Shape::default()
    };
    let exchange = Exchange {
        prompt: tokens,
        ..Exchange::default()
    };
    routed::run("llama.cpp moe-trace", shape, vec![exchange])
}

fn stretches(text: &str) -> Result<Vec<Stretch>, ImportError> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let Some((layer, id)) = pair(line) else {
            if at == 0 {
                continue; // the heading
            }
            return Err(ImportError::Line {
                line: at + 1,
                what: format!(
                    "{:?} is not `layer,expert`",
                    line.chars().take(40).collect::<String>()
                ),
            });
        };
        match stretches.last_mut().filter(|stretch| stretch.layer == layer) {
            Some(stretch) => stretch.ids.push(id),
            None => stretches.push(Stretch { layer, ids: vec![id] }),
        }
    }
    Ok(stretches)
}

fn pair(line: &str) -> Option<(u32, i64)> {
    let (layer, id) = line.split_once(',')?;
    Some((layer.trim().parse().ok()?, id.trim().parse().ok()?))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Tokens of one evaluation; those that some layer does not tell have no routing.
fn evaluated(stretches: &[Stretch], layers: &[u32], top_k: usize) -> Vec<Token> {
    let n_tokens = stretches
        .iter()
        .map(|stretch| stretch.ids.len() / top_k)
        .max()
        .unwrap_or(0);
    let ids = |token: usize| -> Option<Vec<i64>> {
        let mut ids = Vec::with_capacity(layers.len() * top_k);
        for layer in layers {
            let stretch = stretches.iter().find(|stretch| stretch.layer == *layer)?;
            let untold = n_tokens - stretch.ids.len() / top_k;
            let at = token.checked_sub(untold)? * top_k;
            ids.extend(stretch.ids.get(at..at + top_k)?);
        }
        Some(ids)
    };
    (0..n_tokens)
        .map(|token| Token {
            ids: ids(token).unwrap_or_default(),
            ..Token::default()
        })
        .collect()
}
