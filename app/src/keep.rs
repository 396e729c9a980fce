//! Conversations kept in this browser: each is a run file in its database, written whenever something
//! was said. Where the browser forbids that, the page says so once and works on.

mod database;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::storage::{SessionStorage, Storage};
use moescope_run_file::Run;
use wasm_bindgen::JsValue;
use yew::Callback;

use self::database::Database;
use crate::gradual::Pace;
use crate::hands::RunAsk;
use crate::recording::{self, About};
use crate::runs;
use crate::runs::written::{self, Snapshot};
use crate::state::{Action, AppState, Conversation, KeptEntry, Origin};
use crate::store::Store;
use crate::words::words;

/// What a reload of this tab comes back to.
const CURRENT: &str = "moescope.conversation";
/// Shortest time between two writes while the model writes, milliseconds.
const PAUSE_MILLIS: f64 = 2000.0;
/// A write may take this share of the time at most: a long conversation is written less often.
const SHARE: f64 = 0.02;

/// How much of a conversation there is to keep.
#[derive(Clone, Debug, Default, PartialEq)]
struct Extent {
    id: Option<Rc<str>>,
    turns: usize,
    replaced: usize,
    passes: u64,
    sampled: u64,
    examined: usize,
    is_idle: bool,
}

impl Extent {
    fn of(state: &AppState) -> Self {
        let conversation = state.live_conversation();
        Self {
            id: conversation.kept_as.clone(),
            turns: conversation.turns.len(),
            replaced: conversation.replaced.len(),
            passes: conversation.totals.passes,
            sampled: conversation.totals.sampled_tokens,
            examined: state.live_examination().count(),
            is_idle: state.activity.is_idle(),
        }
    }
}

/// Writes the live conversation as it grows.
#[derive(Default)]
struct Keeper {
    kept: RefCell<Extent>,
    is_writing: Cell<bool>,
    next_at: Cell<f64>,
}

/// Tells what is kept, and keeps what is said from now on.
pub async fn start(store: &Rc<Store>) {
    if let Err(err) = list(store).await {
        let told = (words().runs.not_kept)(&runs::sentence(&err));
        return store.dispatch(Action::KeepingFailed(told));
    }
    let (keeper, watched) = (Rc::new(Keeper::default()), Rc::downgrade(store));
    store.set_watch(Callback::from(move |()| {
        if let Some(store) = watched.upgrade() {
            keeper.look(&store);
        }
    }));
}

impl Keeper {
    fn look(self: &Rc<Self>, store: &Rc<Store>) {
        let extent = store.read(Extent::of);
        if self.is_writing.get() || extent.turns == 0 || extent == *self.kept.borrow() {
            return;
        }
        if !extent.is_idle && js_sys::Date::now() < self.next_at.get() {
            return;
        }
        // A conversation that was opened and not gone on with is what it was.
        let is_unchanged = extent.id.is_some() && self.kept.borrow().id != extent.id && extent.is_idle;
        if is_unchanged {
            self.kept.replace(extent);
            return;
        }
        self.is_writing.set(true);
        let (keeper, store) = (Rc::clone(self), Rc::clone(store));
        wasm_bindgen_futures::spawn_local(async move {
            let written = keeper.write(&store).await;
            keeper.is_writing.set(false);
            match written {
                Ok(()) => keeper.look(&store),
                Err(err) => {
                    let told = (words().runs.not_kept)(&runs::sentence(&err));
                    store.dispatch(Action::AlertRaised(told));
                }
            }
        });
    }

    async fn write(&self, store: &Rc<Store>) -> Result<(), JsValue> {
        let id = match store.read(|state| state.live_conversation().kept_as.clone()) {
            Some(id) => id,
            None => {
                let id: Rc<str> = new_id().into();
                store.dispatch(Action::ConversationNamed(Rc::clone(&id)));
                id
            }
        };
        self.kept.replace(store.read(Extent::of));
        let Some((mut entry, snapshot)) = store.read(|state| entry_and_snapshot(state, &id)) else {
            return Ok(());
        };
        let mut pace = Pace::new();
        let run = snapshot.run(&mut pace).await;
        drop(snapshot);
        let file = written::file(&run, &mut pace).await?;
        drop(run);
        entry.bytes = file.size() as u64;
        self.next_at
            .set(js_sys::Date::now() + PAUSE_MILLIS.max(pace.worked_millis / SHARE));
        let database = Database::open().await?;
        database.put(&entry, Some(&file)).await?;
        store.dispatch(Action::KeptListed(database.entries().await?));
        Ok(())
    }
}

/// Of the live conversation.
fn entry_and_snapshot(state: &AppState, id: &str) -> Option<(KeptEntry, Snapshot)> {
    let (conversation, model) = (state.live_conversation(), state.answering()?);
    let known = state.kept.entries.iter().find(|entry| entry.id == id);
    let title = known.map_or_else(|| recording::title(conversation), |entry| entry.title.clone());
    let entry = KeptEntry {
        id: id.into(),
        title: title.clone(),
        date: runs::now(),
        model: model.facts.name.clone(),
        tokens: tokens(conversation),
        bytes: 0,
    };
    let about = About {
        title,
        date: entry.date.clone(),
        sha256: runs::sha256(state, &model.origin),
        examined: state.live_examination().all(),
        ..About::default()
    };
    let snapshot = Snapshot {
        model: Rc::clone(model),
        conversation: conversation.clone(),
        about,
    };
    Some((entry, snapshot))
}

