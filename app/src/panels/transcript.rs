//! The conversation: every token a mark that can be chosen by pointer or arrow keys.
//!
//! One tab stop for all marks (roving focus). A mark's measure is a bar under it whose colour and
//! height both grow. Chunks are components, so a new token redraws only the last chunk.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, MouseEvent};
use yew::{
    Html, Properties, TargetCast, classes, component, html, use_effect_with, use_force_update, use_mut_ref,
};

use super::shade::shade_between;
use super::{Dispatch, measures, when};
use crate::format;
use crate::protocol::Finish;
use crate::state::select::measure::{self, Colouring, expert_weight};
use crate::state::{
    Action, AppState, Chunk, Conversation, Mark, MarkKind, Measure, Replaced, Role, Row, Turn,
};
use crate::words::words;

/// The conversation's turns.
pub fn transcript(state: &AppState, dispatch: &Dispatch) -> Html {
    let conversation = &state.conversation;
    let first = conversation
        .turns
        .iter()
        .flat_map(Turn::marks)
        .find_map(|mark| mark.position);
    let selected = state.selection.position;
    let marks = conversation.turns.iter().flat_map(|turn| &turn.chunks);
    let marks: usize = marks.map(|chunk| chunk.marks.len()).sum();
    let style = Style {
        is_long: marks > MANY_MARKS,
        colouring: Colouring::of(state),
        uses: uses(state),
        selected,
        tab_stop: selected.or(first),
    };
    html! {
        <div class="turns" onclick={clicked(dispatch)} onkeydown={moved(dispatch)}>
            { for conversation.turns.iter().map(|turn| html! {
                <>
                    { view_turn(turn, &style, &edit(turn, dispatch)) }
                    if turn.role == Role::User { { earlier(conversation, turn.generation_id) } }
                </>
            }) }
        </div>
    }
}

/// More marks than can be coloured anew within a frame.
const MANY_MARKS: usize = 1000;

/// How marks are drawn.
struct Style {
    is_long: bool,
    colouring: Colouring,
    /// Weight of the selected expert by position, where it colours the text.
    uses: Option<Vec<Option<f32>>>,
    selected: Option<u32>,
    /// The position that takes part in tab order.
    tab_stop: Option<u32>,
}

impl Style {
    /// The same for one chunk.
    fn chunk(&self, chunk: &Rc<Chunk>) -> ChunkProps {
        let within = |position: Option<u32>| {
            position.filter(|position| chunk.marks.iter().any(|mark| mark.position == Some(*position)))
        };
        let of_mark = |uses: &[Option<f32>], mark: &Mark| *uses.get(mark.position? as usize)?;
        let uses = |uses: &Vec<_>| chunk.marks.iter().map(|mark| of_mark(uses, mark)).collect();
        ChunkProps {
            chunk: Rc::clone(chunk),
            paint: Paint {
                colouring: self.colouring,
                uses: self.uses.as_ref().map(uses),
            },
            is_patient: self.is_long,
            selected: within(self.selected),
            tab_stop: within(self.tab_stop),
        }
    }
}

fn uses(state: &AppState) -> Option<Vec<Option<f32>>> {
    let is_wanted = state.view.measure == Measure::Expert;
    let expert = state.selection.expert.filter(|_| is_wanted)?;
    let top_k = state.model.as_ref()?.facts.top_k as usize;
    let weight = |row: &Row| expert_weight(row, top_k, state.selection.layer, expert);
    let rows = state.conversation.rows.iter();
    Some(rows.map(|row| row.as_ref().and_then(weight)).collect())
}

