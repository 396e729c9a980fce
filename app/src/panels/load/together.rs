//! Which experts of one layer are chosen for the same token: a picture of all pairs against chance, and
//! the most frequent ones in numbers.

use yew::{Callback, Html, Properties, component, html, use_memo};

use crate::format;
use crate::panels::experts::ramp;
use crate::panels::picture::{Axis, Canvas, Frame, NONE, Picture};
use crate::panels::shade::shade_between;
use crate::panels::{Dispatch, nothing};
use crate::same::Same;
use crate::state::Action;
use crate::state::select::load::{Pair, Together};
use crate::words::words;

/// Pairs in the table.
const PAIRS: usize = 12;
/// Where the darkest shade begins: so many times as often as by chance.
const MOST_LIFT: f64 = 4.0;

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct TogetherProps {
    pub together: Same<Together>,
    /// Transformer block.
    pub layer: u32,
    pub expert: Option<u16>,
    pub dispatch: Dispatch,
}

/// See the module.
#[component]
pub fn CoActivation(props: &TogetherProps) -> Html {
    let words = &words().load;
    let n_experts = props.together.counts.len();
    let picture = use_memo(props.together.clone(), |together| {
        let cell = |at: usize| {
            let (one, other) = (at / n_experts, at % n_experts);
            match together
                .lift(one, other)
                .filter(|lift| *lift > 0.0 && one != other)
            {
                Some(lift) => shade_between(lift, 0.0, MOST_LIFT).max(1) as u8,
                None => NONE,
            }
        };
        Picture::new(n_experts, (0..n_experts * n_experts).map(cell))
    });
    let pairs = use_memo(props.together.clone(), |together| together.most(PAIRS));
    let selected = props.expert.map(usize::from).filter(|expert| *expert < n_experts);
    let frame = |line: usize| Frame {
        column: 0,
        line,
        columns: n_experts,
        lines: 1,
    };
    let frames: Vec<_> = selected.map(frame).into_iter().collect();
    let onpick = props
        .dispatch
        .reform(|(_, line): (usize, usize)| Action::ExpertSelected(u16::try_from(line).ok()));
    if pairs.is_empty() {
        return html! { <><h3>{ (words.together_title)(props.layer) }</h3>{ nothing(words.together_none) }</> };
    }
    let experts = Axis::new(n_experts, |expert| expert.to_string());
    let axes = (experts.clone(), experts);
    html! {
        <>
            <h3>{ (words.together_title)(props.layer) }</h3>
            <div class="together">
                <figure>
                    <Canvas picture={Same((*picture).clone())} class="square" label={(words.together)(props.layer)} {axes} {frames} {onpick} />
                    <figcaption class="legend">{ crate::words::words().experts.shade }{ ramp() }{ words.together_legend }</figcaption>
                </figure>
                { table(&pairs, &props.dispatch) }
            </div>
        </>
    }
}

fn table(pairs: &[Pair], dispatch: &Dispatch) -> Html {
    let words = &words().load;
    let expert = |expert: u16| {
        let onclick: Callback<_> = dispatch.reform(move |_| Action::ExpertSelected(Some(expert)));
        html! { <button type="button" class="number" {onclick}>{ expert }</button> }
    };
    let row = |pair: &Pair| {
        let (one, other) = pair.experts;
        html! {
            <tr key={format!("{one}-{other}")} data-pair={format!("{one} {other}")} data-times={pair.times.to_string()} data-lift={pair.lift.to_string()}>
                <th scope="row">{ expert(one) }{ " + " }{ expert(other) }</th><td>{ format::count(u64::from(pair.times)) }</td><td>{ format!("{} ×", format::significant(pair.lift)) }</td>
            </tr>
        }
    };
    html! {
        <table class="numbers pairs">
            <thead><tr><th scope="col">{ words.pair }</th><th scope="col">{ words.times }</th><th scope="col">{ words.lift }</th></tr></thead>
            <tbody>{ for pairs.iter().map(row) }</tbody>
        </table>
    }
}
