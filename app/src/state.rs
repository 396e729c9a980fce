//! What the page knows, and the one pure function that changes it.
//!
//! `reduce(state, action)` gives the next state and the requests that follow from it. Nothing here
//! touches the DOM or the worker, so a test, a recording and a live run fold alike.

mod beside;
mod catalogue;
mod conversation;
pub mod economics;
pub mod examine;
mod kept;
mod preferences;
mod reduce;
mod replay;
mod row;
pub mod select;
mod time;

use std::rc::Rc;

pub use beside::Beside;
pub use catalogue::{Catalogue, CatalogueModel, Examples, PublicModel, PublicModels};
pub use conversation::{Asked, Chunk, Conversation, Mark, MarkKind, Replaced, Role, Totals, Turn};
pub use economics::{Economics, EconomicsAction};
pub use examine::Examination;
pub use kept::{Kept, KeptEntry};
pub use preferences::{Palette, Preferences, Theme};
pub use reduce::reduce;
pub use replay::{Live, Origin, Recorded, Recording, Replay};
pub use row::{DISTRIBUTION_BYTES, Router, Row};
pub use time::Playback;

use crate::protocol::{
    Branch, CacheFormat, Envelope, Event, Executor, ExecutorFacts, GenerateOptions, LoadStage, ModelFacts,
    Needs, Sampling, Source, Stored,
};
use crate::words::Language;

/// Everything the page shows is a function of this.
#[derive(Clone, Debug, Default)]
pub struct AppState {
    /// Models that come with the page.
    pub catalogue: Rc<[CatalogueModel]>,
    /// Models to be fetched from elsewhere.
    pub public: Rc<PublicModels>,
    /// Models kept in this browser.
    pub stored: Rc<Stored>,
    /// Positions of the KV cache for the next load; 0: as many as usual.
    pub context: u32,
    /// How the KV cache of the next load is stored.
    pub cache: CacheFormat,
    /// Memory of the visitor's computer as the browser tells it, which is never more than 8 GB.
    pub device_bytes: Option<u64>,
    /// Loads asked for so far; the menu of models closes with each.
    pub loads: u32,
    /// The model under way, if any; the present one stays until it has arrived.
    pub loading: Option<Loading>,
    pub model: Option<Rc<Model>>,
    pub conversation: Conversation,
    /// The recorded run on screen, if it is one: `model` and `conversation` are then the run's.
    pub replay: Option<Replay>,
    /// A second run, to be compared with what is on screen.
    pub beside: Option<Rc<Beside>>,
    /// Runs shown so far; the menu of runs closes with each.
    pub runs_shown: u32,
    /// Conversations kept in this browser.
    pub kept: Kept,
    pub activity: Activity,
    pub examination: Examination,
    pub selection: Selection,
    pub playback: Playback,
    /// What the visitor is writing.
    pub draft: String,
    /// The earlier prompt that is being written anew.
    pub editing: Option<Editing>,
    pub settings: Settings,
    pub preferences: Preferences,
    /// Whether the visitor's system shows dark pages.
    pub is_system_dark: bool,
    /// Whether the list of keys is open.
    pub are_keys_shown: bool,
    pub view: View,
    pub economics: Rc<Economics>,
    /// One sentence about what went wrong, until it is dismissed.
    pub alert: Option<String>,
    /// `?executor=`.
    pub forced_executor: Option<Executor>,
    /// `?threads=`.
    pub forced_threads: Option<u32>,
}

impl AppState {
    /// Whether the visitor looks at something else than in `other`.
    pub fn is_seen_otherwise(&self, other: &Self) -> bool {
        (self.selection, self.view, self.playback) != (other.selection, other.view, other.playback)
            || !Rc::ptr_eq(&self.economics, &other.economics)
    }

    /// Whether the trace shows something else than in `other`.
    pub fn is_traced_otherwise(&self, other: &Self) -> bool {
        self.is_seen_otherwise(other) || self.is_recorded_otherwise(other)
    }

    /// Whether something else is known than in `other`, whatever is looked at.
    pub fn is_recorded_otherwise(&self, other: &Self) -> bool {
        let model = |state: &Self| state.model.as_ref().map(Rc::as_ptr);
        !Rc::ptr_eq(&self.economics, &other.economics)
            || !Rc::ptr_eq(&self.conversation.rows, &other.conversation.rows)
            || self.conversation.last_marked() != other.conversation.last_marked()
            || model(self) != model(other)
            || self.beside.as_ref().map(Rc::as_ptr) != other.beside.as_ref().map(Rc::as_ptr)
            || self.examination.differs(&other.examination)
            || self.activity.is_idle() != other.activity.is_idle()
    }
}

/// A model that can answer.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the file or address it came from.
    pub origin: String,
    pub facts: ModelFacts,
    pub executor: ExecutorFacts,
}

/// An earlier prompt under the visitor's hands.
#[derive(Clone, Debug, PartialEq)]
pub struct Editing {
    pub generation_id: u32,
    /// What was being written before; it comes back afterwards.
    pub draft_before: String,
}

/// A model on its way.
#[derive(Clone, Debug)]
pub struct Loading {
    pub load_id: u32,
    pub origin: String,
    pub stage: LoadStage,
    pub done_bytes: u64,
    pub total_bytes: u64,
    pub elapsed_millis: f64,
    /// What it will take, once its head has been read.
    pub needs: Option<Needs>,
}

/// What the worker is doing for the conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Activity {
    #[default]
    Idle,
    /// The prompt was sent; it is kept in case it fails before it began.
    Waiting {
        generation_id: u32,
        prompt: String,
        replaces: Option<u32>,
        branch: Option<Branch>,
    },
    Prefilling {
        generation_id: u32,
        done: u32,
        total: u32,
    },
    Generating {
        generation_id: u32,
    },
    /// The visitor asked to stop.
    Stopping {
        generation_id: u32,
    },
}

