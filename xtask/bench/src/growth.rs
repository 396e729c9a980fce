//! What one more of something costs: context, experts, layers, tokens of a prefill pass. Natively, on both
//! executors, on small models of random weights in which what grows is not buried under the rest.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use moescope_tests::random_model::{Architecture, Mix, Shape};
use serde_json::Value;
use xtask::shell;

use crate::record::{Growth, Line};
use crate::stats::{short, summary};
use crate::table::markdown;
use crate::{models, native};

const EXECUTORS: [&str; 2] = ["cpu", "gpu"];
/// One of each kind of step, and a context that long prompts fit into.
const SHAPE: Shape = Shape {
    architecture: Architecture::GraniteMoe,
    d_model: 256,
    n_layers: 4,
    n_heads: 8,
    n_kv_heads: 4,
    head_dim: 32,
    n_experts: 16,
    top_k: 4,
    d_expert: 128,
    vocab: 2048,
    context: 8704,
    is_tied: true,
};
const DEPTHS: &[u32] = &[128, 256, 512, 1024, 2048, 4096, 8192];
/// So many of them where it must be quick.
const QUICK_DEPTHS: usize = 4;
const EXPERTS: [u64; 3] = [16, 64, 256];
const LAYERS: [u64; 4] = [2, 4, 8, 16];
const BATCHES: [u32; 6] = [1, 4, 16, 32, 64, 128];

const DECODE: &str = "decode";
const PREFILL: &str = "prefill";

/// A curve, and what it should look like.
#[derive(Clone, Copy)]
enum Curve {
    Context,
    Experts,
    Layers,
    Batch,
}

/// One value of what grows: the model and the flags that it takes.
struct Point {
    value: u32,
    shape: Shape,
    flags: Vec<String>,
}

impl Curve {
    const ALL: [Self; 4] = [Self::Context, Self::Experts, Self::Layers, Self::Batch];

    fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Experts => "experts",
            Self::Layers => "layers",
            Self::Batch => "prefill batch",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Context => "linear above a constant: attention reads the cache, nothing else grows",
            Self::Experts => {
                "decode flat at equal top-k but for the router's rows; prefill up to where every expert is met"
            }
            Self::Layers => "linear",
            Self::Batch => "per token falling, then flat: weights are read once per pass",
        }
    }

    /// The runs it takes. Those of the context are one.
    fn points(self, is_quick: bool) -> Vec<Point> {
        let flags = |list: &[&str]| list.iter().map(|flag| (*flag).to_owned()).collect();
        let usual = || flags(&["--prefill", "128", "--decode", "32"]);
        match self {
            Self::Context => {
                let n_depths = if is_quick { QUICK_DEPTHS } else { DEPTHS.len() };
                let depths: Vec<String> = DEPTHS[..n_depths].iter().map(u32::to_string).collect();
                let depths = depths.join(",");
                vec![Point {
                    value: 0,
                    shape: Shape { n_layers: 2, ..SHAPE },
                    flags: flags(&["--context", "8320", "--depths", &depths]),
                }]
            }
            Self::Experts => EXPERTS
                .map(|n_experts| Point {
                    value: n_experts as u32,
                    shape: Shape { n_experts, ..SHAPE },
                    flags: usual(),
                })
                .into(),
            Self::Layers => LAYERS
                .map(|n_layers| Point {
                    value: n_layers as u32,
                    shape: Shape { n_layers, ..SHAPE },
                    flags: usual(),
                })
                .into(),
            Self::Batch => BATCHES
                .map(|batch| Point {
                    value: batch,
                    shape: SHAPE,
                    flags: flags(&["--prefill", "128", "--decode", "1", "--batch", &batch.to_string()]),
                })
                .into(),
        }
    }
}

impl Point {
    fn file(&self, folder: &Path) -> Result<PathBuf> {
        let Shape {
            n_experts, n_layers, ..
        } = self.shape;
        let name = format!("growth-{n_experts}x{n_layers}");
        models::write(folder, &name, &self.shape, Mix::Q4_0)
    }
}

/// Runs every curve on both native executors.
pub fn run(rounds: u32, is_quick: bool) -> Result<Vec<Line>> {
    let folder = shell::target_dir().join("bench/models");
    let mut lines = Vec::new();
    for curve in Curve::ALL {
        for point in curve.points(is_quick) {
            let file = point.file(&folder)?;
            for executor in EXECUTORS {
                println!("── growth with {}: {executor}", curve.name());
                let mut command = native::example();
                command.arg(&file).args(&point.flags);
                command.args(["--executor", executor, "--rounds", &rounds.to_string()]);
                let report = native::json(&mut command)?;
                let read = read(curve, &point, &report);
                lines.extend(read.context("the engine's report lacks something")?);
            }
        }
    }
    Ok(lines)
}

