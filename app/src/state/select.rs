//! What the panels show, derived from the state: plain numbers, nothing measured anew.

pub mod attention;
pub mod compare;
pub mod kv;
pub mod load;
pub mod measure;
pub mod raster;

pub use moescope_run_file::router::{entropy_bits, margin};

use super::{AppState, Conversation, Mark, Model, Row};
use crate::protocol::{GroupCost, ModelFacts, Pass};

/// The token the panels are about.
pub struct Focus<'a> {
    pub position: u32,
    /// Its place in the text.
    pub mark: Option<&'a Mark>,
    /// What its own forward pass did; none when it was never fed to the model.
    pub row: Option<&'a Row>,
    /// Chosen by the visitor, rather than the newest.
    pub is_selected: bool,
}

/// The selected position, or the newest one computed.
pub fn focus(state: &AppState) -> Option<Focus<'_>> {
    let conversation = &state.conversation;
    let position = state.selection.position.or_else(|| conversation.latest())?;
    let (mark, row) = (conversation.mark(position), conversation.row(position));
    (mark.is_some() || row.is_some()).then_some(Focus {
        position,
        mark,
        row,
        is_selected: state.selection.position.is_some(),
    })
}

/// Examples of the model that is loaded, if it came with the page.
pub fn catalogue_entry<'a>(state: &'a AppState, model: &Model) -> Option<&'a super::CatalogueModel> {
    state.catalogue.iter().find(|entry| entry.url() == model.origin)
}

/// Bytes per second and seconds left of a load, once both can be told.
pub fn load_rate(done_bytes: u64, total_bytes: u64, elapsed_millis: f64) -> Option<(f64, f64)> {
    let rate = done_bytes as f64 / (elapsed_millis / 1e3);
    (rate.is_finite() && rate > 0.0).then(|| (rate, total_bytes.saturating_sub(done_bytes) as f64 / rate))
}

/// What one MoE layer did with one token.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRouting {
    /// Transformer block.
    pub layer: u32,
    /// Chosen experts, best first, with their weights. `(top_k)`
    pub chosen: Vec<(u16, f32)>,
    /// Full distribution; empty once it was let go. `(n_experts)`
    pub probs: Vec<f32>,
    pub entropy_bits: f32,
    /// Probability of the last chosen expert less that of the first rejected one.
    pub margin: Option<f32>,
}

impl LayerRouting {
    /// Whether another device might have chosen otherwise. A negative margin is no tie: the choice
    /// followed something besides the probabilities, a bias or groups of experts.
    pub fn is_near_tie(&self) -> bool {
        self.margin
            .is_some_and(|margin| (0.0..TIE_MARGIN).contains(&margin))
    }

    /// The expert that would be chosen next, by probability; none when every expert was chosen.
    pub fn first_rejected(&self) -> Option<u16> {
        let is_chosen = |expert: usize| self.chosen.iter().any(|(id, _)| usize::from(*id) == expert);
        let rejected = self
            .probs
            .iter()
            .enumerate()
            .filter(|(expert, _)| !is_chosen(*expert));
        let best = rejected.reduce(|best, own| if own.1 > best.1 { own } else { best })?;
        u16::try_from(best.0).ok()
    }
}

/// Routing of one position, layer by layer.
pub fn routing(facts: &ModelFacts, row: &Row) -> Vec<LayerRouting> {
    let layers = facts.moe_layers.len();
    (0..layers)
        .filter_map(|at| layer_routing(facts, row, at))
        .collect()
}

/// Routing of one position in one MoE layer.
pub fn layer_routing(facts: &ModelFacts, row: &Row, at: usize) -> Option<LayerRouting> {
    let top_k = facts.top_k as usize;
    let ids = row.ids().get(at * top_k..(at + 1) * top_k)?;
    // A run of another program may tell neither weights nor distributions.
    let weights = row.weights().get(at * top_k..(at + 1) * top_k);
    let weight = |slot: usize| weights.map_or(f32::NAN, |weights| weights[slot]);
    let router = row.routers().get(at).copied();
    Some(LayerRouting {
        layer: *facts.moe_layers.get(at)?,
        chosen: ids
            .iter()
            .enumerate()
            .map(|(slot, &id)| (id, weight(slot)))
            .collect(),
        probs: row.layer_probs(at).unwrap_or_default(),
        entropy_bits: router.map_or(f32::NAN, |router| router.entropy_bits),
        margin: router.and_then(|router| router.margin),
    })
}

