//! Time under the visitor's hand: step, scrub and play the tokens there are; all views follow.

use gloo::timers::callback::Interval;
use web_sys::{HtmlInputElement, HtmlSelectElement, InputEvent};
use yew::{Html, Properties, TargetCast, component, html, use_effect_with};

use super::{Dispatch, when};
use crate::format;
use crate::state::{Action, AppState, Playback};
use crate::words::words;

/// The bar at the foot of the page; nothing while there is no token.
pub fn transport(state: &AppState, dispatch: &Dispatch) -> Html {
    let conversation = &state.conversation;
    let Some(last) = conversation.latest() else {
        return Html::default();
    };
    let props = TransportProps {
        playback: state.playback,
        position: state.selection.position.unwrap_or(last),
        last: last.max(conversation.last_marked().unwrap_or_default()),
        is_following: state.selection.position.is_none(),
        dispatch: dispatch.clone(),
    };
    html! { <Transport ..props /> }
}

/// What the bar shows.
#[derive(Clone, PartialEq, Properties)]
pub struct TransportProps {
    pub playback: Playback,
    pub position: u32,
    pub last: u32,
    /// The newest token is followed.
    pub is_following: bool,
    pub dispatch: Dispatch,
}

/// The bar, and the clock that plays.
#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let dispatch = &props.dispatch;
    let ticking = dispatch.clone();
    use_effect_with(props.playback, move |playback| {
        let millis = 1000 / playback.tokens_per_second.max(1);
        let clock = playback
            .is_playing
            .then(|| Interval::new(millis, move || ticking.emit(Action::Ticked)));
        move || drop(clock)
    });
    let words = &words().transport;
    let button = |name: &'static str,
                  sign: &'static str,
                  label: &'static str,
                  action: Action,
                  is_off: bool| {
        let onclick = dispatch.reform(move |_| action.clone());
        html! { <button type="button" id={name} aria-label={label} title={label} disabled={is_off} {onclick}>{ sign }</button> }
    };
    let oninput = when(dispatch, |event: InputEvent| {
        let value = event.target_dyn_into::<HtmlInputElement>()?.value();
        value
            .parse()
            .ok()
            .map(|position| Action::Selected(Some(position)))
    });
    let (is_first, is_last) = (props.position == 0, props.position >= props.last);
    let play = match props.playback.is_playing {
        true => button("play", "▮▮", words.pause, Action::PlayToggled, false),
        false => button("play", "▶", words.play, Action::PlayToggled, props.last == 0),
    };
    let of = (self::words().numbers.of)(
        &format::count(u64::from(props.position)),
        &format::count(u64::from(props.last)),
    );
    html! {
        <div class="transport" role="group" aria-label={words.title}>
            { button("step-back", "◂", words.back, Action::Stepped(-1), is_first) }
            { play }
            { button("step", "▸", words.forward, Action::Stepped(1), is_last) }
            <input id="scrub" type="range" min="0" max={props.last.to_string()} value={props.position.to_string()} aria-label={words.scrub} {oninput} />
            <output for="scrub" class="value">{ of }</output>
            { rate_menu(props) }
            { button("newest", "▸▸", words.newest, Action::Selected(None), props.is_following) }
        </div>
    }
}

fn rate_menu(props: &TransportProps) -> Html {
    let onchange = when(&props.dispatch, |event: yew::Event| {
        let value = event.target_dyn_into::<HtmlSelectElement>()?.value();
        value.parse().ok().map(Action::RateChosen)
    });
    let option = |rate: u32| {
        html! { <option value={rate.to_string()} selected={rate == props.playback.tokens_per_second}>{ (words().transport.rate)(rate) }</option> }
    };
    html! { <select id="rate" aria-label={words().transport.speed} {onchange}>{ for Playback::RATES.into_iter().map(option) }</select> }
}
