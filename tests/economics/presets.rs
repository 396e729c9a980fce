//! What comes with the page, as the page reads it.

use moescope_app::state::economics::{EconomicsAction, Presets, price_file};
use moescope_app::state::{Action, AppState};

use crate::recorded_run::fold;

pub fn presets() -> Presets {
    let read = "the file is read";
    Presets {
        models: serde_json::from_str(include_str!("../../public/economics/models.json")).expect(read),
        hardware: serde_json::from_str(include_str!("../../public/economics/hardware.json")).expect(read),
        measured: serde_json::from_str(include_str!("../../public/economics/measured.json")).expect(read),
        prices: price_file::read(include_str!("../../public/economics/prices.json")).expect(read),
    }
}

/// A state with what comes with the page.
pub fn with_presets(state: AppState) -> AppState {
    let arrived = EconomicsAction::PresetsArrived(Box::new(presets()));
    fold(state, Action::Economics(arrived))
}