fn tokens(conversation: &Conversation) -> u64 {
    let counts = conversation.turns.iter().map(|turn| turn.marks().count() as u64);
    counts.sum()
}

/// Unlike any other: when, and by chance.
fn new_id() -> String {
    let chance = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:x}-{chance:08x}", js_sys::Date::now() as u64)
}

/// Does what a panel asked for.
pub fn act(store: &Rc<Store>, ask: RunAsk) {
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        let done = match ask {
            RunAsk::OpenKept(id) => open(&store, &id).await,
            RunAsk::OpenKeptBeside(id) => open_beside(&store, &id).await,
            RunAsk::RenameKept { id, title } => rename(&store, &id, title).await,
            RunAsk::DeleteKept(id) => delete(&store, &id).await,
            RunAsk::ExportKept(id) => export(&store, &id).await,
            _ => list(&store).await,
        };
        if let Err(err) = done {
            let told = (words().runs.not_kept)(&runs::sentence(&err));
            store.dispatch(Action::AlertRaised(told));
        }
    });
}

async fn list(store: &Rc<Store>) -> Result<(), JsValue> {
    let entries = Database::open().await?.entries().await?;
    store.dispatch(Action::KeptListed(entries));
    Ok(())
}

/// A kept conversation under the title it has now.
async fn read(store: &Rc<Store>, id: &str) -> Result<Run, JsValue> {
    let bytes = Database::open().await?.bytes(id).await?;
    let run = moescope_run_file::read(&bytes);
    let mut run = run.map_err(|err| JsValue::from(js_sys::Error::new(&(words().runs.run_error)(&err))))?;
    let title = store.read(|state| {
        let entry = state.kept.entries.iter().find(|entry| entry.id == id);
        entry.map(|entry| entry.title.clone())
    });
    run.info.title = title.unwrap_or(run.info.title);
    Ok(run)
}

async fn open(store: &Rc<Store>, id: &str) -> Result<(), JsValue> {
    // What is live is on screen already, or stands aside.
    if store.read(|state| state.live_conversation().kept_as.as_deref() == Some(id)) {
        store.dispatch(Action::RunLeft);
        return Ok(());
    }
    let run = read(store, id).await?;
    runs::show_between_frames(store, run, Origin::Kept(id.into())).await;
    Ok(())
}

async fn open_beside(store: &Rc<Store>, id: &str) -> Result<(), JsValue> {
    let run = read(store, id).await?;
    runs::show_beside(store, &run);
    Ok(())
}

async fn export(store: &Rc<Store>, id: &str) -> Result<(), JsValue> {
    let run = read(store, id).await?;
    runs::save_run(store, &run, &mut Pace::new()).await;
    Ok(())
}

async fn rename(store: &Rc<Store>, id: &str, title: String) -> Result<(), JsValue> {
    let known = store.read(|state| state.kept.entries.iter().find(|entry| entry.id == id).cloned());
    if let Some(entry) = known {
        let database = Database::open().await?;
        database.put(&KeptEntry { title, ..entry }, None).await?;
        store.dispatch(Action::KeptListed(database.entries().await?));
    }
    Ok(())
}

async fn delete(store: &Rc<Store>, id: &str) -> Result<(), JsValue> {
    let is_live = store.read(|state| state.live_conversation().kept_as.as_deref() == Some(id));
    let is_shown = store.read(|state| {
        let replay = state.replay.as_ref();
        replay.is_some_and(|replay| replay.origin == Origin::Kept(id.into()))
    });
    // First, or what is on screen would be kept once more.
    if is_live {
        store.dispatch(Action::NewChat);
    } else if is_shown {
        store.dispatch(Action::RunLeft);
    }
    let database = Database::open().await?;
    database.delete(id).await?;
    store.dispatch(Action::KeptListed(database.entries().await?));
    Ok(())
}

/// The kept conversation on screen, for the next reload.
pub fn current(state: &AppState) -> Option<Rc<str>> {
    state.conversation.kept_as.clone()
}

/// Notes what a reload comes back to. Without session storage it comes back to the beginning.
pub fn remember(id: Option<&str>) {
    match id {
        Some(id) => drop(SessionStorage::set(CURRENT, id)),
        None => SessionStorage::delete(CURRENT),
    }
}

/// What was on screen before a reload of this tab; read before anything is drawn.
pub fn remembered() -> Option<String> {
    SessionStorage::get(CURRENT).ok()
}

/// Shows what was on screen before a reload, if it is still kept.
pub async fn show_remembered(store: &Rc<Store>, id: &str) -> bool {
    open(store, id).await.is_ok()
}
