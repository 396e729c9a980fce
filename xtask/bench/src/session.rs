//! Runs programs in turns, round after round, so that what else the machine does falls on all of them.

use crate::case::{Case, Run};
use crate::engines::Engine;
use crate::record::{Absent, Fact, Line, Subject, Timing};

/// All rounds of all programs on one file.
pub fn run(case: &Case, engines: &[Engine], rounds: u32) -> Vec<Line> {
    let mut outcomes: Vec<Outcome> = engines.iter().map(|engine| Outcome::new(*engine)).collect();
    for round in 1..=rounds {
        for outcome in &mut outcomes {
            outcome.run(case, round, rounds);
        }
    }
    outcomes.iter().flat_map(|outcome| outcome.lines(case)).collect()
}

/// What a program gave so far.
struct Outcome {
    engine: Engine,
    runs: Vec<Run>,
    failed: Option<String>,
}

impl Outcome {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            runs: Vec::new(),
            failed: None,
        }
    }

    /// One more round; a program that failed once is not asked again.
    fn run(&mut self, case: &Case, round: u32, rounds: u32) {
        if self.failed.is_some() {
            return;
        }
        let Engine { place, name, .. } = self.engine;
        let what = format!(
            "{} {}: {name}, {}",
            case.model.name,
            case.mix.name(),
            place.name()
        );
        println!("── {what}, round {round} of {rounds}");
        match self.engine.run(case) {
            Ok(run) => self.runs.push(run),
            Err(err) => {
                println!("   failed: {err:#}");
                self.failed = Some(first_sentence(&err));
            }
        }
    }

    fn lines(&self, case: &Case) -> Vec<Line> {
        let subject = Subject {
            model: case.model.name.into(),
            mix: case.mix.name().into(),
            place: self.engine.place.name().into(),
            engine: self.engine.name.into(),
            device: self.runs.last().map(|run| run.device.clone()).unwrap_or_default(),
        };
        let mut lines = self.timings(&subject);
        let facts = self
            .runs
            .last()
            .map(|run| run.facts.as_slice())
            .unwrap_or_default();
        lines.extend(facts.iter().map(|(name, value)| {
            Line::Fact(Fact {
                subject: subject.clone(),
                name: name.clone(),
                value: *value,
            })
        }));
        if let Some(why) = &self.failed {
            lines.push(Line::Absent(Absent {
                subject,
                why: why.clone(),
            }));
        }
        lines
    }

    /// Samples of the same measure together, in the order they were first met.
    fn timings(&self, subject: &Subject) -> Vec<Line> {
        let mut timings: Vec<Timing> = Vec::new();
        for sample in self.runs.iter().flat_map(|run| &run.samples) {
            let measure = sample.measure.name();
            match timings.iter_mut().find(|timing| timing.measure == measure) {
                Some(timing) => timing.millis.push(sample.millis),
                None => timings.push(Timing {
                    subject: subject.clone(),
                    measure,
                    millis: vec![sample.millis],
                }),
            }
        }
        timings.into_iter().map(Line::Timing).collect()
    }
}

/// Enough for a table's cell; the rest was printed.
fn first_sentence(err: &anyhow::Error) -> String {
    let text = format!("{err:#}");
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(120).collect()
}
