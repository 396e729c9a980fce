//! Which of the remembered positions mattered to one token, and what a smaller cache would have
//! forgotten of it.

use web_sys::HtmlInputElement;
use yew::{Callback, Html, Properties, TargetCast, component, html, use_memo, use_state_eq};

use crate::format;
use crate::panels::experts::ramp;
use crate::panels::figure::{Figure, figures};
use crate::panels::picture::{Axis, Canvas, Frame, Move, NONE, Picture};
use crate::panels::shade::shade;
use crate::panels::views::Scene;
use crate::panels::{Dispatch, nothing, steps};
use crate::protocol::Examined;
use crate::same::Same;
use crate::state::Action;
use crate::state::select::attention::{Attention, Policy, forgotten, most, text};
use crate::state::select::raster::Columns;
use crate::words::words;

/// Most columns drawn.
const COLUMNS: usize = 512;
/// Positions in the table.
const MOST: usize = 10;
/// What the policies begin with.
const SINKS: u32 = 4;

/// The part of the KV view about attention.
pub fn view(scene: &Scene<'_>, position: u32) -> Html {
    let words = &words().kv;
    let state = scene.state;
    let body = match state.examination.at(position) {
        Some(found) => {
            let mean = Attention::of(found).map(|attention| attention.mean());
            let most = most(&mean.unwrap_or_default(), MOST);
            let texts = most
                .iter()
                .map(|(position, _)| format::token_text(text(state, *position)))
                .collect::<Vec<_>>();
            html! { <AttentionView found={Same::new(found)} {most} {texts} dispatch={scene.hands.dispatch.clone()} /> }
        }
        None => {
            html! { <><p class="note">{ words.attention_about }</p>{ steps::ask(state, position, words.attention_ask, &scene.hands.dispatch) }</> }
        }
    };
    html! { <><h3>{ words.attention_title }</h3>{ body }</> }
}

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct AttentionProps {
    pub found: Same<Examined>,
    /// Positions that got most, with their shares.
    pub most: Vec<(u32, f32)>,
    /// Of those.
    pub texts: Vec<String>,
    pub dispatch: Dispatch,
}

/// See the module.
#[component]
pub fn AttentionView(props: &AttentionProps) -> Html {
    let words = &words().kv;
    let policy = use_state_eq(|| Policy {
        sinks: SINKS,
        recent: (props.found.position / 2).max(1),
    });
    let positions = props.found.position as usize + 1;
    let columns = Columns {
        from: 0,
        count: positions.div_ceil(positions.div_ceil(COLUMNS)),
        positions_each: positions.div_ceil(COLUMNS),
    };
    let picture = use_memo(props.found.clone(), |found| {
        let attention = Attention::of(found)?;
        let cell = |mass: &[f32]| match mass.iter().sum::<f32>() {
            sum if sum > 0.0 => shade(sum) as u8,
            _ => NONE,
        };
        let cells = attention
            .by_layer()
            .flat_map(|mass| mass.chunks(columns.positions_each).map(cell));
        Some(Picture::new(columns.count, cells.collect::<Vec<_>>().into_iter()))
    });
    let Some(picture) = (*picture).clone() else {
        return nothing(words.attention_none);
    };
    let lines = props.found.layers.len();
    let kept = Frame {
        column: columns
            .of(positions.saturating_sub(policy.recent as usize))
            .unwrap_or_default(),
        line: 0,
        columns: (policy.recent as usize)
            .div_ceil(columns.positions_each)
            .min(columns.count),
        lines,
    };
    let position = |column: usize| format::count(columns.position(column) as u64);
    let layers = &props.found.layers;
    let axes = (
        Axis::new(lines, |line| layers[line].to_string()),
        Axis::new(columns.count, position),
    );
    let dispatch = props.dispatch.clone();
    let onpick = dispatch.reform(move |(column, _): (usize, usize)| {
        Action::Selected(u32::try_from(columns.position(column)).ok())
    });
    let onmove: Callback<Move> = dispatch.reform(move |to| match to {
        Move::Columns(by) | Move::Lines(by) => Action::Stepped(by),
        Move::First => Action::Selected(Some(0)),
        _ => Action::Selected(None),
    });
    html! {
        <>
            <Canvas picture={Same(picture)} class="raster attention" {axes} label={(words.attention_picture)(lines as u64, positions as u64)} frames={vec![kept]} {onpick} {onmove} />
            <p class="legend">{ self::words().experts.shade }{ ramp() }{ words.attention_legend }</p>
            { policies(props, *policy, &{ let policy = policy.clone(); Callback::from(move |chosen| policy.set(chosen)) }) }
            { table(props) }
        </>
    }
}

