//! What the panels show, derived from the state: plain numbers, nothing measured anew.

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
    /// Full distribution. `(n_experts)`
    pub probs: Vec<f32>,
    pub entropy_bits: f32,
    /// Probability of the last chosen expert less that of the first rejected one.
    pub margin: Option<f32>,
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
    let (top_k, n_experts) = (facts.top_k as usize, facts.n_experts as usize);
    let flat = row.index * facts.moe_layers.len() + at;
    let ids = row.pass.ids.get(flat * top_k..(flat + 1) * top_k)?;
    let weights = row.pass.weights.get(flat * top_k..(flat + 1) * top_k)?;
    let probs = row.pass.probs.get(flat * n_experts..(flat + 1) * n_experts)?;
    Some(LayerRouting {
        layer: *facts.moe_layers.get(at)?,
        chosen: ids.iter().copied().zip(weights.iter().copied()).collect(),
        probs: probs.to_vec(),
        entropy_bits: entropy_bits(probs),
        margin: margin(probs, ids),
    })
}

/// −Σ p log₂ p of a distribution, scaled to sum to one.
pub fn entropy_bits(probs: &[f32]) -> f32 {
    let sum: f32 = probs.iter().sum();
    let terms = probs
        .iter()
        .map(|p| p / sum)
        .filter(|p| *p > 0.0)
        .map(|p| -p * p.log2());
    if sum > 0.0 { terms.sum() } else { 0.0 }
}

/// Least probability chosen less greatest rejected; none when every expert was chosen.
fn margin(probs: &[f32], ids: &[u16]) -> Option<f32> {
    let is_chosen = |expert: usize| ids.iter().any(|&id| usize::from(id) == expert);
    let (chosen, rejected): (Vec<_>, Vec<_>) = probs
        .iter()
        .enumerate()
        .partition(|(expert, _)| is_chosen(*expert));
    let least = chosen.iter().map(|(_, p)| **p).min_by(f32::total_cmp)?;
    let greatest = rejected.iter().map(|(_, p)| **p).max_by(f32::total_cmp)?;
    Some(least - greatest)
}

/// Entropy of a position, mean over MoE layers.
pub fn mean_entropy_bits(facts: &ModelFacts, row: &Row) -> Option<f32> {
    let size = facts.moe_layers.len() * facts.n_experts as usize;
    let probs = row
        .pass
        .probs
        .get(row.index * size..(row.index + 1) * size)
        .filter(|probs| !probs.is_empty())?;
    let sum: f32 = probs.chunks(facts.n_experts as usize).map(entropy_bits).sum();
    Some(sum / facts.moe_layers.len() as f32)
}

/// Margin of a position, mean over MoE layers; none where some layer chose every expert.
pub fn mean_margin(facts: &ModelFacts, row: &Row) -> Option<f32> {
    let margins: Vec<f32> = routing(facts, row)
        .iter()
        .map(|layer| layer.margin)
        .collect::<Option<_>>()?;
    let n_layers = margins.len() as f32;
    (n_layers > 0.0).then(|| margins.iter().sum::<f32>() / n_layers)
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
    let layers = pass.kv_held_bytes.len() / (pass.positions as usize).max(1);
    let of = |column: &[u64]| {
        column
            .get(row.index * layers..(row.index + 1) * layers)
            .unwrap_or_default()
            .to_vec()
    };
    Kv {
        positions: pass.first_position + row.index as u32 + 1,
        capacity: pass.kv_capacity,
        held_bytes: of(&pass.kv_held_bytes),
        read_bytes: of(&pass.kv_read_bytes),
        reserved_bytes: pass.kv_reserved_bytes,
        bytes_per_position: pass.kv_bytes_per_position,
    }
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

/// The values that a measure's least and greatest shade stand for. Powers of two around the wall times
/// seen, so that a new token rarely changes the scale.
pub fn measure_scale(state: &AppState) -> (f64, f64) {
    match state.view.measure {
        super::Measure::None => (0.0, 0.0),
        // What was likely is unremarkable: the improbable token gets the strong mark.
        super::Measure::Probability => (1.0, 0.0),
        super::Measure::Entropy => {
            let n_experts = state
                .model
                .as_ref()
                .map_or(1, |model| model.facts.n_experts.max(1));
            (0.0, f64::from(n_experts).log2())
        }
        super::Measure::PredictionEntropy => {
            (0.0, greatest(&state.conversation, |mark| mark.prediction_bits))
        }
        // A small margin is what is remarkable: another choice was near.
        super::Measure::Margin => (greatest(&state.conversation, |mark| mark.margin), 0.0),
        super::Measure::WallTime => wall_scale(&state.conversation),
    }
}

/// The power of two above the greatest value seen.
fn greatest(conversation: &Conversation, of: impl Fn(&super::Mark) -> Option<f32>) -> f64 {
    let marks = conversation.turns.iter().flat_map(super::Turn::marks);
    let greatest = marks.filter_map(of).fold(0.0, f32::max);
    if greatest > 0.0 {
        f64::from(greatest).log2().ceil().exp2()
    } else {
        0.0
    }
}

fn wall_scale(conversation: &Conversation) -> (f64, f64) {
    let walls = conversation
        .rows
        .iter()
        .flatten()
        .map(|row| row.pass.wall_micros / f64::from(row.pass.batch_tokens.max(1)));
    let (low, high) = walls.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), wall| {
        (low.min(wall), high.max(wall))
    });
    if high > 0.0 {
        (low.log2().floor().exp2(), high.log2().ceil().exp2())
    } else {
        (0.0, 0.0)
    }
}
