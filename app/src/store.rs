//! The page's one store: folds actions, sends what follows to the worker, and asks for a redraw at
//! most once per animation frame.
//!
//! Events are folded as they arrive, not when they are drawn, so that promises of the JavaScript
//! API also settle in a tab that is not shown.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::render::{AnimationFrame, request_animation_frame};
use js_sys::{Function, Promise};
use serde::Serialize;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

use crate::protocol::{Envelope, Event, Request};
use crate::state::{Action, AppState, reduce};
use crate::words::words;

/// The worker's script, beside the page.
const WORKER_SCRIPT: &str = "worker-entry.js";

/// Something a promise can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    Load(u32),
    Generation(u32),
}

struct Waiter {
    awaited: Awaited,
    resolve: Function,
    reject: Function,
}

/// See the module.
#[derive(Default)]
pub struct Store {
    state: RefCell<AppState>,
    worker: RefCell<Option<Worker>>,
    /// Requests made before the worker said that it listens; `None` from then on.
    early: RefCell<Option<Vec<Request>>>,
    last_id: Cell<u32>,
    frame: RefCell<Option<AnimationFrame>>,
    view: RefCell<Option<Callback<AppState>>>,
    /// A link is being followed, so the address stays as it is.
    is_following: Cell<bool>,
    /// Told of every action that was folded.
    watch: RefCell<Option<Callback<()>>>,
    waiters: RefCell<Vec<Waiter>>,
}

impl Store {
    /// An empty store with its worker starting.
    pub fn start() -> Rc<Self> {
        let store = Rc::new(Self {
            early: RefCell::new(Some(Vec::new())),
            ..Self::default()
        });
        if store.start_worker().is_err() {
            store.worker_failed(words().page.no_worker);
        }
        store
    }

    fn start_worker(self: &Rc<Self>) -> Result<(), JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(WORKER_SCRIPT, &options)?;
        let store = Rc::clone(self);
        let on_message =
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| store.heard(event.data()));
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let store = Rc::clone(self);
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            let told = (words().page.engine_stopped)(&event.message());
            store.worker_failed(&told);
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
        *self.worker.borrow_mut() = Some(worker);
        Ok(())
    }

    fn worker_failed(self: &Rc<Self>, told: &str) {
        self.fold(Envelope::new(vec![Event::WorkerFailed { reason: told.into() }]));
    }

    fn heard(self: &Rc<Self>, data: JsValue) {
        match serde_wasm_bindgen::from_value::<Envelope<Event>>(data) {
            Ok(envelope) => self.fold(envelope),
            Err(err) => self.dispatch(Action::AlertRaised((words().page.unknown_message)(
                &err.to_string(),
            ))),
        }
        let early = self.early.borrow_mut().take();
        early.into_iter().flatten().for_each(|request| self.post(request));
    }

    fn fold(self: &Rc<Self>, envelope: Envelope<Event>) {
        let settled: Vec<_> = envelope.messages.iter().filter_map(settles).collect();
        self.dispatch(Action::Received(envelope));
        if !settled.is_empty() {
            // Whoever waits for this may look at the page next.
            self.redraw();
        }
        settled
            .into_iter()
            .for_each(|(awaited, outcome)| self.settle(awaited, &outcome));
    }

    /// A number no load or generation had before.
    pub fn next_id(&self) -> u32 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    /// The first of so many numbers that no load or generation had before.
    pub fn reserve_ids(&self, count: usize) -> u32 {
        let first = self.last_id.get() + 1;
        self.last_id.set(self.last_id.get() + count as u32);
        first
    }

    /// Reads the state as it is now.
    pub fn read<T>(&self, read: impl FnOnce(&AppState) -> T) -> T {
        read(&self.state.borrow())
    }

    /// Folds an action.
    pub fn dispatch(self: &Rc<Self>, action: Action) {
        let state = self.state.take();
        let (state, requests) = reduce(state, action);
        self.state.replace(state);
        requests.into_iter().for_each(|request| self.post(request));
        self.ask_redraw();
        let watch = self.watch.borrow().clone();
        if let Some(watch) = watch {
            watch.emit(());
        }
    }

    /// Whether a link is being followed.
    pub fn is_following(&self) -> bool {
        self.is_following.get()
    }

    /// Says when a link begins to be followed, and when it has been.
    pub fn following(self: &Rc<Self>, is_following: bool) {
        self.is_following.set(is_following);
        self.ask_redraw();
    }

    /// Who is told that something happened, also in a tab that is not drawn.
    pub fn set_watch(&self, watch: Callback<()>) {
        *self.watch.borrow_mut() = Some(watch);
    }

    /// Who draws.
    pub fn set_view(&self, view: Callback<AppState>) {
        *self.view.borrow_mut() = Some(view);
    }

    fn ask_redraw(self: &Rc<Self>) {
        let mut frame = self.frame.borrow_mut();
        if frame.is_none() {
            let store = Rc::clone(self);
            *frame = Some(request_animation_frame(move |_| store.redraw()));
        }
    }

    fn redraw(&self) {
        self.frame.take();
        let view = self.view.borrow().clone();
        if let Some(view) = view {
            view.emit(self.state.borrow().clone());
        }
    }

    fn post(self: &Rc<Self>, request: Request) {
        if let Some(early) = self.early.borrow_mut().as_mut() {
            early.push(request);
            return;
        }
        let message = Envelope::new(vec![request]).serialize(&serde_wasm_bindgen::Serializer::new());
        let posted = message.map_err(JsValue::from).and_then(|message| {
            self.worker
                .borrow()
                .as_ref()
                .map_or(Ok(()), |worker| worker.post_message(&message))
        });
        if let Err(err) = posted {
            self.dispatch(Action::AlertRaised((words().page.unreachable)(&format!(
                "{err:?}"
            ))));
        }
    }

    /// A promise of `awaited`: resolves when it has happened, rejects with a sentence when it failed.
    pub fn promise(&self, awaited: Awaited) -> Promise {
        Promise::new(&mut |resolve, reject| {
            self.waiters.borrow_mut().push(Waiter {
                awaited,
                resolve,
                reject,
            })
        })
    }

    fn settle(&self, awaited: Option<Awaited>, outcome: &Result<(), String>) {
        let (settled, left) = self
            .waiters
            .take()
            .into_iter()
            .partition(|waiter| awaited.is_none_or(|it| it == waiter.awaited));
        self.waiters.borrow_mut().extend::<Vec<_>>(left);
        for waiter in settled as Vec<Waiter> {
            // A promise that cannot be settled has nobody waiting.
            let _ = match outcome {
                Ok(()) => waiter.resolve.call0(&JsValue::UNDEFINED),
                Err(reason) => waiter
                    .reject
                    .call1(&JsValue::UNDEFINED, &js_sys::Error::new(reason)),
            };
        }
    }
}

/// What an event settles; the failure of the worker settles everything.
fn settles(event: &Event) -> Option<(Option<Awaited>, Result<(), String>)> {
    Some(match event {
        Event::Loaded { load_id, .. } => (Some(Awaited::Load(*load_id)), Ok(())),
        Event::LoadFailed { load_id, reason } => {
            (Some(Awaited::Load(*load_id)), Err((words().worker.told)(reason)))
        }
        Event::Finished { generation_id, .. } => (Some(Awaited::Generation(*generation_id)), Ok(())),
        Event::GenerationFailed {
            generation_id,
            reason,
        } => (
            Some(Awaited::Generation(*generation_id)),
            Err((words().worker.told)(reason)),
        ),
        Event::WorkerFailed { reason } => (None, Err((words().worker.told)(reason))),
        _ => return None,
    })
}