/// Writes a prompt anew.
fn edit(turn: &Turn, dispatch: &Dispatch) -> Html {
    let generation_id = turn.generation_id;
    // What was typed is not known of a run of another program.
    if turn.role != Role::User || turn.asked.is_none() {
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

fn view_turn(turn: &Turn, style: &Style, tools: &Html) -> Html {
    let who = who(turn.role);
    let class = match turn.role {
        Role::User => "user",
        Role::Model => "model",
    };
    html! {
        <article class={classes!("turn", class)} key={format!("{}-{class}", turn.generation_id)}>
            <header class="turn-head"><h2>{ who }</h2>{ tools.clone() }</header>
            if turn.finish.is_some() || turn.role == Role::User { <p class="visually-hidden">{ turn.text() }</p> }
            if turn.marks().any(|mark| mark.kind == MarkKind::Reasoned) { <p class="reasons">{ words().transcript.reasons }</p> }
            <div class="tokens" dir="auto" role="listbox" aria-orientation="horizontal" aria-label={(words().transcript.tokens_of)(who)}>
                { for turn.chunks.iter().enumerate().map(|(at, chunk)| html! { <ChunkView key={at} ..style.chunk(chunk) /> }) }
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
        turn.asked.is_some().then(|| (words.seed)(turn.seed)),
        told.map(str::to_owned),
        reused.map(words.reused),
    ];
    html! { <p class="ending">{ parts.into_iter().flatten().collect::<Vec<_>>().join(" · ") }</p> }
}

/// What colours the marks of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Paint {
    pub colouring: Colouring,
    /// Weight of the selected expert for each mark, where it colours the text.
    pub uses: Option<Vec<Option<f32>>>,
}

/// What a chunk needs to draw itself.
#[derive(Clone, Debug, Properties)]
pub struct ChunkProps {
    pub chunk: Rc<Chunk>,
    pub paint: Paint,
    /// Other paint can wait until it is this chunk's turn: in a long text, each takes a task of its own.
    pub is_patient: bool,
    /// The chosen position, if it is in this chunk.
    pub selected: Option<u32>,
    /// The position that takes part in tab order, if it is in this chunk.
    pub tab_stop: Option<u32>,
}

impl PartialEq for ChunkProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.chunk, &other.chunk)
            && (self.selected, self.tab_stop, self.is_patient)
                == (other.selected, other.tab_stop, other.is_patient)
            && self.paint == other.paint
    }
}

/// Some consecutive marks.
#[component]
pub fn ChunkView(props: &ChunkProps) -> Html {
    let worn = use_mut_ref(|| props.paint.clone());
    let update = use_force_update();
    if !props.is_patient {
        worn.replace(props.paint.clone());
    }
    let wearing = Rc::clone(&worn);
    use_effect_with(props.paint.clone(), move |paint| {
        let paint = paint.clone();
        let is_worn = paint == *wearing.borrow();
        let change = move || {
            wearing.replace(paint);
            update.force_update();
        };
        let turn = (!is_worn).then(|| Timeout::new(0, change));
        move || drop(turn)
    });
    let paint = &*worn.borrow();
    let weight = |at: usize| *paint.uses.as_ref()?.get(at)?;
    let mark = |(at, mark): (usize, &Mark)| view_mark(mark, props, paint.colouring, weight(at));
    html! { <>{ for props.chunk.marks.iter().enumerate().map(mark) }</> }
}

fn view_mark(mark: &Mark, props: &ChunkProps, colouring: Colouring, weight: Option<f32>) -> Html {
    let is = |position: Option<u32>| (mark.position.is_some() && position == mark.position).to_string();
    let kind = match mark.kind {
        MarkKind::Template => "template",
        MarkKind::Prompt => "prompt",
        MarkKind::Generated => "generated",
        MarkKind::Reasoned => "reasoned",
    };
    let measured = measure::value(mark, colouring, weight);
    let (low, high) = colouring.scale;
    let bar = measured.map(|value| format!("b{}", shade_between(value, low, high)));
    let is_template = mark.kind == MarkKind::Template;
    let label = match mark.kind {
        MarkKind::Template => Some((words().transcript.template_token)(&format::token_text(
            &mark.text,
        ))),
        MarkKind::Reasoned => Some((words().transcript.reasoned)(&visible(&mark.text))),
        // Nothing is heard of a blank.
        _ if mark.text.trim().is_empty() => Some(format::token_text(&mark.text)),
        MarkKind::Prompt | MarkKind::Generated => None,
    };
    let title = measured
        .map(|value| measures::told(colouring.measure, value))
        .or_else(|| is_template.then(|| format::token_text(&mark.text)));
    html! {
        <span class={classes!("token", kind, bar)} role="option" aria-selected={is(props.selected)} aria-label={label} {title}
            tabindex={mark.position.map(|_| if is(props.tab_stop) == "true" { "0" } else { "-1" })}
            data-token-position={mark.position.map(|position| position.to_string())} data-token={mark.token.to_string()} data-measure={measured.map(|value| value.to_string())}>
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
