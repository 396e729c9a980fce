//! Looking closely at one token: its decode is run again beside the session, step by step under the
//! clock, with a tap on every attention. The session itself stays as it is.

use std::collections::VecDeque;

use super::{Feed, PassOutput, Session, SessionError};
use crate::arch::Spec;
use crate::clock::Clock;
use crate::error::Error;
use crate::ids::{LayerIdx, TokenId};
use crate::kernels::{Batch, Form, Links, Pass};
use crate::plan::{KvLayer, Plan};
use crate::trace::{GroupWork, StepGroup};

/// Most runs whose times are averaged.
const MOST_RUNS: u32 = 64;

/// One step of the plan, as it ran.
#[derive(Clone, Debug, PartialEq)]
pub struct ExaminedStep {
    pub group: StepGroup,
    pub layer: Option<LayerIdx>,
    /// Its shader, twin and test.
    pub stem: &'static str,
    pub links: Links,
    /// What its shader was linked for.
    pub form: Form,
    /// Counted from the plan and the experts chosen.
    pub work: GroupWork,
    /// Mean over the runs; none where the device has no timestamps.
    pub micros: Option<f64>,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    pub position: u32,
    /// Without the taps.
    pub steps: Vec<ExaminedStep>,
    /// Runs behind the times.
    pub runs: u32,
    /// Mean wall time of a run.
    pub wall_micros: f64,
    /// Share of attention that each position got, mean over heads, for every layer that attends.
    /// `(layers, position + 1)`
    pub attention: Vec<(LayerIdx, Vec<f32>)>,
}

impl Session {
    /// Runs the token at a position again and again for so long, or [`MOST_RUNS`] times. `spec` is the
    /// model's own.
    pub async fn examine(&self, spec: &Spec, position: u32, least_micros: f64) -> Result<Examination, Error> {
        let (token, mut scout) = self.scout(spec, position).await?;
        // Warms up, and tells which experts are chosen.
        let (batch, output) = scout.run_once(token).await?;
        let distinct = scout.distinct_experts(batch, &output.ids);
        let started = Clock::start();
        let (mut total, mut wall_micros, mut runs) = (None, 0.0, 0);
        while runs == 0 || (runs < MOST_RUNS && started.micros() < least_micros) {
            scout.tokens.truncate(position as usize);
            let (_, output) = scout.run_once(token).await?;
            total = add(total, output.step_micros);
            wall_micros += output.wall_micros;
            runs += 1;
        }
        let mean = |at: usize| Some(total.as_ref()?.get(at)? / f64::from(runs));
        let pass = Pass {
            batch,
            distinct_experts: &distinct,
        };
        let active = scout.plan.active_steps(batch).enumerate();
        let steps = active.filter_map(|(at, (index, step))| {
            scout.plan.without_taps(index)?;
            Some(ExaminedStep {
                group: step.group,
                layer: step.layer,
                stem: step.kernel.stem(),
                links: step.kernel.links(),
                form: scout.executor.form(index),
                work: step.kernel.work(pass),
                micros: mean(at),
            })
        });
        let steps = steps.collect();
        Ok(Examination {
            position,
            steps,
            runs,
            wall_micros: wall_micros / f64::from(runs),
            attention: scout.attention(position).await?,
        })
    }

    /// A session with taps that stands before a position, and the token there.
    async fn scout(&self, spec: &Spec, position: u32) -> Result<(TokenId, Self), Error> {
        let held = self.position();
        let token = *self
            .tokens
            .get(position as usize)
            .ok_or(SessionError::NotHeld { position, held })?;
        let is_held = |layer: &KvLayer| layer.holds_what_is_seen_from(position, self.written);
        if !self.plan.kv_layers.iter().all(is_held) {
            return Err(SessionError::LetGo { position }.into());
        }
        let plan = Plan::scout(spec, self.plan.options, self.plan.limits)?;
        let executor = self.executor.fork(&plan).await?;
        let scout = Self {
            plan: plan.into(),
            executor,
            tokens: self.tokens[..position as usize].to_vec(),
            written: self.written,
            under_way: VecDeque::new(),
            chosen: None,
            most_under_way: 1,
            is_traced: true,
            moe_layers: self.moe_layers.clone(),
            rope_factors: self.rope_factors.clone(),
        };
        Ok((token, scout))
    }

    async fn run_once(&mut self, token: TokenId) -> Result<(Batch, PassOutput), Error> {
        self.submit(Feed::Tokens(&[token]), 1, None)?;
        self.collect_oldest().await
    }

    async fn attention(&mut self, position: u32) -> Result<Vec<(LayerIdx, Vec<f32>)>, Error> {
        let mut found = Vec::new();
        for tap in self.plan.taps.clone().unwrap_or_default() {
            let words = self.executor.read_buffer(tap.mass).await?;
            let mass = words
                .iter()
                .take(position as usize + 1)
                .map(|word| f32::from_bits(*word));
            found.extend(tap.layer.map(|layer| (layer, mass.collect())));
        }
        Ok(found)
    }
}

/// Sums item by item.
fn add(total: Option<Vec<f64>>, more: Option<Vec<f64>>) -> Option<Vec<f64>> {
    let more = more?;
    Some(match total {
        Some(total) => total.iter().zip(&more).map(|(a, b)| a + b).collect(),
        None => more,
    })
}
