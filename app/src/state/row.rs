//! What the page keeps of every position: its pass, and what the routers thought.
//!
//! Full router distributions are by far the most of a trace (48 layers of 128 experts: 12 kB a token
//! in half precision), so they are kept in half precision and only for the newest positions, up to
//! [`DISTRIBUTION_BYTES`]. Everything else stays: chosen experts, weights, costs, and each router's
//! entropy and margin, which are computed from the full numbers before they are rounded.

use std::rc::Rc;

use half::f16;

use super::select::{entropy_bits, margin};
use crate::protocol::{ModelFacts, Pass};

/// Most bytes that distributions of a conversation take: 5 400 tokens of 48 layers of 128 experts.
pub const DISTRIBUTION_BYTES: usize = 64 << 20;

/// One position within a pass.
#[derive(Clone, Debug)]
pub struct Row {
    /// Without `probs`: those are here.
    pub pass: Rc<Pass>,
    /// Which of the pass's positions.
    pub index: usize,
    /// What is known of each router's choice. `(positions, moe_layers)`
    routers: Rc<[Router]>,
    /// None once it was let go. `(positions, moe_layers, n_experts)`
    distributions: Option<Rc<[f16]>>,
}

/// One router's choice for one token.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Router {
    pub entropy_bits: f32,
    /// Probability of the last chosen expert less that of the first rejected one.
    pub margin: Option<f32>,
}

/// The rows of a pass, in the order of its positions.
pub fn rows(facts: &ModelFacts, mut pass: Pass) -> Vec<Row> {
    let probs = std::mem::take(&mut pass.probs);
    let (n_experts, top_k) = (facts.n_experts.max(1) as usize, facts.top_k.max(1) as usize);
    let computed = probs
        .chunks(n_experts)
        .zip(pass.ids.chunks(top_k))
        .map(|(probs, ids)| Router {
            entropy_bits: entropy_bits(probs),
            margin: margin(probs, ids),
        });
    let told = pass
        .router_bits
        .iter()
        .zip(&pass.router_margins)
        .map(|(&entropy_bits, &margin)| Router {
            entropy_bits,
            margin: (!margin.is_nan()).then_some(margin),
        });
    let routers: Rc<[Router]> = if pass.router_bits.is_empty() {
        computed.collect()
    } else {
        told.collect()
    };
    // A recording says so where a distribution had been let go.
    let probs = if probs.first().is_some_and(|prob| prob.is_nan()) {
        Vec::new()
    } else {
        probs
    };
    let distributions: Rc<[f16]> = probs.iter().copied().map(f16::from_f32).collect();
    let pass = Rc::new(pass);
    let row = |index| Row {
        pass: Rc::clone(&pass),
        index,
        routers: Rc::clone(&routers),
        distributions: (!distributions.is_empty()).then(|| Rc::clone(&distributions)),
    };
    (0..pass.positions as usize).map(row).collect()
}

/// Lets the oldest distributions go where all of them would take more than [`DISTRIBUTION_BYTES`].
pub fn keep_within_bounds(facts: &ModelFacts, rows: &mut [Option<Row>]) {
    let row_bytes = facts.moe_layers.len() * facts.n_experts as usize * size_of::<f16>();
    let most = DISTRIBUTION_BYTES / row_bytes.max(1);
    let too_old = rows.len().saturating_sub(most);
    let kept = rows[..too_old].iter_mut().rev().map_while(|row| match row {
        Some(row) => row.distributions.take().map(drop),
        None => Some(()),
    });
    kept.for_each(drop);
}

impl Row {
    /// The full distributions as they are kept. `(moe_layers, n_experts)`
    pub fn half_probs(&self) -> Option<&[f16]> {
        Some(self.of(self.distributions.as_ref()?))
    }

    /// Tokens computed in this row's pass.
    fn positions(&self) -> usize {
        self.pass.positions.max(1) as usize
    }

    /// Item `index` of a column with as many items for every position.
    fn of<'a, T>(&self, column: &'a [T]) -> &'a [T] {
        let size = column.len() / self.positions();
        column
            .get(self.index * size..(self.index + 1) * size)
            .unwrap_or_default()
    }

    /// Chosen experts, best first. `(moe_layers, top_k)`
    pub fn ids(&self) -> &[u16] {
        self.of(&self.pass.ids)
    }

    /// Their weights. `(moe_layers, top_k)`
    pub fn weights(&self) -> &[f32] {
        self.of(&self.pass.weights)
    }

    /// `(moe_layers)`
    pub fn routers(&self) -> &[Router] {
        self.of(&self.routers)
    }

    /// The full distributions, rounded to half precision; none once they were let go.
    /// `(moe_layers, n_experts)`
    pub fn probs(&self) -> Option<Vec<f32>> {
        let own = self.of(self.distributions.as_ref()?);
        Some(own.iter().map(|prob| prob.to_f32()).collect())
    }

    /// The distribution of one MoE layer. `(n_experts)`
    pub fn layer_probs(&self, layer: usize) -> Option<Vec<f32>> {
        let own = self.of(self.distributions.as_ref()?);
        let size = own.len().checked_div(self.routers().len())?;
        let own = own.get(layer * size..(layer + 1) * size)?;
        Some(own.iter().map(|prob| prob.to_f32()).collect())
    }

    /// Bytes each layer of the cache holds after this position. `(layers)`
    pub fn kv_held_bytes(&self) -> &[u64] {
        self.of(&self.pass.kv_held_bytes)
    }

    /// Bytes this position's attention read of each layer. `(layers)`
    pub fn kv_read_bytes(&self) -> &[u64] {
        self.of(&self.pass.kv_read_bytes)
    }
}
