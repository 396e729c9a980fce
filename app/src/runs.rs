//! Runs in and out of the page: files, texts of other programs, and the one that comes with the page.
//! None of it needs a model or a GPU.

mod download;
pub mod picture;
pub mod written;

use std::rc::Rc;

use moescope_run_file::import::{self, ImportError};
use moescope_run_file::{Run, RunError, ledger};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use crate::gradual::Pace;
use crate::hands::RunAsk;
use crate::keep;
use crate::panels::runs::day;
use crate::panels::views;
use crate::pause::pause;
use crate::recording::{self, About};
use crate::runs::written::Snapshot;
use crate::state::select;
use crate::state::{Action, AppState, Origin};
use crate::store::Store;
use crate::words::words;

/// The run that comes with the page; `cargo xtask record` makes it.
const SHIPPED: &str = "runs/demo.safetensors";
/// Largest file that is opened here: its columns and its folded form stand in memory beside it.
const MOST_BYTES: u64 = 256 << 20;
/// How a GGUF file begins.
const GGUF: &[u8] = b"GGUF";
/// Set in the browser's timeline once the first run is shown.
const FIRST_RUN: &str = "moescope-first-run";

/// Does what a panel asked for.
pub fn act(store: &Rc<Store>, ask: RunAsk) {
    match ask {
        RunAsk::Save { with_distributions } => save(store, with_distributions),
        RunAsk::Picture(form) => save_picture(store, form),
        RunAsk::CopyLink => copy_link(store),
        RunAsk::SaveLedger => save_ledger(store),
        RunAsk::Import(text) => import_text(store, &text),
        RunAsk::OpenBeside(file) => {
            let store = Rc::clone(store);
            wasm_bindgen_futures::spawn_local(async move { open_as(&store, &file, show_beside).await });
        }
        RunAsk::List
        | RunAsk::OpenKeptBeside(_)
        | RunAsk::OpenKept(_)
        | RunAsk::RenameKept { .. }
        | RunAsk::DeleteKept(_)
        | RunAsk::ExportKept(_) => keep::act(store, ask),
    }
}

/// The run on screen, if there is one; or of what is live.
pub fn on_screen(state: &AppState, with_distributions: bool) -> Option<Snapshot> {
    let conversation = &state.conversation;
    let model = state.model.as_ref().filter(|_| !conversation.turns.is_empty())?;
    let replay = state.replay.as_ref();
    let about = About {
        title: title(state),
        date: replay.map_or_else(now, |replay| replay.date.clone()),
        recorder: replay.map(|replay| replay.recorder.clone()).unwrap_or_default(),
        sha256: sha256(state, &model.origin),
        without_distributions: !with_distributions,
        examined: state.examination.all(),
    };
    Some(Snapshot {
        model: Rc::clone(model),
        conversation: conversation.clone(),
        about,
    })
}

/// What the conversation on screen is called: its own title, or how it began.
fn title(state: &AppState) -> String {
    let replay = state.replay.as_ref().map(|replay| replay.title.clone());
    replay
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| recording::title(&state.conversation))
}

/// Of a model's file that was hashed as it was stored.
pub fn sha256(state: &AppState, origin: &str) -> Option<String> {
    let mut models = state.stored.models.iter();
    models.find(|model| model.url == origin)?.sha256.clone()
}

/// RFC 3339.
pub fn now() -> String {
    js_sys::Date::new_0().to_iso_string().into()
}

fn save(store: &Rc<Store>, with_distributions: bool) {
    let Some(snapshot) = store.read(|state| on_screen(state, with_distributions)) else {
        return tell(store, words().runs.nothing_to_save.into());
    };
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        let mut pace = Pace::new();
        let run = snapshot.run(&mut pace).await;
        save_run(&store, &run, &mut pace).await;
    });
}

/// Saves a run as a file.
pub async fn save_run(store: &Rc<Store>, run: &Run, pace: &mut Pace) {
    let name = download::file_name(&run.info.title, "safetensors");
    let file = written::file(run, pace).await;
    finish(store, file.and_then(|file| download::save_blob(&file, &name)));
}

