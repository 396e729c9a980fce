//! Counts and device times summed over passes, and the least bytes that had to be moved.

use std::collections::BTreeSet;
use std::rc::Rc;

use moescope_engine::gguf::TensorInfo;
use moescope_engine::{Model, StepGroup, TokenTrace, trace::StepCost};
use serde_json::{Value, json};

/// What some passes did.
#[derive(Default)]
pub struct Tally {
    passes: Vec<Rc<StepCost>>,
    tokens: u64,
    /// Different (MoE layer, expert) pairs used.
    experts: BTreeSet<(usize, u16)>,
    /// Those of each token, counted one by one.
    expert_uses: u64,
    moe_layers: u64,
}

impl Tally {
    /// Adds one pass; without traces nothing.
    pub fn add(&mut self, traces: &[TokenTrace]) {
        let Some(first) = traces.first() else { return };
        self.passes.push(Rc::clone(&first.cost));
        self.tokens += traces.len() as u64;
        self.moe_layers = first.routing.layers.len() as u64;
        for trace in traces {
            let k = trace.routing.top_k.max(1) as usize;
            let pairs = trace.routing.ids.iter().enumerate();
            self.experts.extend(pairs.map(|(at, id)| (at / k, *id)));
            self.expert_uses += trace.routing.ids.len() as u64;
        }
    }

    /// Tokens and microseconds of the last pass that was as large as the largest.
    pub fn last_full_batch(&self) -> Option<(u32, f64)> {
        let largest = self.passes.iter().map(|pass| pass.batch_tokens).max()?;
        let pass = self
            .passes
            .iter()
            .rev()
            .find(|pass| pass.batch_tokens == largest)?;
        Some((pass.batch_tokens, pass.wall_micros))
    }

    /// Everything per pass or per token that does not depend on the clock of the caller.
    pub fn report(&self, model: &Model) -> Value {
        let n_passes = self.passes.len().max(1) as f64;
        let (mut weights, mut kv_read, mut kv_written, mut operations, mut dispatches) = (0, 0, 0, 0, 0u64);
        for pass in &self.passes {
            let total = pass.total();
            weights += total.weight_bytes;
            kv_read += total.kv_read_bytes;
            kv_written += total.kv_write_bytes;
            operations += total.operations;
            dispatches += u64::from(pass.dispatches);
        }
        json!({
            "passes": self.passes.len(),
            "tokens": self.tokens,
            "dispatches_per_pass": dispatches as f64 / n_passes,
            "weight_bytes": weights,
            "least_weight_bytes": self.least_weight_bytes(model),
            "kv_read_bytes": kv_read,
            "kv_write_bytes": kv_written,
            "operations": operations,
            "group_micros": self.group_micros(),
        })
    }

    /// Device time by step group over all passes, where the device measures it.
    fn group_micros(&self) -> Option<Value> {
        let mut sums = [0.0; StepGroup::ALL.len()];
        for pass in &self.passes {
            let micros = pass.group_micros?;
            sums.iter_mut()
                .zip(micros)
                .for_each(|(sum, micros)| *sum += micros);
        }
        let named = StepGroup::ALL.iter().zip(sums);
        Some(
            named
                .map(|(group, sum)| (group.name().to_owned(), json!(sum)))
                .collect(),
        )
    }

    /// Weights as they lie in the file, each read once per pass that needs it where passes are single
    /// tokens, and once in all where tokens come together: what a cache of any size cannot better
    /// without keeping weights from token to token.
    fn least_weight_bytes(&self, model: &Model) -> u64 {
        let is_batched = self.passes.iter().any(|pass| pass.batch_tokens > 1);
        let (passes, uses) = match is_batched {
            true => (1, self.experts.len() as u64),
            false => (self.passes.len() as u64, self.expert_uses),
        };
        let tensors = &model.gguf.tensors;
        let n_experts = experts_per_layer(model);
        let of_experts: u64 = tensors
            .iter()
            .filter(|tensor| is_of_experts(tensor))
            .map(bytes)
            .sum();
        let per_expert = of_experts / (self.moe_layers * n_experts).max(1);
        let is_tied = !tensors.iter().any(|tensor| tensor.name == "output.weight");
        let is_looked_up = |tensor: &&TensorInfo| tensor.name == "token_embd.weight" && !is_tied;
        let looked_up: u64 = tensors
            .iter()
            .filter(is_looked_up)
            .map(|tensor| bytes(tensor) * self.tokens / u64::from(model.spec.vocab))
            .sum();
        let always = tensors
            .iter()
            .filter(|tensor| !is_of_experts(tensor) && !is_looked_up(tensor));
        looked_up + always.map(bytes).sum::<u64>() * passes + per_expert * uses
    }
}

fn is_of_experts(tensor: &TensorInfo) -> bool {
    tensor.name.contains("_exps.")
}

fn bytes(tensor: &TensorInfo) -> u64 {
    tensor.range.end - tensor.range.start
}

fn experts_per_layer(model: &Model) -> u64 {
    let stacks = model.gguf.tensors.iter().filter(|tensor| is_of_experts(tensor));
    stacks
        .filter_map(|tensor| tensor.dims.last().copied())
        .max()
        .unwrap_or(1)
}
