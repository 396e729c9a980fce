//! The models a panel is about: the loaded one, and one of the list beside it.

use moescope_engine::cost::parameters::Counted;
use moescope_engine::cost::{Sizes, WeightBytes};

use super::From;
use super::presets::ModelPreset;
use crate::protocol::ModelFacts;
use crate::state::AppState;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Its `data-subject`: `loaded`, or the id of a preset.
    pub id: String,
    pub name: String,
    pub sizes: Sizes,
    pub weights: WeightBytes,
    /// What its weights are stored as.
    pub format: String,
    pub from: From,
}

impl Subject {
    /// Counted in the file.
    pub fn loaded(facts: &ModelFacts) -> Self {
        let moe_layers = facts.moe_layers.len() as u32;
        let Counted { sizes, weights } = facts.sizes.counted(moe_layers, facts.n_experts, facts.top_k);
        Self {
            id: "loaded".into(),
            name: facts.name.clone(),
            sizes,
            weights,
            format: facts.quantization.clone(),
            from: From::File,
        }
    }

    /// From its published geometry.
    pub fn of(preset: &ModelPreset) -> Self {
        Self {
            id: preset.id.clone(),
            name: preset.name.clone(),
            sizes: preset.shape().sizes(),
            weights: preset.weight_bytes(),
            format: preset.weights.format.clone(),
            from: From::row(
                &preset.source,
                &preset.date,
                preset.unverified.is_empty(),
                preset.changed.as_ref(),
            ),
        }
    }

    pub fn is_loaded(&self) -> bool {
        self.id == "loaded"
    }
}

/// The model on screen where its sizes are known. A recorded run does not tell them, but the model that
/// stands aside for it does where it is the same one.
fn sized(state: &AppState) -> Option<&ModelFacts> {
    let shown = &state.model.as_ref()?.facts;
    let aside = state
        .replay
        .as_ref()
        .and_then(|replay| replay.aside.model.as_ref());
    let aside = aside.map(|model| &model.facts).filter(|facts| {
        (&facts.name, facts.parameters, &facts.quantization)
            == (&shown.name, shown.parameters, &shown.quantization)
    });
    [Some(shown), aside]
        .into_iter()
        .flatten()
        .find(|facts| facts.sizes.always > 0)
}

/// The loaded model, if there is one, and the one beside it.
pub fn subjects(state: &AppState) -> Vec<Subject> {
    let loaded = sized(state).map(Subject::loaded);
    let beside = state.economics.beside().map(Subject::of);
    loaded.into_iter().chain(beside).collect()
}