fn save_ledger(store: &Rc<Store>) {
    let Some(snapshot) = store.read(|state| on_screen(state, false)) else {
        return tell(store, words().runs.nothing_to_save.into());
    };
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        let run = snapshot.run(&mut Pace::new()).await;
        // With a mark of its encoding: without it, spreadsheets take UTF-8 for something else.
        let csv = format!("\u{feff}{}", ledger::csv(&run));
        let name = download::file_name(&run.info.title, "csv");
        finish(&store, download::save(csv.as_bytes(), "text/csv", &name));
    });
}

fn save_picture(store: &Rc<Store>, form: picture::Form) {
    let caption = store.read(caption);
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        finish(&store, picture::save(form, &caption).await);
    });
}

/// What a picture shows, of what, and where that ran.
fn caption(state: &AppState) -> String {
    let words = words();
    let entry = state.view.shown.and_then(views::find);
    let view = entry.map_or(words.views.overview, |entry| (entry.title)(&words.views));
    let focus = select::focus(state);
    let token = focus.map(|focus| {
        let text = focus.mark.map(|mark| mark.text.to_string());
        (words.runs.caption_token)(focus.position, text.as_deref().unwrap_or_default())
    });
    let model = state.model.as_ref();
    let date = match &state.replay {
        Some(replay) => replay.date.clone(),
        None => now(),
    };
    let facts = [
        Some(view.to_owned()),
        model.map(|model| model.facts.name.clone()),
        token,
        Some(title(state)),
        model.map(|model| model.executor.device.clone()),
        Some(day(&date).to_owned()),
        Some("moescope".to_owned()),
    ];
    let facts = facts.into_iter().flatten().filter(|fact| !fact.is_empty());
    facts.collect::<Vec<_>>().join(" · ")
}

/// The clipboard is the browser's to give; where it does not, the link is told instead.
fn copy_link(store: &Rc<Store>) {
    let (fragment, is_bare) = store.read(|state| {
        let link = crate::link::Link::of(state);
        let is_bare = link.turns.is_empty() && !link.is_shipped && !state.conversation.turns.is_empty();
        (link.fragment(), is_bare)
    });
    let window = gloo::utils::window();
    let here = window.location().href().unwrap_or_default();
    let page = here.split('#').next().unwrap_or_default().to_owned();
    let url = if fragment.is_empty() {
        page
    } else {
        format!("{page}#{fragment}")
    };
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into());
        let written = match clipboard.map(JsCast::dyn_into::<web_sys::Clipboard>) {
            Ok(Ok(clipboard)) => JsFuture::from(clipboard.write_text(&url)).await.is_ok(),
            _ => false,
        };
        let words = &words().runs;
        tell(
            &store,
            if written && is_bare {
                words.link_is_bare.into()
            } else if written {
                words.link_copied.into()
            } else {
                (words.link)(&url)
            },
        );
    });
}

fn finish(store: &Rc<Store>, saved: Result<(), JsValue>) {
    if let Err(err) = saved {
        tell(store, (words().runs.not_saved)(&sentence(&err)));
    }
}

/// What a browser's error says.
pub fn sentence(err: &JsValue) -> String {
    let message = err
        .dyn_ref::<web_sys::DomException>()
        .map(web_sys::DomException::message);
    let message = message.or_else(|| Some(err.dyn_ref::<js_sys::Error>()?.message().into()));
    message.unwrap_or_else(|| format!("{err:?}"))
}

fn tell(store: &Rc<Store>, sentence: String) {
    store.dispatch(Action::AlertRaised(sentence));
}

/// Shows a run. Its generations get numbers that none had before.
pub fn show(store: &Rc<Store>, run: &Run, origin: Origin) {
    let first_id = store.reserve_ids(run.info.generations.len());
    let recording = recording::recording(run, first_id);
    store.dispatch(Action::RunShown(Box::new(recording), origin));
}

