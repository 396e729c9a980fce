//! How differently two turns, or an answer and the one it took the place of, use the experts.

use web_sys::HtmlSelectElement;
use yew::{Callback, Html, Properties, TargetCast, component, html, use_memo, use_state_eq};

use super::Traced;
use crate::format;
use crate::panels::figure::{Figure, figures};
use crate::panels::nothing;
use crate::same::Same;
use crate::state::select::load::{self, Side};
use crate::state::{Model, Role};
use crate::words::words;

/// What is compared.
#[derive(Clone, PartialEq, Properties)]
pub struct DivergenceProps {
    pub traced: Traced,
    pub model: Same<Model>,
}

/// See the module.
#[component]
pub fn Divergence(props: &DivergenceProps) -> Html {
    let words = &words().load;
    let facts = &props.model.facts;
    let sides = use_memo(props.traced.clone(), |traced| {
        load::sides(facts, traced.conversation())
    });
    let (one, other) = (use_state_eq(|| 0_usize), use_state_eq(|| 1_usize));
    if sides.len() < 2 {
        return Html::default();
    }
    let at = |wanted: usize| wanted.min(sides.len() - 1);
    let (a, b) = (&sides[at(*one)], &sides[at(*other)]);
    let by_layer = load::divergence(facts, &a.counts, &b.counts);
    let known: Vec<f64> = by_layer.iter().flatten().copied().collect();
    let body = if known.is_empty() {
        nothing(words.nothing_in_part)
    } else {
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let figure = Figure::counted_share(
            "divergence-bits",
            words.divergence,
            mean,
            format::bits(mean as f32),
            words.divergence_story,
        );
        html! { <>{ figures(&[figure]) }{ table(facts.moe_layers.iter().copied().zip(by_layer)) }</> }
    };
    let choose = |state: &yew::UseStateHandle<usize>| {
        let state = state.clone();
        Callback::from(move |at| state.set(at))
    };
    html! {
        <>
            <h3>{ words.divergence_title }</h3>
            <div class="raster-tools">
                { menu("divergence-one", words.one_side, &sides, at(*one), choose(&one)) }
                { menu("divergence-other", words.other_side, &sides, at(*other), choose(&other)) }
            </div>
            { body }
        </>
    }
}

fn menu(
    id: &'static str,
    label: &'static str,
    sides: &[Side],
    shown: usize,
    choose: Callback<usize>,
) -> Html {
    let onchange = Callback::from(move |event: yew::Event| {
        let value = event
            .target_dyn_into::<HtmlSelectElement>()
            .map(|menu| menu.value());
        if let Some(at) = value.and_then(|value| value.parse().ok()) {
            choose.emit(at);
        }
    });
    let name = |side: &Side| {
        let words = &words().load;
        match (side.role, side.is_replaced) {
            (Role::User, _) => (words.prompt_of)(side.number, u64::from(side.tokens)),
            (Role::Model, false) => (words.answer_of)(side.number, u64::from(side.tokens)),
            (Role::Model, true) => (words.earlier_answer_of)(side.number, u64::from(side.tokens)),
        }
    };
    html! {
        <label>{ label }{ " " }<select {id} {onchange}>{ for sides.iter().enumerate().map(|(at, side)| html! {
            <option value={at.to_string()} selected={at == shown}>{ name(side) }</option>
        }) }</select></label>
    }
}

fn table(layers: impl Iterator<Item = (u32, Option<f64>)>) -> Html {
    let words = &words().load;
    let row = |(layer, bits): (u32, Option<f64>)| {
        html! {
            <tr key={layer} data-divergence={bits.map(|bits| bits.to_string())}><th scope="row">{ layer }</th>
                <td class="share-cell"><svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width={format!("{:.2}", 100.0 * bits.unwrap_or_default())} height="8" /></svg></td>
                <td>{ bits.map_or("—".into(), |bits| format::bits(bits as f32)) }</td></tr>
        }
    };
    html! {
        <details class="more"><summary>{ words.by_layer }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ words.layer }</th><th scope="col"><span class="visually-hidden">{ words.divergence }</span></th><th scope="col">{ words.divergence }</th></tr></thead>
                <tbody>{ for layers.map(row) }</tbody>
            </table>
        </details>
    }
}
