//! One line of a results file: what one program took for one thing on one file, every sample of it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A line of a `.jsonl` file under `tests/bench/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// Begins a session: all that follows was run on it, taking turns.
    Session(Session),
    Timing(Timing),
    /// A count or a size.
    Fact(Fact),
    /// What could not be run, and why.
    Absent(Absent),
    /// One point of a growth curve.
    Growth(Growth),
}

/// The machine and the state of the project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub date: String,
    pub commit: String,
    pub machine: String,
    pub browser: String,
    pub rounds: u32,
    /// What a visitor's browser receives.
    pub wasm: Vec<Wasm>,
    /// Anything a reader must know: that the machine was shared, say.
    pub note: String,
}

/// What a program of the page weighs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wasm {
    pub program: String,
    pub raw_bytes: usize,
    pub gzip_bytes: usize,
}

/// Who did it, on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub model: String,
    pub mix: String,
    pub place: String,
    pub engine: String,
    pub device: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    #[serde(flatten)]
    pub subject: Subject,
    /// The name of a `Measure`.
    pub measure: String,
    pub millis: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    #[serde(flatten)]
    pub subject: Subject,
    pub name: String,
    pub value: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Absent {
    #[serde(flatten)]
    pub subject: Subject,
    pub why: String,
}

/// What one more of something costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    pub device: String,
    /// What grows: context, experts, layers, prefill batch.
    pub of: String,
    pub value: u32,
    pub measure: String,
    pub millis: Vec<f64>,
}

/// Adds lines to a file, which is made where it is not there yet.
pub fn append(path: &Path, lines: &[Line]) -> Result<()> {
    let failed = || format!("could not write {}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).with_context(failed)?;
    let mut file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(failed)?;
    for line in lines {
        writeln!(file, "{}", serde_json::to_string(line)?).with_context(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let subject = Subject {
            model: "mid".into(),
            mix: "Q4_0".into(),
            place: "native".into(),
            engine: "moescope CPU".into(),
            device: "CPU".into(),
        };
        let lines = [
            Line::Session(Session::default()),
            Line::Timing(Timing {
                subject: subject.clone(),
                measure: "load".into(),
                millis: vec![1.5, 2.0],
            }),
            Line::Absent(Absent {
                subject,
                why: "no prebuilt library".into(),
            }),
        ];
        for line in lines {
            let text = serde_json::to_string(&line).expect("a line is written");
            assert_eq!(serde_json::from_str::<Line>(&text).expect("a line is read"), line);
        }
    }
}
