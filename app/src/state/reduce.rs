//! The reducer: (state, action) → (state, requests). Pure.
//!
//! Events of a load or a generation that is no longer the present one are ignored: they are the
//! tail of something the visitor has already left.

use std::rc::Rc;

use super::economics::Quality;
use super::economics::reference::Reference;
use super::{
    Action, Activity, AppState, Asked, Beside, Conversation, Editing, Loading, Model, Role, Selection, Turn,
    View, examine, time,
};
use crate::protocol::{Envelope, Event, Finish, LoadStage, Request, Source, Told, VERSION};
use crate::words::words;

/// The next state, and what to ask of the worker.
pub fn reduce(mut state: AppState, action: Action) -> (AppState, Vec<Request>) {
    let mut requests = Vec::new();
    match action {
        Action::Received(envelope) => receive(&mut state, envelope),
        Action::CatalogueArrived(models) => state.catalogue = models.into(),
        Action::PublicArrived(models) => state.public = Rc::new(models),
        Action::StoredAsked => requests.push(Request::ListStored),
        Action::StoredDeleted(url) => requests.push(Request::DeleteStored { url }),
        Action::ContextChosen(context) => state.context = context,
        Action::CacheChosen(cache) => state.cache = cache,
        Action::DeviceMemoryTold(bytes) => state.device_bytes = Some(bytes),
        Action::ExecutorForced(executor) => state.forced_executor = Some(executor),
        Action::ThreadsForced(threads) => state.forced_threads = Some(threads),
        Action::LoadAsked {
            load_id,
            origin,
            source,
        } => load(&mut state, &mut requests, load_id, origin, source),
        Action::LoadCancelled => requests.extend(cancel_load(&mut state)),
        Action::DraftChanged(draft) => state.draft = draft,
        Action::Sent {
            generation_id,
            prompt,
            options,
            from_draft,
        } => {
            if state.answering().is_none() || !state.activity.is_idle() {
                return (state, requests);
            }
            let mut options = options;
            let restore = state.go_on();
            let is_known = |id: &u32| {
                state
                    .conversation
                    .turns
                    .iter()
                    .any(|turn| turn.generation_id == *id)
            };
            options.replaces = options.replaces.filter(is_known);
            requests.extend(restore);
            state.conversation.asked = Some(Rc::new(Asked {
                prompt: prompt.clone(),
                options: options.clone(),
            }));
            if from_draft {
                let editing = state.editing.take();
                state.draft = editing.map(|editing| editing.draft_before).unwrap_or_default();
            }
            state.alert = None;
            state.selection.position = None;
            state.activity = Activity::Waiting {
                generation_id,
                prompt: prompt.clone(),
                replaces: options.replaces,
                branch: options.branch,
            };
            requests.push(Request::Generate {
                generation_id,
                prompt,
                options,
            });
        }
        Action::Stopped => requests.extend(stop(&mut state)),
        Action::NewChat => {
            state.leave();
            requests.extend(stop(&mut state));
            requests.push(Request::NewChat);
            forget_conversation(&mut state);
        }
        Action::EditStarted(generation_id) => start_edit(&mut state, generation_id),
        Action::EditCancelled => {
            if let Some(editing) = state.editing.take() {
                state.draft = editing.draft_before;
            }
        }
        Action::Selected(position) => state.selection.position = position,
        Action::ExamineAsked(position) => requests.extend(examine::ask(&mut state, position)),
        Action::Stepped(by) => time::step(&mut state, by),
        Action::PlayToggled => time::toggle(&mut state),
        Action::Ticked => time::tick(&mut state),
        Action::RateChosen(rate) => state.playback.tokens_per_second = rate.clamp(1, 1000),
        Action::SlotMoved { layers, experts } => move_slot(&mut state, layers, experts),
        Action::LayerSelected(layer) => select_layer(&mut state, layer),
        Action::ExpertSelected(expert) => state.selection.expert = expert,
        Action::SamplingChanged(sampling) => state.settings.sampling = sampling,
        Action::SettingsToggled => state.settings.is_open = !state.settings.is_open,
        Action::PreferencesFound(preferences) => state.preferences = preferences,
        Action::LanguageChosen(language) => state.preferences.language = language,
        Action::ThemeChosen(theme) => state.preferences.theme = theme,
        Action::PaletteChosen(palette) => state.preferences.palette = palette,
        Action::ShortcutsChosen { are_on } => state.preferences.has_shortcuts = are_on,
        Action::SystemSchemeTold { is_dark } => state.is_system_dark = is_dark,
        Action::KeysShown(are_shown) => state.are_keys_shown = are_shown,
        Action::MeasureChosen(measure) => state.view.measure = measure,
        Action::ExpertsViewChosen(view) => state.view.experts = view,
        Action::RasterOrdered(order) => state.view.raster_order = order,
        Action::PartChosen(part) => state.view.part = part,
        Action::ViewChosen(shown) => state.view.shown = shown,
        Action::RunShown(recording, origin) => {
            state.show(*recording, origin);
        }
        Action::BesideSet(recording) => {
            state.beside = recording.map(|recording| Rc::new(Beside::of(*recording)));
        }
        Action::RunLeft => state.leave(),
        Action::Economics(action) => {
            requests.extend(state.economics.request(&action));
            Rc::make_mut(&mut state.economics).fold(action);
        }
        Action::Looked(selection, view) => look(&mut state, selection, view),
        Action::KeptListed(entries) => state.kept.entries = entries.into(),
        Action::KeepingFailed(why) => state.kept.trouble = Some(why),
        Action::ConversationNamed(id) => state.with_live(|state| state.conversation.kept_as = Some(id)),
        Action::AlertRaised(sentence) => state.alert = Some(sentence),
        Action::AlertDismissed => state.alert = None,
    }
    (state, requests)
}