/// Below this margin another device may choose otherwise: it sums in another order, or rounds
/// activations. `tests/ties.rs` measures on the demo model, between the executors, how far that goes.
pub const TIE_MARGIN: f32 = 1e-2;

/// Entropy of a position, mean over MoE layers.
pub fn mean_entropy_bits(row: &Row) -> Option<f32> {
    let routers = row.routers();
    let sum: f32 = routers.iter().map(|router| router.entropy_bits).sum();
    (!routers.is_empty()).then(|| sum / routers.len() as f32)
}

/// Margin of a position, mean over MoE layers; none where some layer chose every expert.
pub fn mean_margin(row: &Row) -> Option<f32> {
    let routers = row.routers();
    let sum: f32 = routers.iter().map(|router| router.margin).sum::<Option<_>>()?;
    (!routers.is_empty()).then(|| sum / routers.len() as f32)
}

/// Share of a token's experts, over all MoE layers, that another token was sent to as well.
pub fn reuse(facts: &ModelFacts, row: &Row, other: &Row) -> Option<f32> {
    let (own, others) = (row.ids(), other.ids());
    if own.is_empty() || own.len() != others.len() {
        return None;
    }
    let top_k = facts.top_k.max(1) as usize;
    let layers = own.chunks(top_k).zip(others.chunks(top_k));
    let shared: usize = layers
        .map(|(own, others)| own.iter().filter(|id| others.contains(id)).count())
        .sum();
    Some(shared as f32 / own.len() as f32)
}

/// How evenly one MoE layer was used.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLoad {
    pub layer: u32,
    /// How often each expert was chosen. `(n_experts)`
    pub counts: Vec<u32>,
    /// Choices an expert would have had, were all alike.
    pub uniform: f64,
    /// Experts chosen at least once.
    pub used: usize,
    /// Standard deviation over mean.
    pub variation: f64,
}

/// Load of every MoE layer over the conversation.
pub fn load(facts: &ModelFacts, conversation: &Conversation) -> Vec<LayerLoad> {
    let n_experts = (facts.n_experts as usize).max(1);
    facts
        .moe_layers
        .iter()
        .zip(conversation.load.chunks(n_experts))
        .map(|(&layer, counts)| layer_load(layer, counts))
        .collect()
}

fn layer_load(layer: u32, counts: &[u32]) -> LayerLoad {
    let uniform = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / counts.len() as f64;
    let variance = counts
        .iter()
        .map(|&count| (f64::from(count) - uniform).powi(2))
        .sum::<f64>()
        / counts.len() as f64;
    LayerLoad {
        layer,
        counts: counts.to_vec(),
        uniform,
        used: counts.iter().filter(|&&count| count > 0).count(),
        variation: if uniform > 0.0 {
            variance.sqrt() / uniform
        } else {
            0.0
        },
    }
}

/// The KV cache just after one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Kv {
    pub positions: u32,
    pub capacity: u32,
    /// `(layers)`
    pub held_bytes: Vec<u64>,
    /// `(layers)`
    pub read_bytes: Vec<u64>,
    pub reserved_bytes: u64,
    pub bytes_per_position: u64,
}

/// The KV cache at one row.
pub fn kv(row: &Row) -> Kv {
    let pass = &row.pass;
    Kv {
        positions: pass.first_position + row.index as u32 + 1,
        capacity: pass.kv_capacity,
        held_bytes: row.kv_held_bytes().to_vec(),
        read_bytes: row.kv_read_bytes().to_vec(),
        reserved_bytes: pass.kv_reserved_bytes,
        bytes_per_position: pass.kv_bytes_per_position,
    }
}

/// Whether anything is known of what a pass cost: a run of another program may tell its choices alone.
pub fn is_cost_known(pass: &Pass) -> bool {
    pass.dispatches > 0 || !pass.groups.is_empty() || !pass.wall_micros.is_nan()
}

/// The sum over a pass's groups; its time is there only when every group's is.
pub fn total(pass: &Pass) -> GroupCost {
    let mut sum = GroupCost {
        micros: Some(0.0),
        ..GroupCost::default()
    };
    for group in &pass.groups {
        sum.micros = sum.micros.zip(group.micros).map(|(a, b)| a + b);
        sum.weight_bytes += group.weight_bytes;
        sum.kv_read_bytes += group.kv_read_bytes;
        sum.kv_write_bytes += group.kv_write_bytes;
        sum.operations += group.operations;
    }
    sum
}
