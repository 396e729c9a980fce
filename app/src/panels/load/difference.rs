//! Where two loads differ: every expert of every layer in the colours of differences, and the experts that
//! differ most in numbers.

use yew::{Callback, Html, html};

use super::LoadProps;
use crate::format;
use crate::panels::picture::{Axis, Canvas, NONE, Picture};
use crate::panels::shade::{DIVERGING, diverging};
use crate::panels::table;
use crate::same::Same;
use crate::state::Action;
use crate::state::select::compare::most_different;
use crate::words::words;

/// Where the scale ends: so many times an expert's even share.
const MOST: f64 = 2.0;
/// Lines of the table.
const LINES: usize = 16;

/// The picture: a line per layer, a column per expert; `differences` are `(moe_layers, n_experts)`.
pub fn picture(props: &LoadProps, differences: &[Option<f64>]) -> Html {
    let (words, facts) = (&words().load, &props.model.facts);
    let n_experts = facts.n_experts.max(1) as usize;
    let shade =
        |difference: &Option<f64>| difference.map_or(NONE, |difference| diverging(difference, MOST) as u8);
    let picture = Picture::new(n_experts, differences.iter().map(shade));
    let layers = &facts.moe_layers;
    let axes = (
        Axis::new(layers.len(), |line| layers[line].to_string()),
        Axis::new(n_experts, |expert| expert.to_string()),
    );
    let dispatch = props.dispatch.clone();
    let onpick = Callback::from(move |(expert, layer): (usize, usize)| {
        dispatch.emit(Action::LayerSelected(layer));
        dispatch.emit(Action::ExpertSelected(u16::try_from(expert).ok()));
    });
    html! {
        <>
            <h3>{ words.difference_title }</h3>
            <Canvas picture={Same(picture)} is_diverging={true} class="raster load-map" {axes} label={(words.difference_picture)(layers.len() as u64, u64::from(facts.n_experts))} {onpick} />
            <p class="legend">{ words.less }<span class="ramp" aria-hidden="true">{ for (0..DIVERGING).map(|level| html! { <i class={format!("d{level}")}></i> }) }</span>{ words.more }</p>
        </>
    }
}

/// The experts that differ most.
pub fn table(props: &LoadProps, differences: &[Option<f64>]) -> Html {
    let (words, facts) = (&words().load, &props.model.facts);
    let most = most_different(differences, facts.n_experts.max(1) as usize, LINES);
    let row = |(layer, expert, difference): (usize, u16, f64)| {
        let sign = if difference > 0.0 { "+" } else { "−" };
        [
            facts.moe_layers[layer].to_string(),
            expert.to_string(),
            format!("{sign}{} ×", format::significant(difference.abs())),
        ]
    };
    let heads = [words.layer, words.expert, words.difference];
    table::folded(words.difference_table, &heads, most.into_iter().map(row))
}