impl Activity {
    /// The generation under way.
    pub fn generation_id(&self) -> Option<u32> {
        match self {
            Self::Idle => None,
            Self::Waiting { generation_id, .. }
            | Self::Prefilling { generation_id, .. }
            | Self::Generating { generation_id }
            | Self::Stopping { generation_id } => Some(*generation_id),
        }
    }

    /// Whether a prompt can be sent.
    pub fn is_idle(&self) -> bool {
        *self == Self::Idle
    }
}

/// The controls beside the prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub sampling: Sampling,
    pub is_open: bool,
}

/// How the trace is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View {
    pub measure: Measure,
    pub experts: ExpertsView,
    /// Order of the experts in rasters.
    pub raster_order: select::raster::Order,
    /// Which tokens count for load and coverage.
    pub part: select::load::Part,
    /// Name of the view at full size; none is the overview.
    pub shown: Option<&'static str>,
}

/// What every view is about: a token, a layer, an expert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// None follows the newest.
    pub position: Option<u32>,
    /// Counted among MoE layers.
    pub layer: usize,
    /// An expert of that layer.
    pub expert: Option<u16>,
}

/// What colours the token marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    None,
    #[default]
    Probability,
    PredictionEntropy,
    Entropy,
    Margin,
    WallTime,
    Bytes,
    /// Experts shared with the token before.
    Reuse,
    /// Weight of the selected expert.
    Expert,
    /// Template, prompt, reasoning, answer.
    Part,
    /// Reused from the KV cache in the newest turn, or computed.
    Cached,
}

impl Measure {
    /// Every measure, in the order of the menu.
    pub const ALL: [Measure; 11] = [
        Self::None,
        Self::Probability,
        Self::PredictionEntropy,
        Self::Entropy,
        Self::Margin,
        Self::Reuse,
        Self::Expert,
        Self::WallTime,
        Self::Bytes,
        Self::Part,
        Self::Cached,
    ];

    /// Its name in addresses and in the menu's values.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Probability => "probability",
            Self::PredictionEntropy => "prediction-entropy",
            Self::Entropy => "router-entropy",
            Self::Margin => "router-margin",
            Self::WallTime => "wall-time",
            Self::Bytes => "bytes",
            Self::Reuse => "reuse",
            Self::Expert => "expert",
            Self::Part => "part",
            Self::Cached => "cached",
        }
    }
}

/// What the layer × expert matrix shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpertsView {
    /// One token.
    #[default]
    Token,
    /// Every token so far.
    Load,
}

/// All that can happen to the page.
#[derive(Clone, Debug)]
pub enum Action {
    /// The worker, or a recording, told something.
    Received(Envelope<Event>),
    CatalogueArrived(Vec<CatalogueModel>),
    PublicArrived(PublicModels),
    /// What is kept in this browser is looked at.
    StoredAsked,
    StoredDeleted(String),
    ContextChosen(u32),
    CacheChosen(CacheFormat),
    DeviceMemoryTold(u64),
    ExecutorForced(Executor),
    ThreadsForced(u32),
    LoadAsked {
        load_id: u32,
        origin: String,
        source: Source,
    },
    LoadCancelled,
    DraftChanged(String),
    /// Send a prompt; `from_draft` empties the draft once it is on its way.
    Sent {
        generation_id: u32,
        prompt: String,
        options: GenerateOptions,
        from_draft: bool,
    },
    Stopped,
    NewChat,
    /// The prompt of this generation is to be written anew.
    EditStarted(u32),
    EditCancelled,
    /// A token; none follows the newest.
    Selected(Option<u32>),
    /// A token is to be looked at closely.
    ExamineAsked(u32),
    /// The token so many positions away.
    Stepped(i64),
    PlayToggled,
    /// Playing goes on by one token.
    Ticked,
    /// Speed of playing, tokens per second.
    RateChosen(u32),
    /// A layer, counted among MoE layers.
    LayerSelected(usize),
    /// The slot so many layers and experts away from the selected one.
    SlotMoved {
        layers: i64,
        experts: i64,
    },
    /// An expert of the selected layer, or none.
    ExpertSelected(Option<u16>),
    SamplingChanged(Sampling),
    SettingsToggled,
    /// The preferences as they were left.
    PreferencesFound(Preferences),
    LanguageChosen(Language),
    ThemeChosen(Theme),
    PaletteChosen(Palette),
    ShortcutsChosen {
        are_on: bool,
    },
    SystemSchemeTold {
        is_dark: bool,
    },
    /// The list of keys opens, or closes.
    KeysShown(bool),
    MeasureChosen(Measure),
    ExpertsViewChosen(ExpertsView),
    RasterOrdered(select::raster::Order),
    PartChosen(select::load::Part),
    /// A view at full size, or the overview.
    ViewChosen(Option<&'static str>),
    /// Show a recorded run.
    RunShown(Box<Recording>, Origin),
    /// Set a recorded run beside what is on screen, or take it away.
    BesideSet(Option<Box<Recording>>),
    /// Back from a recorded run to the visitor's own conversation.
    RunLeft,
    Economics(EconomicsAction),
    /// A link was followed: what it looks at.
    Looked(Selection, View),
    /// What is kept in this browser.
    KeptListed(Vec<KeptEntry>),
    /// Nothing can be kept, and why.
    KeepingFailed(String),
    /// The live conversation is kept under this id.
    ConversationNamed(Rc<str>),
    AlertRaised(String),
    AlertDismissed,
}