/// The same in more than one task: a long conversation of a large model takes more than a frame.
pub async fn show_between_frames(store: &Rc<Store>, run: Run, origin: Origin) {
    pause().await;
    let first_id = store.reserve_ids(run.info.generations.len());
    let recording = recording::recording(&run, first_id);
    drop(run);
    pause().await;
    store.dispatch(Action::RunShown(Box::new(recording), origin));
}

/// Whether a file is a model rather than a run.
pub async fn is_model(file: &File) -> bool {
    if file.name().ends_with(".gguf") {
        return true;
    }
    let head = match file.slice_with_i32_and_i32(0, GGUF.len() as i32) {
        Ok(head) => bytes(&head).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    head == GGUF
}

async fn bytes(blob: &Blob) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(blob.array_buffer()).await?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Sets a run beside what is on screen.
pub fn show_beside(store: &Rc<Store>, run: &Run) {
    store.dispatch(Action::BesideSet(Some(Box::new(recording::recording(run, 0)))));
}

fn show_opened(store: &Rc<Store>, run: &Run) {
    show(store, run, Origin::Opened);
}

/// Shows the run in a file, of ours or of another program.
pub async fn open(store: &Rc<Store>, file: &File) {
    open_as(store, file, show_opened).await;
}

/// Reads the run in a file and hands it on.
async fn open_as(store: &Rc<Store>, file: &File, show: fn(&Rc<Store>, &Run)) {
    let name = file.name();
    let size = file.size() as u64;
    if size > MOST_BYTES {
        let err = RunError::TooLarge {
            bytes: size,
            most: MOST_BYTES,
        };
        return refuse(store, &name, &(words().runs.run_error)(&err));
    }
    match bytes(file).await.map(|bytes| import::open(&bytes)) {
        Ok(Ok((mut run, _))) => {
            if run.info.title.is_empty() {
                run.info.title = name;
            }
            show(store, &run);
        }
        Ok(Err(err)) => refuse(store, &name, &(words().runs.import_error)(&err)),
        Err(err) => refuse(store, &name, &sentence(&err)),
    }
}

fn import_text(store: &Rc<Store>, text: &str) {
    let too_long = || ImportError::TooLong {
        bytes: text.len(),
        most: MOST_BYTES as usize,
    };
    let read = if text.len() as u64 > MOST_BYTES {
        Err(too_long())
    } else {
        import::import(text)
    };
    match read {
        Ok((run, _)) => show(store, &run, Origin::Opened),
        Err(err) => refuse(store, words().runs.the_text, &(words().runs.import_error)(&err)),
    }
}

fn refuse(store: &Rc<Store>, name: &str, why: &str) {
    tell(store, (words().runs.not_opened)(name, why));
}

/// Shows the run that comes with the page, unless there is already something to see.
pub async fn show_shipped_first(store: &Rc<Store>) {
    let is_unseen = |state: &AppState| {
        state.replay.is_none() && state.conversation.turns.is_empty() && state.activity.is_idle()
    };
    let Some(run) = shipped().await else {
        return; // the page begins empty
    };
    if store.read(is_unseen) {
        show(store, &run, Origin::Shipped);
        mark_first();
    }
}

/// Shows it whatever is on screen.
pub async fn show_shipped(store: &Rc<Store>) {
    if let Some(run) = shipped().await {
        show(store, &run, Origin::Shipped);
    }
}

async fn shipped() -> Option<Run> {
    let answer = gloo::net::http::Request::get(SHIPPED).send().await.ok()?;
    let bytes = answer.binary().await.ok().filter(|_| answer.ok())?;
    moescope_run_file::read(&bytes).ok()
}

/// Tells the browser's timeline when the first run was on its way to the screen.
pub fn mark_first() {
    let mark = gloo::utils::window()
        .performance()
        .map(|clock| clock.mark(FIRST_RUN));
    // A browser without a timeline shows the run all the same.
    drop(mark);
}
