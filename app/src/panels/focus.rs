//! Which token the panels are about.

use yew::{Html, html};

use super::Dispatch;
use super::figure::value;
use crate::format::{self, Origin};
use crate::state::select::Focus;
use crate::state::{Action, Mark, MarkKind};
use crate::words::words;

/// The line above the panels.
pub fn focus(focus: Option<&Focus<'_>>, dispatch: &Dispatch) -> Html {
    let words = &words().focus;
    let Some(focus) = focus else {
        return html! { <p class="focus nothing">{ words.ask }</p> };
    };
    html! {
        <div class="focus">
            <p>
                <code class="focus-token">{ focus.mark.map(|mark| format::token_text(&mark.text)).unwrap_or_default() }</code>
                <span>{ words.position }{ " " }{ value("position", f64::from(focus.position), &format::count(u64::from(focus.position)), Origin::Counted) }</span>
                { focus.mark.map(origin).unwrap_or_default() }
            </p>
            { follow(focus, dispatch) }
        </div>
    }
}

fn origin(mark: &Mark) -> Html {
    let words = &words().focus;
    let token = html! { <span>{ words.token }{ " " }{ value("token-id", f64::from(mark.token), &format::count(u64::from(mark.token)), Origin::Counted) }</span> };
    let from = match (mark.kind, mark.prob) {
        (_, Some(prob)) => {
            html! { <span>{ words.probability }{ " " }{ value("probability", f64::from(prob), &format::prob(prob), Origin::Counted) }</span> }
        }
        (MarkKind::Template, _) => html! { <span>{ words.template }</span> },
        _ => html! { <span>{ words.prompt }</span> },
    };
    html! { <>{ token }{ from }</> }
}

fn follow(focus: &Focus<'_>, dispatch: &Dispatch) -> Html {
    if !focus.is_selected {
        return html! { <span class="following">{ words().focus.newest }</span> };
    }
    html! { <button type="button" onclick={dispatch.reform(|_| Action::Selected(None))}>{ words().focus.follow }</button> }
}