fn load(state: &mut AppState, requests: &mut Vec<Request>, load_id: u32, origin: String, source: Source) {
    requests.extend(cancel_load(state));
    requests.extend(stop(state));
    state.alert = None;
    state.loads += 1;
    state.loading = Some(Loading {
        load_id,
        origin,
        stage: LoadStage::Fetching,
        done_bytes: 0,
        total_bytes: 0,
        elapsed_millis: 0.0,
        needs: None,
    });
    requests.push(Request::Load {
        load_id,
        source,
        executor: state.forced_executor,
        threads: state.forced_threads,
        context: state.context,
        cache: state.cache,
    });
}

fn cancel_load(state: &mut AppState) -> Option<Request> {
    state.loading.take().map(|loading| Request::CancelLoad {
        load_id: loading.load_id,
    })
}

fn stop(state: &mut AppState) -> Option<Request> {
    let generation_id = state.activity.generation_id()?;
    state.activity = Activity::Stopping { generation_id };
    Some(Request::Cancel { generation_id })
}

/// The prompt goes where the visitor writes; what stood there comes back later.
fn start_edit(state: &mut AppState, generation_id: u32) {
    let is_prompt = |turn: &&Turn| turn.generation_id == generation_id && turn.role == Role::User;
    let Some(prompt) = state.conversation.turns.iter().find(is_prompt).map(Turn::text) else {
        return;
    };
    let draft_before = match state.editing.take() {
        Some(editing) => editing.draft_before,
        None => std::mem::take(&mut state.draft),
    };
    state.draft = prompt;
    state.editing = Some(Editing {
        generation_id,
        draft_before,
    });
}

/// Experts of two layers have nothing to do with each other, so none stays selected.
fn select_layer(state: &mut AppState, layer: usize) {
    if state.selection.layer != layer {
        state.selection.layer = layer;
        state.selection.expert = None;
    }
}

