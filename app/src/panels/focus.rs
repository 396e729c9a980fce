//! Which token the panels are about.

use yew::{Html, html};

use super::Dispatch;
use super::figure::value;
use crate::format::{self, Origin};
use crate::state::select::Focus;
use crate::state::{Action, Mark, MarkKind};

/// The line above the panels.
pub fn focus(focus: Option<&Focus<'_>>, dispatch: &Dispatch) -> Html {
    let Some(focus) = focus else {
        return html! { <p class="focus nothing">{ "Ask something: the panels below will show every token's run." }</p> };
    };
    html! {
        <div class="focus">
            <p>
                <code class="focus-token">{ focus.mark.map(|mark| format::token_text(&mark.text)).unwrap_or_default() }</code>
                <span>{ "position " }{ value("position", f64::from(focus.position), &format::count(u64::from(focus.position)), Origin::Counted) }</span>
                { focus.mark.map(origin).unwrap_or_default() }
            </p>
            { follow(focus, dispatch) }
        </div>
    }
}

fn origin(mark: &Mark) -> Html {
    let token = html! { <span>{ "token " }{ value("token-id", f64::from(mark.token), &format::count(u64::from(mark.token)), Origin::Counted) }</span> };
    let from = match (mark.kind, mark.prob) {
        (_, Some(prob)) => {
            html! { <span>{ "probability " }{ value("probability", f64::from(prob), &format::prob(prob), Origin::Counted) }</span> }
        }
        (MarkKind::Template, _) => html! { <span>{ "control or template token" }</span> },
        _ => html! { <span>{ "prompt" }</span> },
    };
    html! { <>{ token }{ from }</> }
}

fn follow(focus: &Focus<'_>, dispatch: &Dispatch) -> Html {
    if !focus.is_selected {
        return html! { <span class="following">{ "newest" }</span> };
    }
    html! { <button type="button" onclick={dispatch.reform(|_| Action::Selected(None))}>{ "Follow newest" }</button> }
}

/// What a panel says of a token that has no trace.
pub const NOT_FED: &str = "This token was sampled but has not been fed back to the model, so it has no forward pass of its own yet.";
