//! From a request to a model that answers, with progress on the way: a large file becomes a session while
//! it is still arriving. The model before it stays until then.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::try_join;
use moescope_engine::gguf::GgufError;
use moescope_engine::session::{Device, Needs, Session, SessionOptions};
use moescope_engine::{Error, KvFormat, Model};
use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, Url};

use super::cancel::{Cancelled, LoadToken};
use super::chat::Chat;
use super::choose::{Chosen, Opener};
use super::facts::model_facts;
use super::post::Post;
use super::shelf::Arrival;
use super::source::Source;
use crate::protocol::{self, CacheFormat, Event, Executor, LoadStage, Told};

/// Least milliseconds between two reports of progress.
const REPORT_MILLIS: f64 = 80.0;

/// A model that answers.
pub struct Loaded {
    pub model: Model,
    pub session: Session,
    pub chat: Chat,
    /// Where its bytes are, for what is read of them again.
    pub source: Source,
    /// What runs it.
    pub device: Device,
}

/// How the visitor wants it.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// `None`: the one that suits the device.
    pub executor: Option<Executor>,
    /// Workers that compute together on the CPU; `None`: as many as suit the machine.
    pub threads: Option<u32>,
    /// Positions of the KV cache; 0: as many as usual.
    pub context: u32,
    pub cache: CacheFormat,
}

impl Wanted {
    fn options(self) -> SessionOptions {
        SessionOptions {
            context: self.context,
            kv: match self.cache {
                CacheFormat::F16 => KvFormat::F16,
                CacheFormat::F32 => KvFormat::F32,
                CacheFormat::Q8_0 => KvFormat::Q8_0,
            },
            ..SessionOptions::default()
        }
    }
}

/// Loads a model and tells how it went; nothing where it failed or was cancelled.
pub async fn load(
    load_id: u32,
    source: protocol::Source,
    wanted: Wanted,
    cancelled: &Rc<Cancelled>,
    post: &Post,
) -> Option<Loaded> {
    let source = absolute(source);
    let name = match &source {
        protocol::Source::Url(url) => url.clone(),
        protocol::Source::File { name, .. } => name.clone(),
        protocol::Source::Files { names, .. } => names.first().cloned().unwrap_or_default(),
    };
    match open(load_id, source, wanted, cancelled, post).await {
        Ok((loaded, event)) => {
            post.events(vec![event]);
            Some(loaded)
        }
        Err(err) => {
            let why = err.to_string();
            let reason = Told::NotLoaded { name, why };
            post.events(vec![Event::LoadFailed { load_id, reason }]);
            None
        }
    }
}

async fn open(
    load_id: u32,
    source: protocol::Source,
    wanted: Wanted,
    cancelled: &Rc<Cancelled>,
    post: &Post,
) -> Result<(Loaded, Event), Error> {
    let report = Report::new(load_id, post);
    let token = LoadToken::new(cancelled, load_id);
    let mut source = match source {
        protocol::Source::Url(url) => {
            let mut progress = |done, total| report.tell(LoadStage::Fetching, done, total);
            Source::fetch_all(&url, &token, &mut progress).await?
        }
        protocol::Source::File { name, blob } => Source::file(name, blob, &token),
        protocol::Source::Files { names, blobs } => {
            let blobs = blobs.iter().map(JsCast::unchecked_into);
            let file = |(name, blob): (&String, _)| Source::file(name.clone(), blob, &token);
            let parts = names.iter().zip(blobs).map(file).collect();
            let name = names.first().cloned().unwrap_or_default();
            Source::of_parts(name, parts, &token)
        }
    };
    let tell_needs = |model: &Model| -> Result<(), Error> {
        let needs = needs(model, wanted.options())?;
        post.events(vec![Event::Needed { load_id, needs }]);
        Ok(())
    };
    let mut arrival = Arrival::new(0);
    if source.is_remote() {
        // Before much is fetched, it is clear what the model is and what it will take.
        match Model::open(&source).await {
            Ok(model) => tell_needs(&model)?,
            // A server that sends only whole files: that is told once it is here.
            Err(Error::Gguf(GgufError::Source(_))) => {}
            Err(err) => return Err(err),
        }
        let notice = |told| post.events(vec![Event::Notice { told }]);
        arrival = source.begin_arriving(&notice).await?;
    }
    // Weights are made ready as they come; whatever fails first ends both.
    let mut fetched = |done, total| report.tell(LoadStage::Fetching, done, total);
    let arrives = async { Ok(arrival.run(&mut fetched).await?) };
    let opens = async {
        let model = Model::open(&source).await?;
        tell_needs(&model)?;
        let mut prepared = |done, total| {
            if !source.is_arriving() {
                report.tell(LoadStage::Preparing, done, total);
            }
        };
        let mut opener = Opener {
            model: &model,
            source: &source,
            post,
            progress: &mut prepared,
            options: wanted.options(),
            threads: wanted.threads,
        };
        let chosen = opener.choose(wanted.executor).await?;
        Ok::<_, Error>((model, chosen))
    };
    let (
        (),
        (
            model,
            Chosen {
                session,
                device,
                facts,
            },
        ),
    ) = try_join(arrives, opens).await?;
    let event = Event::Loaded {
        load_id,
        model: model_facts(&model, &session),
        executor: facts,
    };
    Ok((
        Loaded {
            model,
            session,
            chat: Chat::default(),
            source,
            device,
        },
        event,
    ))
}

/// What a model will take.
fn needs(model: &Model, options: SessionOptions) -> Result<protocol::Needs, Error> {
    let needs = Needs::of(&model.spec, options)?;
    Ok(protocol::Needs {
        file_bytes: model.gguf.file_bytes,
        weight_bytes: needs.weight_bytes,
        kv_bytes: needs.kv_bytes,
        buffer_bytes: needs.buffer_bytes,
        context: needs.context,
    })
}

/// An address as it is seen from anywhere: what is kept under it is found again from every page.
fn absolute(source: protocol::Source) -> protocol::Source {
    let protocol::Source::Url(url) = &source else {
        return source;
    };
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    match Url::new_with_base(url, &scope.location().href()) {
        Ok(full) => protocol::Source::Url(full.href()),
        Err(_) => source,
    }
}

/// Tells progress, not too often.
struct Report<'a> {
    load_id: u32,
    post: &'a Post,
    state: Cell<Reported>,
}

/// What was told last.
#[derive(Clone, Copy)]
struct Reported {
    stage: LoadStage,
    stage_started: f64,
    at: f64,
}

impl<'a> Report<'a> {
    fn new(load_id: u32, post: &'a Post) -> Self {
        let state = Cell::new(Reported {
            stage: LoadStage::Fetching,
            stage_started: post.now_millis(),
            at: 0.0,
        });
        Self { load_id, post, state }
    }

    fn tell(&self, stage: LoadStage, done_bytes: u64, total_bytes: u64) {
        let now = self.post.now_millis();
        let mut state = self.state.get();
        if now - state.at < REPORT_MILLIS && done_bytes < total_bytes {
            return;
        }
        if stage != state.stage {
            state.stage_started = now;
        }
        (state.stage, state.at) = (stage, now);
        self.state.set(state);
        self.post.events(vec![Event::LoadProgress {
            load_id: self.load_id,
            stage,
            done_bytes,
            total_bytes,
            elapsed_millis: now - state.stage_started,
        }]);
    }
}