fn policies(props: &AttentionProps, policy: Policy, choose: &Callback<Policy>) -> Html {
    let words = &words().kv;
    let Some(attention) = Attention::of(&props.found) else {
        return Html::default();
    };
    let window = Policy { sinks: 0, ..policy };
    let percent = |share: f64| format::fixed_percent(share, 1);
    let lost = |name, label, policy, story| {
        let share = attention.forgotten(policy);
        Figure::counted_share(name, label, share, percent(share), story)
    };
    let field = |id: &'static str, label: &'static str, value: u32, with: fn(Policy, u32) -> Policy| {
        let choose = choose.clone();
        let oninput = Callback::from(move |event: yew::InputEvent| {
            let typed = event
                .target_dyn_into::<HtmlInputElement>()
                .and_then(|input| input.value().parse().ok());
            if let Some(value) = typed {
                choose.emit(with(policy, value));
            }
        });
        html! { <label>{ label }{ " " }<input {id} type="number" min="0" max={attention.positions.to_string()} value={value.to_string()} {oninput} /></label> }
    };
    let row = |(layer, mass): (&u32, &[f32])| {
        html! { <tr key={*layer} data-layer={layer.to_string()}><th scope="row">{ *layer }</th><td>{ percent(forgotten(mass, window)) }</td><td>{ percent(forgotten(mass, policy)) }</td></tr> }
    };
    html! {
        <>
            <div class="raster-tools policy">
                { field("policy-recent", words.policy_recent, policy.recent, |policy, recent| Policy { recent, ..policy }) }
                { field("policy-sinks", words.policy_sinks, policy.sinks, |policy, sinks| Policy { sinks, ..policy }) }
            </div>
            { figures(&[
                lost("forgotten-by-window", words.by_window, window, words.by_window_story),
                lost("forgotten-by-sinks", words.by_sinks, policy, words.by_sinks_story),
            ]) }
            <details class="more"><summary>{ words.by_layer }</summary>
                <table class="numbers"><thead><tr><th scope="col">{ words.layer }</th><th scope="col">{ words.by_window }</th><th scope="col">{ words.by_sinks }</th></tr></thead>
                <tbody>{ for attention.layers.iter().zip(attention.by_layer()).map(row) }</tbody></table>
            </details>
        </>
    }
}

/// The positions that mattered most.
fn table(props: &AttentionProps) -> Html {
    let words = &words().kv;
    let row = |((position, share), text): (&(u32, f32), &String)| {
        let position = *position;
        let onclick = props.dispatch.reform(move |_| Action::Selected(Some(position)));
        html! {
            <tr key={position} data-position={position.to_string()} data-share={share.to_string()}>
                <th scope="row"><button type="button" class="number" {onclick}>{ format::count(u64::from(position)) }</button></th><td><code>{ text.clone() }</code></td><td>{ format::fixed_percent(f64::from(*share), 1) }</td></tr>
        }
    };
    html! {
        <table class="numbers attention-most">
            <caption>{ words.attention_most }</caption>
            <thead><tr><th scope="col">{ words.position }</th><th scope="col">{ words.token }</th><th scope="col">{ words.attention_share }</th></tr></thead>
            <tbody>{ for props.most.iter().zip(&props.texts).map(row) }</tbody>
        </table>
    }
}
