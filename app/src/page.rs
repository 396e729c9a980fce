//! Wiring of the page: store, address parameters, first model, files, drawing.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use gloo::storage::{SessionStorage, Storage};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DragEvent, File, HtmlElement, UrlSearchParams};
use yew::{
    Callback, Html, NodeRef, Properties, component, hook, html, use_effect, use_effect_with, use_mut_ref,
    use_node_ref, use_state,
};

use crate::api;
use crate::layout::{Hands, layout};
use crate::panels::when;
use crate::protocol::{Executor, GenerateOptions, Sampling, Source};
use crate::state::{Action, AppState, Catalogue};
use crate::store::Store;

/// Where the draft survives a reload.
const DRAFT_KEY: &str = "moescope.draft";
/// The list of models that come with the page.
const CATALOGUE: &str = "models/models.json";
/// The element the page draws into.
const ROOT: &str = "app";
/// How near its end, in pixels, a conversation keeps following new text.
const FOLLOW_PIXELS: f64 = 64.0;

/// Starts the page.
pub fn run() {
    let store = Store::start();
    let parameters = Parameters::read();
    parameters.apply(&store);
    let ready = api::install(&store);
    let root = gloo::utils::document().get_element_by_id(ROOT);
    let root = root.unwrap_or_else(|| gloo::utils::body().into());
    yew::Renderer::<App>::with_root_and_props(
        root,
        AppProps {
            store: Shared(Rc::clone(&store)),
        },
    )
    .render();
    wasm_bindgen_futures::spawn_local(first_model(store, parameters, ready));
}

/// What the address asks for.
#[derive(Default)]
struct Parameters {
    model: Option<String>,
    prompt: Option<String>,
    seed: Option<u64>,
    temperature: Option<f32>,
    executor: Option<Executor>,
}

impl Parameters {
    fn read() -> Self {
        let search = gloo::utils::window().location().search().unwrap_or_default();
        let Ok(search) = UrlSearchParams::new_with_str(&search) else {
            return Self::default();
        };
        Self {
            model: search.get("model"),
            prompt: search.get("prompt"),
            seed: search.get("seed").and_then(|seed| seed.parse().ok()),
            temperature: search
                .get("temperature")
                .and_then(|temperature| temperature.parse().ok()),
            executor: match search.get("executor").as_deref() {
                Some("gpu") => Some(Executor::Gpu),
                Some("cpu") => Some(Executor::Cpu),
                _ => None,
            },
        }
    }

    fn apply(&self, store: &Rc<Store>) {
        let default = Sampling::default();
        store.dispatch(Action::SamplingChanged(Sampling {
            seed: self.seed.unwrap_or(default.seed),
            temperature: self.temperature.unwrap_or(default.temperature),
            ..default
        }));
        if let Some(executor) = self.executor {
            store.dispatch(Action::ExecutorForced(executor));
        }
        let draft = self
            .prompt
            .clone()
            .or_else(|| SessionStorage::get(DRAFT_KEY).ok());
        store.dispatch(Action::DraftChanged(draft.unwrap_or_default()));
    }
}

/// Reads the list, loads the first model or the one asked for, and answers `?prompt=`.
async fn first_model(store: Rc<Store>, parameters: Parameters, ready: api::Ready) {
    let catalogue = fetch_catalogue().await;
    let built_in = catalogue
        .as_ref()
        .ok()
        .and_then(|catalogue| catalogue.models.first().map(|model| model.url()));
    match catalogue {
        Ok(catalogue) => store.dispatch(Action::CatalogueArrived(catalogue.models)),
        Err(err) if parameters.model.is_none() => {
            let told = format!(
                "The list of models could not be read ({err}). Open a .gguf file from your computer instead."
            );
            store.dispatch(Action::AlertRaised(told));
        }
        Err(_) => {}
    }
    let Some(url) = parameters.model.or(built_in) else {
        return ready.fail("there is no model beside the page");
    };
    let loaded = load(&store, url.clone(), Source::Url(url)).await;
    ready.settle(&loaded);
    if loaded.is_ok() && parameters.prompt.is_some() {
        send_draft(&store);
    }
}

async fn fetch_catalogue() -> Result<Catalogue, gloo::net::Error> {
    gloo::net::http::Request::get(CATALOGUE)
        .send()
        .await?
        .json()
        .await
}

