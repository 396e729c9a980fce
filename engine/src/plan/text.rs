//! A plan as text: what `cargo xtask plan` prints, and what a snapshot test holds it to.

use std::fmt;

use super::Plan;
use crate::kernels::{Batch, Bind, Pass};

impl fmt::Display for Plan {
    /// One line per step, with the work of a one-token pass over an empty cache, or dashes where that pass does
    /// without it; then the totals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = Batch {
            n_tokens: 1,
            start: 0,
            logits_from: 0,
            n_logits: 1,
            n_draws: 1,
            n_splits: 1,
            by_expert: 0,
        };
        let distinct = vec![self.moe.top_k; self.moe.layers.len()];
        let pass = Pass {
            batch,
            distinct_experts: &distinct,
        };
        writeln!(
            f,
            "{:<10} {:<6} {:<15} {:>12} {:>12}  bindings",
            "group", "layer", "kernel", "weight B", "operations"
        )?;
        for step in &self.steps {
            let work = step.kernel.work(pass);
            let layer = step.layer.map(|layer| layer.0.to_string()).unwrap_or_default();
            let bindings: Vec<String> = step
                .kernel
                .bindings()
                .iter()
                .filter_map(|bind| self.label(*bind))
                .collect();
            let (group, kernel) = (step.group.name(), step.kernel.stem());
            let (bytes, operations) = match step.kernel.tokens(batch) {
                0 => ("–".to_owned(), "–".to_owned()),
                _ => (work.weight_bytes.to_string(), work.operations.to_string()),
            };
            writeln!(
                f,
                "{group:<10} {layer:<6} {kernel:<15} {bytes:>12} {operations:>12}  {}",
                bindings.join(", ")
            )?;
        }
        let total: u64 = self.work(pass).iter().map(|group| group.weight_bytes).sum();
        let per_position: u64 = self.kv_layers.iter().map(|layer| layer.bytes_per_position).sum();
        writeln!(
            f,
            "{} dispatches, {total} weight bytes per token of {}",
            self.active_steps(batch).count(),
            self.weight_bytes()
        )?;
        writeln!(
            f,
            "KV cache {} bytes for {} positions, {per_position} each",
            self.kv_bytes(),
            self.options.context
        )
    }
}

impl Plan {
    /// How a binding reads; nothing for one that is never read.
    fn label(&self, bind: Bind) -> Option<String> {
        Some(match bind {
            Bind::Unread(_) => return None,
            Bind::Read(id) => self.buffers[id.0].name.clone(),
            Bind::Write(id) => format!("→{}", self.buffers[id.0].name),
            Bind::Weights(id) => {
                let pack = &self.packs[id.0];
                format!("{} {} ({}, {})", pack.name(), pack.format, pack.rows, pack.cols)
            }
        })
    }
}
