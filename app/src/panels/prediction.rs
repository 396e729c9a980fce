//! What the model expected where the selected token stands: the likeliest tokens, and how undecided it was.

use yew::{Callback, Html, html};

use super::figure::value;
use super::views::Scene;
use super::{nothing, panel};
use crate::format::{self, Origin};
use crate::protocol::{Branch, Likely};
use crate::state::{Mark, Role, Turn};
use crate::words::words;

/// Rows in the overview.
const BRIEF: usize = 3;

/// The view at full size.
pub fn view(scene: &Scene<'_>) -> Html {
    let body = panel_of(scene, usize::MAX);
    match body {
        Some(body) => body,
        None => panel(
            "prediction",
            words().prediction.title,
            Html::default(),
            nothing(words().prediction.not_drawn),
        ),
    }
}

/// Its part of the overview; nothing for tokens that were not drawn.
pub fn brief(scene: &Scene<'_>) -> Html {
    panel_of(scene, BRIEF).unwrap_or_default()
}

fn panel_of(scene: &Scene<'_>, most: usize) -> Option<Html> {
    let mark = scene
        .focus
        .as_ref()
        .and_then(|focus| focus.mark)
        .filter(|mark| !mark.likeliest.is_empty())?;
    let words = &words().prediction;
    let bits = mark.prediction_bits.unwrap_or_default();
    let tools = html! { <span class="undecided">{ words.entropy }{ " " }{ value("prediction-entropy-bits", f64::from(bits), &format::bits(bits), Origin::Counted) }</span> };
    let from = branches(scene, mark).filter(|_| most > BRIEF);
    let is_shown = |(at, other): &(usize, &Likely)| *at < most || other.token == mark.token;
    // However unlikely, the token that was drawn is among them.
    let rows = mark.likeliest.iter().enumerate().filter(is_shown).map(|(_, other)| {
        let is_drawn = other.token == mark.token;
        html! {
            <tr key={other.token} class={is_drawn.then_some("drawn")} data-alternative={other.token.to_string()}>
                <th scope="row">{ token(other, from.filter(|_| !is_drawn), &scene.hands.branch) }if is_drawn { <span class="visually-hidden">{ " " }{ words.drawn_mark }</span> }</th>
                <td>{ bar(other.prob) }</td>
                <td>{ value("alternative", f64::from(other.prob), &format::prob(other.prob), Origin::Counted) }</td>
            </tr>
        }
    });
    let body = html! {
        <>
            <table class="likeliest">
                <thead class="visually-hidden"><tr><th scope="col">{ words.token }</th><th scope="col">{ words.share }</th><th scope="col">{ words.probability }</th></tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
            { below(mark) }
            if from.is_some() { <p class="note">{ words.branch_note }</p> }
        </>
    };
    let title = match most {
        BRIEF => self::words().views.prediction,
        _ => words.title,
    };
    Some(panel("prediction", title, tools, body))
}

/// The generation a token belongs to and its position, where its answer can go on from another one:
/// while nothing is being written, and the run on screen is the model's own.
fn branches(scene: &Scene<'_>, mark: &Mark) -> Option<(u32, u32)> {
    let state = scene.state;
    let position = mark
        .position
        .filter(|_| state.activity.is_idle() && state.replay.is_none())?;
    let is_there = |turn: &&Turn| turn.marks().any(|own| own.position == Some(position));
    let turn = state.conversation.turns.iter().find(is_there)?;
    (turn.role == Role::Model && state.model.is_some()).then_some((turn.generation_id, position))
}

fn token(other: &Likely, from: Option<(u32, u32)>, branch: &Callback<(u32, Branch)>) -> Html {
    let text = format::token_text(&other.text);
    let Some((generation_id, position)) = from else {
        return html! { <code>{ text }</code> };
    };
    let token = other.token;
    let onclick = branch.reform(move |_| (generation_id, Branch { position, token }));
    let label = (words().prediction.branch)(&text);
    html! { <button type="button" class="branch" title={label.clone()} aria-label={label} {onclick}><code>{ text }</code></button> }
}

/// A drawn token that is not among the likeliest is named too.
fn below(mark: &Mark) -> Html {
    let is_listed = mark.likeliest.iter().any(|other| other.token == mark.token);
    match mark.prob.filter(|_| !is_listed) {
        Some(prob) => {
            html! { <p class="nothing">{ (words().prediction.drawn)(&format::token_text(&mark.text), &format::prob(prob)) }</p> }
        }
        None => Html::default(),
    }
}

fn bar(prob: f32) -> Html {
    html! {
        <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect width={format!("{:.2}", 100.0 * prob)} height="8" />
        </svg>
    }
}
