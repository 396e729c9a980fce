//! What went wrong, in one sentence, until it is dismissed.

use yew::{Html, html};

use super::Dispatch;
use crate::state::Action;
use crate::words::words;

/// The sentence, if there is one.
pub fn alert(sentence: Option<&str>, dispatch: &Dispatch) -> Html {
    let Some(sentence) = sentence else {
        return Html::default();
    };
    html! {
        <div class="alert" role="alert">
            <p>{ sentence.to_owned() }</p>
            <button type="button" onclick={dispatch.reform(|_| Action::AlertDismissed)}>{ words().alert.dismiss }</button>
        </div>
    }
}