/// A step to another layer keeps the expert's number: a picture's cursor moves straight down.
fn move_slot(state: &mut AppState, layers: i64, experts: i64) {
    let Some(model) = &state.model else { return };
    let within = |wanted: i64, number: usize| wanted.clamp(0, (number as i64 - 1).max(0));
    let selection = &mut state.selection;
    selection.layer = within(selection.layer as i64 + layers, model.facts.moe_layers.len()) as usize;
    if experts != 0 {
        let here = selection.expert.map_or(-experts.signum(), i64::from);
        let wanted = within(here + experts, model.facts.n_experts as usize);
        selection.expert = u16::try_from(wanted).ok();
    }
}

/// What a link looks at, as far as there is such a token, layer and expert.
fn look(state: &mut AppState, selection: Selection, view: View) {
    state.view = view;
    let facts = state.model.as_ref().map(|model| &model.facts);
    let (layers, n_experts) = facts.map_or((0, 0), |facts| (facts.moe_layers.len(), facts.n_experts));
    let last = state.conversation.last_marked().max(state.conversation.latest());
    state.selection = Selection {
        position: selection.position.filter(|position| Some(*position) <= last),
        layer: if selection.layer < layers {
            selection.layer
        } else {
            0
        },
        expert: selection.expert.filter(|expert| u32::from(*expert) < n_experts),
    };
}

fn forget_conversation(state: &mut AppState) {
    if let Some(editing) = state.editing.take() {
        state.draft = editing.draft_before;
    }
    state.conversation = Conversation::default();
    state.examination = Default::default();
    state.activity = Activity::Idle;
    state.selection.position = None;
}

/// What the worker tells, in the visitor's language.
fn sentence(told: &Told) -> String {
    (words().worker.told)(told)
}

fn receive(state: &mut AppState, envelope: Envelope<Event>) {
    if envelope.version != VERSION {
        let (page, worker) = (VERSION, envelope.version);
        state.alert = Some(sentence(&Told::Versions { page, worker }));
        return;
    }
    // Whatever run is on screen, a worker tells of what is live.
    state.with_live(|state| {
        envelope
            .messages
            .into_iter()
            .for_each(|event| apply(state, event))
    });
}

fn apply(state: &mut AppState, event: Event) {
    match event {
        Event::LoadProgress { load_id, .. }
        | Event::Needed { load_id, .. }
        | Event::Loaded { load_id, .. }
        | Event::LoadFailed { load_id, .. } => {
            if state
                .loading
                .as_ref()
                .is_some_and(|loading| loading.load_id == load_id)
            {
                apply_load(state, event);
            }
        }
        Event::Examined(found) => {
            // What was asked of a conversation that is gone is dropped.
            if state.examination.asked.take() == Some(found.position) {
                state.examination.add(found);
            }
        }
        Event::NotExamined { reason } => {
            if state.examination.asked.take().is_some() {
                state.alert = Some(sentence(&reason));
            }
        }
        Event::Calibrated { .. }
        | Event::BitsCompared(_)
        | Event::Comparing { .. }
        | Event::FileCompared(_)
        | Event::CompareEnded
        | Event::MeasureFailed { .. } => {
            Rc::make_mut(&mut state.economics).hear(&event);
            if let Event::MeasureFailed { reason } = event {
                state.alert = Some(sentence(&reason));
            }
        }
        Event::Notice { told } => state.alert = Some(sentence(&told)),
        Event::Stored(stored) => state.stored = Rc::new(stored),
        Event::WorkerFailed { reason } => {
            Rc::make_mut(&mut state.economics).forget_measurements();
            state.alert = Some(sentence(&reason));
            state.loading = None;
            keep_unsent_prompt(state);
            state.activity = Activity::Idle;
        }
        Event::Started { generation_id, .. }
        | Event::Prefilling { generation_id, .. }
        | Event::Pass { generation_id, .. }
        | Event::Token { generation_id, .. }
        | Event::Finished { generation_id, .. }
        | Event::GenerationFailed { generation_id, .. } => {
            if state.activity.generation_id() == Some(generation_id) {
                apply_generation(state, event);
            }
        }
    }
}

