//! The conversation: every token a mark that can be chosen by pointer or arrow keys.
//!
//! One tab stop for all marks (roving focus). A mark's measure is a bar under it whose colour and
//! height both grow. Chunks are components, so a new token redraws only the last chunk.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlSelectElement, KeyboardEvent, MouseEvent};
use yew::{Html, Properties, TargetCast, classes, component, html};

use super::experts::ramp;
use super::shade::shade_between;
use super::{Dispatch, when};
use crate::format;
use crate::protocol::Finish;
use crate::state::{Action, Chunk, Conversation, Mark, MarkKind, Measure, Replaced, Role, Turn};
use crate::words::words;

/// How marks are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarkStyle {
    pub measure: Measure,
    /// What the least and the greatest shade stand for.
    pub scale: (f64, f64),
}

/// The conversation's turns.
pub fn transcript(
    conversation: &Conversation,
    style: MarkStyle,
    selected: Option<u32>,
    dispatch: &Dispatch,
) -> Html {
    let first = conversation
        .turns
        .iter()
        .flat_map(Turn::marks)
        .find_map(|mark| mark.position);
    let tab_stop = selected.or(first);
    html! {
        <div class="turns" onclick={clicked(dispatch)} onkeydown={moved(dispatch)}>
            { for conversation.turns.iter().map(|turn| html! {
                <>
                    { view_turn(turn, style, selected, tab_stop, &edit(turn, dispatch)) }
                    if turn.role == Role::User { { earlier(conversation, turn.generation_id) } }
                </>
            }) }
        </div>
    }
}

/// Writes a prompt anew.
fn edit(turn: &Turn, dispatch: &Dispatch) -> Html {
    let generation_id = turn.generation_id;
    if turn.role != Role::User {
        return Html::default();
    }
    html! {
        <button type="button" class="edit" title={words().transcript.edit_hint}
            onclick={dispatch.reform(move |_| Action::EditStarted(generation_id))}>{ words().transcript.edit }</button>
    }
}

/// What stood here before the prompt was written anew.
fn earlier(conversation: &Conversation, generation_id: u32) -> Html {
    let said = |turn: &Turn| {
        let who = who(turn.role);
        html! { <p><b>{ who }</b>{ format!(" {}", turn.text()) }</p> }
    };
    let version = |replaced: &Replaced| {
        html! {
            <details class="earlier">
                <summary>{ words().transcript.earlier }</summary>
                { for replaced.turns.iter().map(said) }
            </details>
        }
    };
    html! { <>{ for conversation.replaced_by(generation_id).map(version) }</> }
}

/// Who speaks in a turn.
fn who(role: Role) -> &'static str {
    match role {
        Role::User => words().transcript.you,
        Role::Model => words().transcript.model,
    }
}

fn view_turn(
    turn: &Turn,
    style: MarkStyle,
    selected: Option<u32>,
    tab_stop: Option<u32>,
    tools: &Html,
) -> Html {
    let who = who(turn.role);
    let class = match turn.role {
        Role::User => "user",
        Role::Model => "model",
    };
    let within = |position: Option<u32>, chunk: &Chunk| {
        position.filter(|position| chunk.marks.iter().any(|mark| mark.position == Some(*position)))
    };
    html! {
        <article class={classes!("turn", class)} key={format!("{}-{class}", turn.generation_id)}>
            <header class="turn-head"><h3>{ who }</h3>{ tools.clone() }</header>
            if turn.finish.is_some() || turn.role == Role::User { <p class="visually-hidden">{ turn.text() }</p> }
            if turn.marks().any(|mark| mark.kind == MarkKind::Reasoned) { <p class="reasons">{ words().transcript.reasons }</p> }
            <div class="tokens" role="listbox" aria-orientation="horizontal" aria-label={(words().transcript.tokens_of)(who)}>
                { for turn.chunks.iter().enumerate().map(|(at, chunk)| html! {
                    <ChunkView key={at} chunk={Rc::clone(chunk)} {style} selected={within(selected, chunk)} tab_stop={within(tab_stop, chunk)} />
                }) }
            </div>
            { ending(turn) }
        </article>
    }
}