fn read(curve: Curve, point: &Point, report: &Value) -> Option<Vec<Line>> {
    let device = report["device"].as_str()?;
    let line = |value: u32, measure: &str, millis: Vec<f64>| {
        Line::Growth(Growth {
            device: device.to_owned(),
            of: curve.name().into(),
            value,
            measure: measure.into(),
            millis,
        })
    };
    let mut lines = Vec::new();
    for result in report["results"].as_array()? {
        if let Some(depth) = result["depth"].as_u64() {
            let depth = u32::try_from(depth).ok()?;
            let per_token = result["batch_ms"].as_f64()? / result["batch_tokens"].as_f64()?;
            lines.push(line(depth, PREFILL, vec![per_token]));
            lines.push(line(depth, DECODE, floats(&result["decode_ms"])?));
            continue;
        }
        let rounds = result["rounds"].as_array()?;
        let per = |key: &str, tokens: f64| -> Option<Vec<f64>> {
            let millis = rounds.iter().map(|round| Some(round[key].as_f64()? / tokens));
            millis.collect()
        };
        let prefill = per("first_token_ms", result["prompt_tokens"].as_f64()?)?;
        lines.push(line(point.value, PREFILL, prefill));
        if !matches!(curve, Curve::Batch) {
            let decode = per("decode_ms", result["decoded"].as_f64()?)?;
            lines.push(line(point.value, DECODE, decode));
        }
    }
    Some(lines)
}

fn floats(list: &Value) -> Option<Vec<f64>> {
    list.as_array()?.iter().map(Value::as_f64).collect()
}

/// A table per curve: microseconds per token, and how many times the first row's.
pub fn tables(lines: &[Line]) -> String {
    let points: Vec<&Growth> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Growth(growth) => Some(growth),
            _ => None,
        })
        .collect();
    let table = |curve: Curve| {
        let of_curve: Vec<&Growth> = points
            .iter()
            .copied()
            .filter(|point| point.of == curve.name())
            .collect();
        match of_curve.is_empty() {
            true => String::new(),
            false => format!(
                "\n**Growth with {}** (µs per token; times the first row; should be {})\n\n{}",
                curve.name(),
                curve.expected(),
                rows(curve.name(), &of_curve)
            ),
        }
    };
    Curve::ALL.map(table).concat()
}

fn rows(of: &str, points: &[&Growth]) -> String {
    let mut columns: Vec<(&str, &str)> = Vec::new();
    let mut values: Vec<u32> = Vec::new();
    for point in points {
        let column = (point.measure.as_str(), point.device.as_str());
        if !columns.contains(&column) {
            columns.push(column);
        }
        if !values.contains(&point.value) {
            values.push(point.value);
        }
    }
    columns.sort();
    let median = |value: u32, column: &(&str, &str)| {
        let is_it = |point: &&&Growth| {
            point.value == value && (point.measure.as_str(), point.device.as_str()) == *column
        };
        let found = points.iter().find(is_it)?;
        summary(&found.millis).map(|summary| summary.median * 1e3)
    };
    let cell = |value: u32, column: &(&str, &str)| {
        let Some(micros) = median(value, column) else {
            return "–".into();
        };
        match values.first().and_then(|first| median(*first, column)) {
            Some(first) if first > 0.0 => format!("{} (×{})", short(micros), short(micros / first)),
            _ => short(micros),
        }
    };
    let mut header = vec![of.to_owned()];
    header.extend(
        columns
            .iter()
            .map(|(measure, device)| format!("{measure}, {device}")),
    );
    let rows: Vec<Vec<String>> = values
        .iter()
        .map(|value| {
            let mut row = vec![value.to_string()];
            row.extend(columns.iter().map(|column| cell(*value, column)));
            row
        })
        .collect();
    markdown(&header, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_shows_what_each_value_is_of_the_first() {
        let point = |value, millis: &[f64]| {
            Line::Growth(Growth {
                device: "CPU".into(),
                of: "layers".into(),
                value,
                measure: DECODE.into(),
                millis: millis.to_vec(),
            })
        };
        let text = tables(&[point(2, &[0.1, 0.3, 0.2]), point(4, &[0.5])]);
        assert!(text.contains("| layers | decode, CPU |"), "{text}");
        assert!(
            text.ends_with("| 2 | 200 (×1.00) |\n| 4 | 500 (×2.50) |\n"),
            "{text}"
        );
    }
}
