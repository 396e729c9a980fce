//! What stands beside the text at first: the selected token from a few sides, on one screen.

use yew::{Html, html};

use super::views::Scene;
use super::{cost, experts, figure, kv, prediction};

/// The overview.
pub fn overview(scene: &Scene<'_>) -> Html {
    html! {
        <>
            { experts::view(scene) }
            <div class="pair"><div>{ kv::brief(scene) }{ prediction::brief(scene) }</div>{ cost::brief(scene) }</div>
            if scene.focus.is_some() { { figure::legend() } }
        </>
    }
}
