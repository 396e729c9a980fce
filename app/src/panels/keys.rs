//! Which keys do what, as a dialog of its own.

use web_sys::HtmlDialogElement;
use yew::{Callback, Html, Properties, component, html, use_effect_with, use_node_ref};

use super::Dispatch;
use crate::state::Action;
use crate::words::words;

#[derive(Clone, PartialEq, Properties)]
pub struct KeysProps {
    pub is_shown: bool,
    pub dispatch: Dispatch,
}

/// The dialog. The browser keeps the focus in it, closes it with Escape, and gives the focus back.
#[component]
pub fn Keys(props: &KeysProps) -> Html {
    let dialog = use_node_ref();
    let shown = dialog.clone();
    use_effect_with(props.is_shown, move |&is_shown| {
        let Some(dialog) = shown.cast::<HtmlDialogElement>() else {
            return;
        };
        if is_shown && !dialog.open() {
            // A dialog that cannot be shown leaves the page as it was.
            let _ = dialog.show_modal();
        } else if !is_shown && dialog.open() {
            dialog.close();
        }
    });
    let close: Callback<()> = props.dispatch.reform(|()| Action::KeysShown(false));
    let texts = &words().keys;
    html! {
        <dialog class="keys" id="keys" ref={dialog} aria-labelledby="keys-heading" onclose={close.reform(|_: yew::Event| ())}>
            <header>
                <h2 id="keys-heading">{ texts.title }</h2>
                <button type="button" onclick={close.reform(|_| ())}>{ texts.close }</button>
            </header>
            { for texts.places.iter().map(|place| html! {
                <section>
                    <h3>{ place.name }</h3>
                    <dl>{ for place.keys.iter().map(|(keys, told)| html! { <div><dt><kbd>{ *keys }</kbd></dt><dd>{ *told }</dd></div> }) }</dl>
                </section>
            }) }
        </dialog>
    }
}