/// What stands under a finished answer.
fn ending(turn: &Turn) -> Html {
    let Some(finish) = turn.finish else {
        return Html::default();
    };
    let (numbers, words) = (&words().numbers, &words().transcript);
    let told = match finish {
        Finish::Stop => None,
        Finish::MaxTokens => Some(words.at_limit),
        Finish::ContextFull => Some(words.at_full),
        Finish::Cancelled => Some(words.cancelled),
    };
    let reasoned = turn.marks().filter(|mark| mark.kind == MarkKind::Reasoned);
    let reasoned = Some(reasoned.count() as u64).filter(|number| *number > 0);
    let tokens = (numbers.tokens)(turn.marks().count() as u64);
    let tokens = match reasoned.map(words.reasoning) {
        Some(reasoned) => format!("{tokens}, {reasoned}"),
        None => tokens,
    };
    let reused = Some(u64::from(turn.reused)).filter(|positions| *positions > 0);
    let parts = [
        Some(tokens),
        Some((words.seed)(turn.seed)),
        told.map(str::to_owned),
        reused.map(words.reused),
    ];
    html! { <p class="ending">{ parts.into_iter().flatten().collect::<Vec<_>>().join(" · ") }</p> }
}

/// What a chunk needs to draw itself.
#[derive(Clone, Debug, Properties)]
pub struct ChunkProps {
    pub chunk: Rc<Chunk>,
    pub style: MarkStyle,
    /// The chosen position, if it is in this chunk.
    pub selected: Option<u32>,
    /// The position that takes part in tab order, if it is in this chunk.
    pub tab_stop: Option<u32>,
}

impl PartialEq for ChunkProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.chunk, &other.chunk)
            && (self.style, self.selected, self.tab_stop) == (other.style, other.selected, other.tab_stop)
    }
}

/// Some consecutive marks.
#[component]
pub fn ChunkView(props: &ChunkProps) -> Html {
    html! { <>{ for props.chunk.marks.iter().map(|mark| view_mark(mark, props)) }</> }
}

fn view_mark(mark: &Mark, props: &ChunkProps) -> Html {
    let is = |position: Option<u32>| (mark.position.is_some() && position == mark.position).to_string();
    let kind = match mark.kind {
        MarkKind::Template => "template",
        MarkKind::Prompt => "prompt",
        MarkKind::Generated => "generated",
        MarkKind::Reasoned => "reasoned",
    };
    let measured = measure(mark, props.style.measure);
    let bar = measured.as_ref().map(|(value, _)| {
        format!(
            "b{}",
            shade_between(*value, props.style.scale.0, props.style.scale.1)
        )
    });
    let is_template = mark.kind == MarkKind::Template;
    let label = match mark.kind {
        MarkKind::Template => Some((words().transcript.template_token)(&format::token_text(
            &mark.text,
        ))),
        MarkKind::Reasoned => Some((words().transcript.reasoned)(&visible(&mark.text))),
        MarkKind::Prompt | MarkKind::Generated => None,
    };
    let title = measured
        .map(|(_, told)| told)
        .or_else(|| is_template.then(|| format::token_text(&mark.text)));
    html! {
        <span class={classes!("token", kind, bar)} role="option" aria-selected={is(props.selected)} aria-label={label} {title}
            tabindex={mark.position.map(|_| if is(props.tab_stop) == "true" { "0" } else { "-1" })}
            data-token-position={mark.position.map(|position| position.to_string())} data-token={mark.token.to_string()}>
            { if is_template { String::new() } else { visible(&mark.text) } }
        </span>
    }
}

/// A token in the middle of a character has no text of its own yet.
fn visible(text: &str) -> String {
    if text.is_empty() {
        "⋯".into()
    } else {
        text.to_owned()
    }
}

/// The measure's value for a mark, and the same in words.
fn measure(mark: &Mark, measure: Measure) -> Option<(f64, String)> {
    let value = match measure {
        Measure::None => None,
        Measure::Probability => mark.prob.map(f64::from),
        Measure::Entropy => mark.entropy_bits.map(f64::from),
        Measure::PredictionEntropy => mark.prediction_bits.map(f64::from),
        Measure::Margin => mark.margin.map(f64::from),
        Measure::WallTime => mark.wall_micros,
    }?;
    let told = (words().transcript.value)(measure_name(measure), &written(measure, value));
    Some((value, told))
}

