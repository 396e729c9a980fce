//! Wiring of the page: store, address parameters, first model, files, drawing.

mod calibrate;
mod economics;
mod follow;

use std::rc::Rc;

use gloo::storage::{SessionStorage, Storage};
use wasm_bindgen::JsValue;
use web_sys::{DragEvent, File, UrlSearchParams};
use yew::{
    Callback, Html, Properties, TargetCast, component, hook, html, use_effect_with, use_mut_ref, use_state,
};

use crate::api;
use crate::hands::{Hands, RunAsk};
use crate::keep;
use crate::layout::layout;
use crate::link::Link;
use crate::panels::header::files;
use crate::protocol::{Branch, Executor, GenerateOptions, Sampling, Source};
use crate::runs;
use crate::same::Same;
use crate::state::{Action, AppState, Catalogue, PublicModels};
use crate::store::Store;
use crate::words::words;
use crate::{keyboard, preferences};

/// Where the draft survives a reload.
const DRAFT_KEY: &str = "moescope.draft";
/// The list of models that come with the page.
const CATALOGUE: &str = "models/models.json";
/// The list of models elsewhere.
const PUBLIC: &str = "models/public.json";
/// The element the page draws into.
const ROOT: &str = "app";

/// Shortest time between two pictures of the trace while tokens come, milliseconds.
const CALM_MILLIS: f64 = 100.0;

/// Starts the page.
pub fn run() {
    tell_panics();
    let store = Store::start();
    preferences::start(&store);
    keyboard::start(&store);
    if let Some(bytes) = device_bytes() {
        store.dispatch(Action::DeviceMemoryTold(bytes));
    }
    let parameters = Parameters::read();
    parameters.apply(&store);
    economics::start(&store);
    let ready = api::install(&store);
    let root = gloo::utils::document().get_element_by_id(ROOT);
    let root = root.unwrap_or_else(|| gloo::utils::body().into());
    yew::Renderer::<App>::with_root_and_props(
        root,
        AppProps {
            store: Same::new(&store),
        },
    )
    .render();
    follow::listen(&store);
    let (link, remembered) = (follow::here(), keep::remembered());
    store.following(true);
    follow::assume(&store, &link);
    let first = first_run(Rc::clone(&store), link.clone(), remembered);
    let first = wasm_bindgen_futures::future_to_promise(first);
    wasm_bindgen_futures::spawn_local(async move {
        let has_model = first_model(Rc::clone(&store), &parameters, link.model.clone(), ready).await;
        // What is shown first is shown by now, or nothing is.
        let _ = wasm_bindgen_futures::JsFuture::from(first).await;
        if has_model && (!link.turns.is_empty() || link.trouble.is_some()) {
            follow::follow(&store, link).await;
        } else if has_model && parameters.prompt.is_some() {
            send_draft(&store);
        }
        store.following(false);
    });
}

/// Shows what was on screen before a reload, or the run that comes with the page, while the model is
/// on its way; and keeps what is said from then on.
async fn first_run(store: Rc<Store>, link: Link, remembered: Option<String>) -> Result<JsValue, JsValue> {
    keep::start(&store).await;
    let is_wanted = |state: &AppState| link.turns.is_empty() || link.is_on_screen(state);
    let is_shown = match remembered.filter(|_| !link.is_shipped) {
        Some(id) => keep::show_remembered(&store, &id).await && store.read(is_wanted),
        None => false,
    };
    if is_shown {
        runs::mark_first();
    } else {
        store.dispatch(Action::RunLeft);
        runs::show_shipped_first(&store).await;
    }
    if store.read(is_wanted) {
        store.dispatch(Action::Looked(link.selection, link.view));
    }
    Ok(JsValue::UNDEFINED)
}

/// A panic becomes a sentence on the page instead of a page that no longer answers.
fn tell_panics() {
    std::panic::set_hook(Box::new(|info| {
        let document = gloo::utils::document();
        let Ok(alert) = document.create_element("p") else {
            return;
        };
        alert.set_class_name("boot");
        alert.set_text_content(Some(&(words().page.fault)(&info.to_string())));
        // There is nothing left to do where even this fails.
        let _ = alert.set_attribute("role", "alert");
        let _ = gloo::utils::body().prepend_with_node_1(&alert);
    }));
}

