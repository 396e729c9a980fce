//! Load of every expert of every layer against uniform, as a picture; and each layer in numbers.

use std::rc::Rc;

use yew::{Callback, Html, html};

use super::LoadProps;
use crate::format;
use crate::panels::experts::ramp;
use crate::panels::picture::{Axis, Canvas, Frame, NONE, Picture};
use crate::panels::shade::shade_between;
use crate::panels::slot;
use crate::same::Same;
use crate::state::Action;
use crate::state::select::load::LayerUse;
use crate::words::words;

/// The picture: a line per layer, a column per expert.
pub fn map(props: &LoadProps, counts: &[u32]) -> Html {
    let words = &words().load;
    let facts = &props.model.facts;
    let n_experts = facts.n_experts.max(1) as usize;
    let shades = counts.chunks_exact(n_experts).flat_map(|counts| {
        let uniform = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / n_experts as f64;
        counts.iter().map(move |&count| match count {
            0 => NONE,
            _ => shade_between(f64::from(count) / uniform, 0.0, 3.0).max(1) as u8,
        })
    });
    let picture: Rc<Picture> = Picture::new(n_experts, shades);
    let (layer, expert) = (props.selection.layer, props.selection.expert);
    let frames = vec![Frame {
        column: expert.map_or(0, usize::from),
        line: layer,
        columns: expert.map_or(n_experts, |_| 1),
        lines: 1,
    }];
    let dispatch = props.dispatch.clone();
    let onpick = Callback::from(move |(expert, layer): (usize, usize)| {
        dispatch.emit(Action::LayerSelected(layer));
        dispatch.emit(Action::ExpertSelected(u16::try_from(expert).ok()));
    });
    let layers = &facts.moe_layers;
    let axes = (
        Axis::new(layers.len(), |line| layers[line].to_string()),
        Axis::new(n_experts, |expert| expert.to_string()),
    );
    html! {
        <>
            <h3>{ words.map_title }</h3>
            <Canvas picture={Same(picture)} class="raster load-map" label={(words.map)(facts.moe_layers.len() as u64, facts.n_experts)}
                {axes} {frames} {onpick} onmove={slot::moved(&props.model.facts, &props.dispatch)} />
            <p class="legend">{ crate::words::words().experts.shade }{ ramp() }{ (crate::words::words().experts.load_legend)(facts.top_k, facts.n_experts) }</p>
        </>
    }
}

/// Each layer in numbers.
pub fn table(props: &LoadProps, layers: &[LayerUse]) -> Html {
    let words = &words().load;
    let n_experts = props.model.facts.n_experts.max(1) as usize;
    let row = |(at, own): (usize, &LayerUse)| {
        let dormant = 1.0 - own.used as f64 / n_experts as f64;
        let overlap = own.overlap.map_or("—".into(), format::percent);
        html! {
            <tr key={own.layer} data-layer={own.layer.to_string()} data-used={own.used.to_string()} data-gini={own.gini.to_string()} data-variation={own.variation.to_string()}
                aria-selected={(props.selection.layer == at).then_some("true")}>
                <th scope="row" data-head={words.layer}>{ own.layer }</th><td data-head={words.used}>{ (crate::words::words().numbers.of)(&own.used.to_string(), &n_experts.to_string()) }</td><td data-head={words.dormant_column}>{ format::percent(dormant) }</td>
                <td data-head={words.variation_column}>{ format::percent(own.variation) }</td><td data-head={words.gini_column}>{ format::significant(own.gini) }</td><td data-head={words.peak}>{ format!("{} ×", format::significant(own.peak)) }</td><td data-head={words.overlap_column}>{ overlap }</td>
            </tr>
        }
    };
    html! {
        <details class="more" open={layers.len() <= 12}><summary>{ words.by_layer }</summary>
            <div class="wide"><table class="numbers stacks">
                <thead><tr><th scope="col">{ words.layer }</th><th scope="col">{ words.used }</th><th scope="col">{ words.dormant_column }</th><th scope="col">{ words.variation_column }</th>
                    <th scope="col">{ words.gini_column }</th><th scope="col">{ words.peak }</th><th scope="col">{ words.overlap_column }</th></tr></thead>
                <tbody>{ for layers.iter().enumerate().map(row) }</tbody>
            </table></div>
        </details>
    }
}