/// Loads a model; resolves when it answers, fails with a sentence.
pub async fn load(store: &Rc<Store>, origin: String, source: Source) -> Result<(), JsValue> {
    let load_id = store.next_id();
    let loaded = store.promise(crate::store::Awaited::Load(load_id));
    store.dispatch(Action::LoadAsked {
        load_id,
        origin,
        source,
    });
    wasm_bindgen_futures::JsFuture::from(loaded).await.map(drop)
}

fn send_draft(store: &Rc<Store>) {
    let prompt = store.read(|state| state.draft.clone());
    if !prompt.trim().is_empty() {
        send(store, prompt, true);
    }
}

fn send(store: &Rc<Store>, prompt: String, from_draft: bool) {
    let sampling = store.read(|state| state.settings.sampling.clone());
    let options = GenerateOptions {
        sampling,
        raw: false,
        fresh: false,
        ignore_eos: false,
        cache_prompt: true,
    };
    store.dispatch(Action::Sent {
        generation_id: store.next_id(),
        prompt,
        options,
        from_draft,
    });
}

fn open(store: &Rc<Store>, file: File) {
    let name = file.name();
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        // A failure is already on screen as an alert.
        let _ = load(
            &store,
            name.clone(),
            Source::File {
                name,
                blob: file.into(),
            },
        )
        .await;
    });
}

/// The store as a property; there is only one.
#[derive(Clone)]
struct Shared(Rc<Store>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AppProps {
    store: Shared,
}

#[component]
fn App(props: &AppProps) -> Html {
    let store = Rc::clone(&props.store.0);
    let shown = use_state(|| Rc::new(store.read(AppState::clone)));
    let hands = use_state(|| hands(&store));
    let viewed = shown.clone();
    use_effect_with((), move |()| {
        store.set_view(Callback::from(move |state| viewed.set(Rc::new(state))));
    });
    use_effect_with(shown.draft.clone(), |draft| {
        // Without session storage the draft lives as long as the page.
        let _ = SessionStorage::set(DRAFT_KEY, draft);
    });
    let page = use_node_ref();
    use_following(page.clone());
    html! {
        <div class="page" ref={page} ondragover={|event: DragEvent| event.prevent_default()} ondrop={dropped(&hands.open)}>
            { layout(&shown, &hands) }
        </div>
    }
}

/// Keeps the newest text in view, as long as the visitor has not scrolled away from it.
#[hook]
fn use_following(page: NodeRef) {
    let follows = use_mut_ref(|| true);
    let (watched, watching) = (page.clone(), Rc::clone(&follows));
    use_effect_with((), move |()| {
        let listener = watched
            .cast::<HtmlElement>()
            .map(|page| watch_scroll(&page, watching));
        move || drop(listener)
    });
    use_effect(move || {
        if let Some(text) = page
            .cast::<HtmlElement>()
            .and_then(|page| conversation(&page))
            .filter(|_| *follows.borrow())
        {
            text.scroll_to_with_x_and_y(0.0, text.scroll_height().into());
        }
    });
}

/// Notes whether the text's end is in view.
fn watch_scroll(page: &HtmlElement, follows: Rc<RefCell<bool>>) -> EventListener {
    EventListener::new_with_options(
        page,
        "scroll",
        EventListenerOptions::run_in_capture_phase(),
        move |event| {
            let text = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlElement>().ok());
            if let Some(text) = text.filter(|text| text.id() == "conversation") {
                // Pixels are whole or fractional numbers, depending on the web-sys configuration.
                let below =
                    f64::from(text.scroll_height() - text.client_height()) - f64::from(text.scroll_top());
                *follows.borrow_mut() = below < FOLLOW_PIXELS;
            }
        },
    )
}

/// The scrolling text, unless it is the page itself that scrolls or only the examples are there.
fn conversation(page: &HtmlElement) -> Option<HtmlElement> {
    page.query_selector("#conversation:not(.empty)")
        .ok()??
        .dyn_into()
        .ok()
}

fn hands(store: &Rc<Store>) -> Hands {
    let (for_actions, for_draft, for_prompt, for_file) =
        (store.clone(), store.clone(), store.clone(), store.clone());
    Hands {
        dispatch: Callback::from(move |action| for_actions.dispatch(action)),
        send: Callback::from(move |()| send_draft(&for_draft)),
        ask: Callback::from(move |prompt| send(&for_prompt, prompt, false)),
        open: Callback::from(move |file| open(&for_file, file)),
    }
}

fn dropped(open: &Callback<File>) -> Callback<DragEvent> {
    when(open, |event: DragEvent| {
        event.prevent_default();
        event.data_transfer()?.files()?.get(0)
    })
}
