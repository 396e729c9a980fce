//! The address and the page follow each other: a link is followed when the page opens or the address
//! changes, and the address says what is on screen once nothing is under way.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::load;
use crate::link::{Link, Trouble};
use crate::panels::views;
use crate::protocol::{GenerateOptions, Source};
use crate::runs;
use crate::state::economics::EconomicsAction;
use crate::state::economics::moment::Moment;
use crate::state::{Action, AppState};
use crate::store::{Awaited, Store};
use crate::words::words;

/// Browsers let an address change only so often.
const PAUSE_MILLIS: u32 = 300;

/// What the address says now.
pub fn here() -> Link {
    let fragment = gloo::utils::window().location().hash().unwrap_or_default();
    Link::parse(&fragment, |name| views::find(name).map(|view| view.name))
}

/// Follows every link that is put into the address from now on.
pub fn listen(store: &Rc<Store>) {
    let store = Rc::clone(store);
    let listener = EventListener::new(&gloo::utils::window(), "hashchange", move |_| {
        let (store, link) = (Rc::clone(&store), here());
        assume(&store, &link);
        wasm_bindgen_futures::spawn_local(async move {
            if link.is_shipped && link.turns.is_empty() {
                runs::show_shipped(&store).await;
            }
            follow(&store, link).await;
        });
    });
    listener.forget();
}

/// Assumes what a link assumes; one that says nothing of it leaves things as they are.
pub fn assume(store: &Rc<Store>, link: &Link) {
    if link.assumed != Moment::default() {
        let followed = EconomicsAction::Followed(Box::new(link.assumed.clone()));
        store.dispatch(Action::Economics(followed));
    }
}

/// Asks what a link asks, where that is not on screen already, and looks at what it looks at.
pub async fn follow(store: &Rc<Store>, link: Link) {
    store.following(true);
    let texts = &words().runs;
    let failed = ask(store, &link).await.err().map(|err| runs::sentence(&err));
    let trouble = link.trouble.as_ref().map(|trouble| match trouble {
        Trouble::NoBranch(told) => (texts.link_no_branch)(told),
        Trouble::TooMuch { most } => (texts.link_too_much)(*most as u64),
    });
    if let Some(why) = failed.or(trouble) {
        store.dispatch(Action::AlertRaised((texts.link_failed)(
            why.trim_end_matches('.'),
        )));
    }
    store.dispatch(Action::Looked(link.selection, link.view));
    store.following(false);
}

async fn ask(store: &Rc<Store>, link: &Link) -> Result<(), JsValue> {
    if link.turns.is_empty() || store.read(|state| link.is_on_screen(state)) {
        return Ok(());
    }
    let answering = store.read(|state| state.answering().map(|model| model.origin.clone()));
    if let Some(url) = link.model.clone().filter(|url| Some(url) != answering.as_ref()) {
        load(store, url.clone(), Source::Url(url)).await?;
    }
    for (at, turn) in link.turns.iter().enumerate() {
        let mut options = GenerateOptions {
            sampling: turn.drawn.sampling(),
            raw: false,
            fresh: at == 0,
            ignore_eos: false,
            cache_prompt: true,
            replaces: None,
            branch: None,
        };
        let mut answered = generate(store, turn.prompt.clone(), options.clone()).await?;
        options.fresh = false;
        for branching in &turn.branches {
            options.sampling = branching.drawn.sampling();
            options.replaces = Some(answered);
            options.branch = Some(branching.at);
            answered = generate(store, String::new(), options.clone()).await?;
        }
    }
    if let Some(last) = link.turns.last() {
        let drawn = last
            .branches
            .last()
            .map_or(&last.drawn, |branching| &branching.drawn);
        store.dispatch(Action::SamplingChanged(drawn.sampling.clone()));
    }
    Ok(())
}

/// The number of an answer, once it is there.
async fn generate(store: &Rc<Store>, prompt: String, options: GenerateOptions) -> Result<u32, JsValue> {
    let generation_id = store.next_id();
    let answered = store.promise(Awaited::Generation(generation_id));
    store.dispatch(Action::Sent {
        generation_id,
        prompt,
        options,
        from_draft: false,
    });
    if store.read(|state| state.activity.generation_id()) != Some(generation_id) {
        return Err(js_sys::Error::new(words().runs.no_model).into());
    }
    JsFuture::from(answered).await.map(|_| generation_id)
}

/// Writes what is on screen into the address, a little later.
pub fn write(store: &Rc<Store>, state: &AppState, pending: &RefCell<Option<Timeout>>) {
    if store.is_following() || !state.activity.is_idle() {
        return;
    }
    let fragment = Link::of(state).fragment();
    let timeout = Timeout::new(PAUSE_MILLIS, move || {
        let window = gloo::utils::window();
        let here = window.location();
        let now = here.hash().unwrap_or_default();
        if now.trim_start_matches('#') == fragment {
            return;
        }
        let path = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
        let url = if fragment.is_empty() {
            path
        } else {
            format!("{path}#{fragment}")
        };
        // An address that cannot be changed is as it was.
        let _ = window
            .history()
            .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&url)));
    });
    pending.replace(Some(timeout));
}