fn apply_load(state: &mut AppState, event: Event) {
    match event {
        Event::LoadProgress {
            stage,
            done_bytes,
            total_bytes,
            elapsed_millis,
            ..
        } => {
            if let Some(loading) = &mut state.loading {
                *loading = Loading {
                    stage,
                    done_bytes,
                    total_bytes,
                    elapsed_millis,
                    ..loading.clone()
                };
            }
        }
        Event::Needed { needs, .. } => {
            if let Some(loading) = &mut state.loading {
                loading.needs = Some(needs);
            }
        }
        Event::Loaded { model, executor, .. } => {
            let origin = state
                .loading
                .take()
                .map(|loading| loading.origin)
                .unwrap_or_default();
            forget_conversation(state);
            Rc::make_mut(&mut state.economics).forget_measurements();
            state.selection = Selection::default();
            state.model = Some(Rc::new(Model {
                origin,
                facts: model,
                executor,
            }));
        }
        Event::LoadFailed { reason, .. } => {
            state.loading = None;
            let mut told = sentence(&reason);
            if state.model.is_some() {
                told = format!("{told} {}", words().worker.still_works);
            }
            state.alert = Some(told);
        }
        _ => {}
    }
}

fn apply_generation(state: &mut AppState, event: Event) {
    let conversation = &mut state.conversation;
    match event {
        Event::Started {
            generation_id,
            fresh,
            seed,
            reused,
            first_position,
            pieces,
        } => {
            let economics = &state.economics;
            if economics.quality != Quality::Unknown || economics.reference != Reference::None {
                // It was measured over the conversation before this prompt.
                Rc::make_mut(&mut state.economics).forget_quality();
            }
            let asked = conversation.asked.take();
            state.examination.forget_from(if fresh { 0 } else { reused });
            if fresh {
                *conversation = Conversation::default();
            }
            let (replaced, branch) = match state.activity {
                Activity::Waiting { replaces, branch, .. } => (replaces, branch),
                _ => (None, None),
            };
            if let (Some(replaced), Some(model)) = (replaced, &state.model) {
                conversation.replace_from(&model.facts, replaced, generation_id);
            }
            conversation.asked = asked;
            let total = first_position + pieces.len() as u32;
            match branch.and_then(|_| {
                conversation
                    .replaced
                    .last()
                    .map(|replaced| replaced.turns.clone())
            }) {
                Some(turns) => {
                    conversation.branch(&turns, generation_id, seed, reused, first_position, &pieces)
                }
                None => conversation.start(generation_id, seed, reused, first_position, &pieces),
            }
            if !matches!(state.activity, Activity::Stopping { .. }) {
                state.activity = Activity::Prefilling {
                    generation_id,
                    done: reused,
                    total,
                };
            }
        }
        Event::Prefilling {
            generation_id,
            done,
            total,
        } => {
            if matches!(state.activity, Activity::Prefilling { .. }) {
                state.activity = Activity::Prefilling {
                    generation_id,
                    done,
                    total,
                };
            }
        }
        Event::Pass { pass, .. } => {
            if let Some(model) = &state.model {
                conversation.push_pass(&model.facts, pass);
            }
        }
        Event::Token {
            generation_id,
            position,
            piece,
            prob,
            entropy_bits,
            likeliest,
        } => {
            conversation.push_token(position, &piece, prob, entropy_bits, likeliest);
            if matches!(state.activity, Activity::Prefilling { .. }) {
                state.activity = Activity::Generating { generation_id };
            }
        }
        Event::Finished { finish, .. } => {
            conversation.is_full = finish == Finish::ContextFull;
            if let Some(turn) = conversation.turns.last_mut() {
                turn.finish = Some(finish);
            }
            state.activity = Activity::Idle;
        }
        Event::GenerationFailed { reason, .. } => {
            keep_unsent_prompt(state);
            state.alert = Some(sentence(&reason));
            state.activity = Activity::Idle;
        }
        _ => {}
    }
}

/// A prompt that failed before it began goes back to where it was written.
fn keep_unsent_prompt(state: &mut AppState) {
    if let Activity::Waiting { prompt, .. } = &mut state.activity
        && state.draft.is_empty()
    {
        state.draft = std::mem::take(prompt);
    }
}