/// Memory of this computer, where the browser tells it.
fn device_bytes() -> Option<u64> {
    let navigator = gloo::utils::window().navigator();
    let gigabytes = js_sys::Reflect::get(&navigator, &"deviceMemory".into()).ok()?;
    gigabytes
        .as_f64()
        .map(|gigabytes| (gigabytes * f64::from(1 << 30)) as u64)
}

/// What the address asks for.
#[derive(Default)]
struct Parameters {
    model: Option<String>,
    prompt: Option<String>,
    seed: Option<u64>,
    temperature: Option<f32>,
    executor: Option<Executor>,
    threads: Option<u32>,
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
            threads: search.get("threads").and_then(|threads| threads.parse().ok()),
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
        if let Some(threads) = self.threads {
            store.dispatch(Action::ThreadsForced(threads));
        }
        let draft = self
            .prompt
            .clone()
            .or_else(|| SessionStorage::get(DRAFT_KEY).ok());
        store.dispatch(Action::DraftChanged(draft.unwrap_or_default()));
    }
}

/// Reads the list and loads the first model or the one asked for; tells whether it can answer.
async fn first_model(
    store: Rc<Store>,
    parameters: &Parameters,
    linked: Option<String>,
    ready: api::Ready,
) -> bool {
    let catalogue = fetch_catalogue().await;
    // Without this list the menu is shorter, no more.
    if let Ok(public) = fetch_public().await {
        store.dispatch(Action::PublicArrived(public));
    }
    let built_in = catalogue
        .as_ref()
        .ok()
        .and_then(|catalogue| catalogue.models.first().map(|model| model.url()));
    match catalogue {
        Ok(catalogue) => store.dispatch(Action::CatalogueArrived(catalogue.models)),
        Err(err) if parameters.model.is_none() => {
            let told = (words().page.no_catalogue)(&err.to_string());
            store.dispatch(Action::AlertRaised(told));
        }
        Err(_) => {}
    }
    let Some(url) = linked.or(parameters.model.clone()).or(built_in) else {
        ready.fail("there is no model beside the page");
        return false;
    };
    let loaded = load(&store, url.clone(), Source::Url(url)).await;
    ready.settle(&loaded);
    loaded.is_ok()
}

async fn fetch_catalogue() -> Result<Catalogue, gloo::net::Error> {
    gloo::net::http::Request::get(CATALOGUE)
        .send()
        .await?
        .json()
        .await
}

async fn fetch_public() -> Result<PublicModels, gloo::net::Error> {
    let list = gloo::net::http::Request::get(PUBLIC);
    list.send().await?.json().await
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
        replaces: store.read(|state| state.editing.as_ref().map(|editing| editing.generation_id)),
        branch: None,
    };
    store.dispatch(Action::Sent {
        generation_id: store.next_id(),
        prompt,
        options,
        from_draft,
    });
}

/// Another token in the place of one of an answer.
fn branch(store: &Rc<Store>, replaces: u32, branch: Branch) {
    let options = GenerateOptions {
        sampling: store.read(|state| state.settings.sampling.clone()),
        raw: false,
        fresh: false,
        ignore_eos: false,
        cache_prompt: true,
        replaces: Some(replaces),
        branch: Some(branch),
    };
    store.dispatch(Action::Sent {
        generation_id: store.next_id(),
        prompt: String::new(),
        options,
        from_draft: false,
    });
}

/// Files as the worker takes them: one, or the parts of a split model.
fn source_of(files: &[File]) -> Source {
    match files {
        [file] => Source::File {
            name: file.name(),
            blob: file.clone().into(),
        },
        several => Source::Files {
            names: several.iter().map(File::name).collect(),
            blobs: several.iter().collect(),
        },
    }
}

fn open(store: &Rc<Store>, files: &[File]) {
    let Some(name) = files.first().map(File::name) else {
        return;
    };
    let source = source_of(files);
    let (store, first) = (Rc::clone(store), files.first().cloned());
    wasm_bindgen_futures::spawn_local(async move {
        match first {
            Some(file) if !runs::is_model(&file).await => runs::open(&store, &file).await,
            // A failure is already on screen as an alert.
            _ => drop(load(&store, name, source).await),
        }
    });
}

fn load_url(store: &Rc<Store>, url: String) {
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        // A failure is already on screen as an alert.
        let _ = load(&store, url.clone(), Source::Url(url)).await;
    });
}

