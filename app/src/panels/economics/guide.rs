//! Field guide: models, devices and prices side by side, sortable; any can be put beside the loaded one,
//! changed or copied, and every number opens to its formula and source.

mod devices;
mod edit;
mod grid;
mod models;
mod prices;

use yew::html;

use super::{Sheet, sheet};
use crate::panels::views::Scene;
use crate::state::economics::Assumption;
use crate::words::words;

const CONTROLS: &[Assumption] = &[Assumption::Bandwidth, Assumption::KvBits];

/// The panel.
pub fn view(scene: &Scene<'_>) -> yew::Html {
    let tables = vec![models::table(scene), devices::table(scene), prices::table(scene)];
    let body = html! {
        <>
            { models::draw(scene, &tables[0]) }
            { devices::draw(scene, &tables[1]) }
            { prices::draw(scene, &tables[2]) }
            { edit::forget_all(scene) }
        </>
    };
    sheet(
        scene,
        Sheet {
            name: "guide",
            lead: &words().economics.guide.lead,
            pickers: &[],
            controls: CONTROLS,
            drawer: &[],
            tables: Vec::new(),
            drawn_otherwise: tables,
            charts: Vec::new(),
            body,
        },
    )
}