/// A value of the measure in its unit.
fn written(measure: Measure, value: f64) -> String {
    match measure {
        Measure::None => String::new(),
        Measure::Probability | Measure::Margin => format::prob(value as f32),
        Measure::Entropy | Measure::PredictionEntropy => format::bits(value as f32),
        Measure::WallTime => format::micros(value),
    }
}

/// What the measure is called.
fn measure_name(measure: Measure) -> &'static str {
    let words = &words().transcript;
    match measure {
        Measure::None => words.nothing,
        Measure::Probability => words.probability,
        Measure::PredictionEntropy => words.prediction_entropy,
        Measure::Entropy => words.entropy,
        Measure::Margin => words.margin,
        Measure::WallTime => words.wall_time,
    }
}

/// The menu that chooses the measure, with its scale.
pub fn measure_menu(style: MarkStyle, dispatch: &Dispatch) -> Html {
    let onchange = when(dispatch, |event: yew::Event| {
        let name = event.target_dyn_into::<HtmlSelectElement>()?.value();
        Measure::ALL
            .into_iter()
            .find(|measure| measure.name() == name)
            .map(Action::MeasureChosen)
    });
    let (low, high) = style.scale;
    let end = |value: f64| written(style.measure, value);
    html! {
        <div class="measure">
            <label>{ words().transcript.tokens_show }{ " " }
                <select id="measure" {onchange}>{ for Measure::ALL.iter().map(|measure| html! {
                    <option value={measure.name()} selected={*measure == style.measure}>{ measure_name(*measure) }</option>
                }) }</select>
            </label>
            if style.measure != Measure::None && high != low {
                <span class="legend">{ end(low) }{ ramp() }{ end(high) }</span>
            }
        </div>
    }
}

fn clicked(dispatch: &Dispatch) -> yew::Callback<MouseEvent> {
    when(dispatch, |event: MouseEvent| {
        let mark = event
            .target_dyn_into::<Element>()?
            .closest("[data-token-position]")
            .ok()??;
        let is_chosen = mark.get_attribute("aria-selected").as_deref() == Some("true");
        Some(Action::Selected(position_of(&mark).filter(|_| !is_chosen)))
    })
}

fn moved(dispatch: &Dispatch) -> yew::Callback<KeyboardEvent> {
    when(dispatch, |event: KeyboardEvent| {
        let here = event.target_dyn_into::<Element>()?;
        let position = position_of(&here)?;
        if event.key() == "Escape" {
            return Some(Action::Selected(None));
        }
        let wanted = target(&event.key(), position, &here)?;
        event.prevent_default();
        let selector = format!("[data-token-position=\"{wanted}\"]");
        let mark = here.closest(".turns").ok()??.query_selector(&selector).ok()??;
        mark.dyn_ref::<HtmlElement>().map(|mark| mark.focus().ok());
        Some(Action::Selected(Some(wanted)))
    })
}

/// Where a key leads from a position.
fn target(key: &str, position: u32, here: &Element) -> Option<u32> {
    match key {
        "ArrowRight" | "ArrowDown" => Some(position + 1),
        "ArrowLeft" | "ArrowUp" => position.checked_sub(1),
        "PageDown" => Some(position + 16),
        "PageUp" => Some(position.saturating_sub(16)),
        "Enter" | " " => Some(position),
        "Home" | "End" => {
            let marks = here
                .closest(".turns")
                .ok()??
                .query_selector_all("[data-token-position]")
                .ok()?;
            let at = if key == "Home" {
                0
            } else {
                marks.length().checked_sub(1)?
            };
            position_of(marks.get(at)?.dyn_ref::<Element>()?)
        }
        _ => None,
    }
}

fn position_of(mark: &Element) -> Option<u32> {
    mark.get_attribute("data-token-position")?.parse().ok()
}