/// Asks the browser not to clear stored models when space is short, and says what it answered.
fn persist(store: &Rc<Store>) {
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        let asked = gloo::utils::window().navigator().storage().persist();
        let answer = match asked {
            Ok(asked) => wasm_bindgen_futures::JsFuture::from(asked).await,
            Err(err) => Err(err),
        };
        let told = match answer {
            Ok(granted) if granted.is_truthy() => words().page.kept_for_good,
            _ => words().page.may_be_cleared,
        };
        store.dispatch(Action::AlertRaised(told.into()));
    });
}

#[derive(Clone, PartialEq, Properties)]
struct AppProps {
    /// There is only one.
    store: Same<Store>,
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
    let kept = use_mut_ref(|| shown.preferences);
    let mut kept = kept.borrow_mut();
    if *kept != shown.preferences {
        preferences::keep(*kept, shown.preferences);
        // Before anything below is drawn: it asks for words, and canvases for colours.
        preferences::wear(shown.preferences, shown.is_system_dark);
        *kept = shown.preferences;
    }
    drop(kept);
    use_effect_with(shown.draft.clone(), |draft| {
        // Without session storage the draft lives as long as the page.
        let _ = SessionStorage::set(DRAFT_KEY, draft);
    });
    use_effect_with(Rc::clone(&shown.economics), |kept| economics::keep(kept));
    let for_device = Rc::clone(&props.store.0);
    use_effect_with(calibrate::due(&shown), move |due| {
        let waiting = calibrate::act(&for_device, due);
        move || drop(waiting)
    });
    let pending = use_mut_ref(|| None);
    follow::write(&props.store.0, &shown, &pending);
    use_effect_with(keep::current(&shown), |id| keep::remember(id.as_deref()));
    let traced = use_calm(&shown);
    html! {
        <div class="page" ondragover={|event: DragEvent| event.prevent_default()} ondrop={dropped(&hands)}>
            { layout(&shown, &traced, &hands) }
        </div>
    }
}

/// The state the trace is drawn from: the present one, but while the model writes not more often
/// than the eye can follow.
#[hook]
fn use_calm(shown: &Rc<AppState>) -> Rc<AppState> {
    let calm = use_mut_ref(|| (0.0, Rc::clone(shown)));
    let now = gloo::utils::window()
        .performance()
        .map_or(f64::INFINITY, |clock| clock.now());
    let mut calm = calm.borrow_mut();
    let is_due = shown.activity.is_idle() || shown.is_seen_otherwise(&calm.1) || now - calm.0 >= CALM_MILLIS;
    if is_due && shown.is_traced_otherwise(&calm.1) {
        *calm = (now, Rc::clone(shown));
    }
    Rc::clone(&calm.1)
}

fn hands(store: &Rc<Store>) -> Hands {
    let (
        for_actions,
        for_draft,
        for_prompt,
        for_file,
        for_url,
        for_persist,
        for_branch,
        for_prices,
        for_reference,
        for_runs,
    ) = (
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
    );
    Hands {
        dispatch: Callback::from(move |action| for_actions.dispatch(action)),
        send: Callback::from(move |()| send_draft(&for_draft)),
        ask: Callback::from(move |prompt| send(&for_prompt, prompt, false)),
        branch: Callback::from(move |(replaces, from)| branch(&for_branch, replaces, from)),
        open: Callback::from(move |files: Vec<File>| open(&for_file, &files)),
        load: Callback::from(move |url| load_url(&for_url, url)),
        persist: Callback::from(move |()| persist(&for_persist)),
        reference: economics::reference(&for_reference),
        read_prices: Callback::from(move |file| economics::read_prices(&for_prices, file)),
        runs: Callback::from(move |ask| runs::act(&for_runs, ask)),
    }
}

/// Files are opened wherever they are dropped; a text that is dropped where nothing is written is a run
/// of another program.
fn dropped(hands: &Hands) -> Callback<DragEvent> {
    let (open, runs) = (hands.open.clone(), hands.runs.clone());
    Callback::from(move |event: DragEvent| {
        let Some(data) = event.data_transfer() else {
            return;
        };
        let files = data.files().map(|list| files(&list)).unwrap_or_default();
        let target = event.target_dyn_into::<web_sys::Element>();
        let is_field =
            target.is_some_and(|target| matches!(target.tag_name().as_str(), "TEXTAREA" | "INPUT"));
        if files.is_empty() && is_field {
            return;
        }
        event.prevent_default();
        let text = data.get_data("text/plain").unwrap_or_default();
        if !files.is_empty() {
            open.emit(files);
        } else if !text.trim().is_empty() {
            runs.emit(RunAsk::Import(text));
        }
    })
}
