//! What the visitor assumes about costs elsewhere, and the presets it starts from.
//!
//! Every assumption has a start, from a preset or from its own line, and may be edited; what was edited
//! is all that is kept. So a reset is forgetting the edits.

pub mod account;
pub mod assumed;
pub mod assumption;
pub mod moment;
pub mod own;
pub mod presets;
pub mod price_file;
pub mod reference;
pub mod subject;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use assumed::{From, Input};
pub use assumption::{Assumption, Scale, Unit};
use moescope_engine::cost::usage::Provider;
use moment::Moment;
use own::{Own, RowError, RowId};
use presets::{DevicePreset, Hardware, MeasuredRuns, ModelPreset, Models, PriceSheet, TokenPrices};
use reference::Reference;
use serde::{Deserialize, Serialize};

use crate::protocol::{BitsFacts, Event, Request, Source};

/// The model beside the loaded one at first.
const FIRST_BESIDE: &str = "gpt-oss-20b";
const FIRST_DEVICE: &str = "h100";
const FIRST_PRICES: &str = "claude-sonnet-4-5";

/// What comes with the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presets {
    pub models: Models,
    pub hardware: Hardware,
    pub prices: PriceSheet,
    pub measured: MeasuredRuns,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Economics {
    /// What came with the page.
    shipped: Rc<Presets>,
    /// The same with the visitor's own rows and prices laid over it.
    pub presets: Rc<Presets>,
    pub own: Own,
    /// The row that is being changed, and why what was typed last was not taken, by the key of its number.
    pub row: Option<RowId>,
    pub row_error: Option<(&'static str, RowError)>,
    /// The number of the field guide that is opened: whose, and its name.
    pub opened: Option<(String, &'static str)>,
    /// Price sheet of the visitor's own, in place of the page's.
    pub own_prices: Option<Rc<PriceSheet>>,
    /// Why the last price file was not read.
    pub price_error: Option<String>,
    pub choice: Choice,
    edited: BTreeMap<Assumption, f64>,
    /// The visitor's own while those of a link stand in their place.
    set_aside: Option<Box<Saved>>,
    pub sorted_by: Column,
    pub calibration: Calibration,
    pub quality: Quality,
    pub reference: Reference,
    /// Days since 1970 on the visitor's calendar.
    pub today: Option<i64>,
}

/// What this device moves at best.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Calibration {
    #[default]
    Unknown,
    UnderWay,
    /// It could not be measured, and is not tried again but by hand.
    Failed,
    Known(Bandwidth),
}

/// As it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bandwidth {
    pub bytes_per_second: f64,
    /// Workers that read together; 0: a GPU.
    pub threads: u32,
    /// Days since 1970.
    pub day: Option<i64>,
}

/// What fewer bits do to the conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Quality {
    #[default]
    Unknown,
    UnderWay,
    Known(Vec<BitsFacts>),
}

/// What is chosen from lists; empty: the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    pub device: String,
    /// `none`: the loaded model alone.
    pub beside: String,
    pub prices: String,
    pub provider: u8,
}

/// What the field guide is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    #[default]
    Total,
    Active,
    Experts,
    Kv,
    Ceiling,
    Crossover,
}

impl Column {
    pub const ALL: [Column; 6] = [
        Self::Total,
        Self::Active,
        Self::Experts,
        Self::Kv,
        Self::Ceiling,
        Self::Crossover,
    ];
}

/// What can happen to it.
#[derive(Clone, Debug)]
pub enum EconomicsAction {
    PresetsArrived(Box<Presets>),
    Edited(Assumption, f64),
    /// Back to where it starts.
    Unedited(Assumption),
    DeviceChosen(String),
    BesideChosen(String),
    PricesChosen(String),
    ProviderChosen(Provider),
    /// A text in LiteLLM's format.
    PricesPasted(String),
    /// A file is none, and why.
    PricesRefused(String),
    OwnPricesDropped,
    SortedBy(Column),
    /// A number of the field guide is opened; again, it closes.
    NumberOpened(String, &'static str),
    /// A row is to be changed; again, no longer.
    RowOpened(RowId),
    /// A number of it, by its key, or its `name`, as it was typed.
    RowChanged(RowId, &'static str, String),
    /// One more, like this one.
    RowAdded(RowId),
    RowDropped(RowId),
    OwnRowsDropped,
    CalibrationAsked,
    /// What was measured on an earlier visit.
    CalibrationKept(Bandwidth),
    BitsAsked(Vec<u8>),
    /// A file to hold the model against, and its bytes.
    ReferenceChosen(String, u64),
    ReferenceAsked(u32, Source),
    ReferenceCancelled,
    TodayTold(i64),
    Restored(Box<Saved>),
    /// A link says what to assume.
    Followed(Box<Moment>),
    /// The visitor's own again.
    CameBack,
    /// All edits and choices forgotten.
    Reset,
}

/// What is kept in the browser.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    pub choice: Choice,
    /// By key; what is unknown is passed over.
    pub edited: BTreeMap<String, f64>,
    /// In LiteLLM's format.
    pub own_prices: Option<PriceSheet>,
    pub own: Own,
}

impl Economics {
    /// The next state.
    pub fn fold(&mut self, action: EconomicsAction) {
        match action {
            EconomicsAction::PresetsArrived(presets) => {
                self.shipped = Rc::from(presets);
                self.lay();
            }
            EconomicsAction::Edited(assumption, value) => {
                if let Some(value) = assumption.within(value) {
                    self.edited.insert(assumption, value);
                }
            }
            EconomicsAction::Unedited(assumption) => {
                self.edited.remove(&assumption);
            }
            EconomicsAction::DeviceChosen(id) => {
                self.choice.device = id;
                self.forget(&[
                    Assumption::Bandwidth,
                    Assumption::Memory,
                    Assumption::Peak,
                    Assumption::Watts,
                    Assumption::Rent,
                ]);
            }
            EconomicsAction::BesideChosen(id) => self.choice.beside = id,
            EconomicsAction::PricesChosen(name) => {
                self.choice.prices = name;
                self.forget(&Assumption::PRICES);
            }
            EconomicsAction::ProviderChosen(provider) => {
                let at = Provider::ALL.iter().position(|known| *known == provider);
                self.choice.provider = at.unwrap_or_default() as u8;
            }
            EconomicsAction::PricesPasted(text) => match price_file::read(&text) {
                Ok(sheet) => {
                    self.choice.prices = sheet.prices.keys().next().cloned().unwrap_or_default();
                    self.own_prices = Some(Rc::new(sheet));
                    self.price_error = None;
                    self.forget(&Assumption::PRICES);
                    self.lay();
                }
                Err(err) => self.price_error = Some(err.to_string()),
            },
            EconomicsAction::PricesRefused(reason) => self.price_error = Some(reason),
            EconomicsAction::OwnPricesDropped => {
                self.own_prices = None;
                self.price_error = None;
                self.choice.prices = String::new();
                self.lay();
            }
            EconomicsAction::SortedBy(column) => self.sorted_by = column,
            EconomicsAction::NumberOpened(of, name) => {
                let is_open = self
                    .opened
                    .as_ref()
                    .is_some_and(|opened| opened.0 == of && opened.1 == name);
                self.opened = (!is_open).then_some((of, name));
                self.row = None;
            }
            EconomicsAction::RowOpened(row) => self.open(row),
            EconomicsAction::RowChanged(row, key, text) => {
                let changed = self.own.change(&self.presets, &row, key, &text, &self.day());
                self.took(row, key, changed);
            }
            EconomicsAction::RowAdded(like) => {
                let added = self.own.add(&self.presets, &like, &self.day());
                self.took(like, "name", added);
            }
            EconomicsAction::RowDropped(row) => {
                self.own.drop_row(&row);
                self.row_error = None;
                self.lay();
            }
            EconomicsAction::OwnRowsDropped => {
                self.own = Own::default();
                (self.row, self.row_error) = (None, None);
                self.lay();
            }
            EconomicsAction::CalibrationAsked => self.calibration = Calibration::UnderWay,
            EconomicsAction::CalibrationKept(bandwidth) => {
                self.calibration = Calibration::Known(bandwidth);
            }
            EconomicsAction::BitsAsked(_) => self.quality = Quality::UnderWay,
            EconomicsAction::ReferenceChosen(name, bytes) => {
                self.reference = Reference::Chosen { name, bytes };
            }
            EconomicsAction::ReferenceAsked(load_id, _) => self.reference.start(load_id),
            EconomicsAction::ReferenceCancelled => {}
            EconomicsAction::TodayTold(day) => self.today = Some(day),
            EconomicsAction::Restored(saved) => self.restore(*saved),
            EconomicsAction::Followed(moment) => self.follow(*moment),
            EconomicsAction::CameBack => self.come_back(),
            EconomicsAction::Reset => {
                *self = Self {
                    shipped: Rc::clone(&self.shipped),
                    own: std::mem::take(&mut self.own),
                    today: self.today,
                    calibration: self.calibration,
                    quality: self.quality.clone(),
                    reference: self.reference.clone(),
                    ..Self::default()
                };
                self.lay();
            }
        }
    }

    fn lay(&mut self) {
        self.presets = Rc::new(self.own.over(&self.shipped, self.own_prices.as_deref()));
    }

    fn open(&mut self, row: RowId) {
        let is_open = self.row.as_ref() == Some(&row);
        self.row = (!is_open).then_some(row);
        (self.row_error, self.opened) = (None, None);
    }

    /// A change was taken, and the row may have another id now; or it was not, and says why.
    fn took(&mut self, row: RowId, key: &'static str, changed: Result<String, RowError>) {
        match changed {
            Ok(id) => {
                self.row_error = None;
                self.row = Some(RowId { id, ..row });
                self.lay();
            }
            Err(err) => {
                self.row = Some(row);
                self.row_error = Some((key, err));
            }
        }
    }

    /// Whether a row of that id came with the page, or with the visitor's price file.
    pub fn is_shipped(&self, row: &RowId) -> bool {
        let prices = self.own_prices.as_deref().unwrap_or(&self.shipped.prices);
        match row.kind {
            own::Kind::Model => self.shipped.models.models.iter().any(|model| model.id == row.id),
            own::Kind::Device => self
                .shipped
                .hardware
                .devices
                .iter()
                .any(|device| device.id == row.id),
            own::Kind::Price => prices.prices.contains_key(&row.id),
        }
    }

    /// Today as a row is dated.
    fn day(&self) -> String {
        self.today.map(crate::format::day).unwrap_or_default()
    }

    /// What an action asks the worker for.
    pub fn request(&self, action: &EconomicsAction) -> Option<Request> {
        match action {
            EconomicsAction::CalibrationAsked => Some(Request::Calibrate),
            EconomicsAction::BitsAsked(bits) => Some(Request::CompareBits { bits: bits.clone() }),
            EconomicsAction::ReferenceAsked(load_id, source) => Some(Request::CompareFile {
                load_id: *load_id,
                source: source.clone(),
            }),
            EconomicsAction::ReferenceCancelled => match self.reference {
                Reference::UnderWay { load_id, .. } => Some(Request::CancelLoad { load_id }),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the worker tells of measurements.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Calibrated {
                bytes_per_second,
                threads,
            } => {
                self.calibration = Calibration::Known(Bandwidth {
                    bytes_per_second: *bytes_per_second,
                    threads: *threads,
                    day: self.today,
                });
            }
            Event::BitsCompared(facts) => self.quality = Quality::Known(facts.clone()),
            Event::Comparing { .. } | Event::FileCompared(_) | Event::CompareEnded => {
                self.hear_of_reference(event);
            }
            _ => self.end_measuring(),
        }
    }

    /// What was asked for does not come.
    fn end_measuring(&mut self) {
        if self.calibration == Calibration::UnderWay {
            self.calibration = Calibration::Failed;
        }
        if self.quality == Quality::UnderWay {
            self.quality = Quality::Unknown;
        }
        self.reference.end();
    }

    /// The conversation went on: what was measured over it holds no longer.
    pub fn forget_quality(&mut self) {
        self.quality = Quality::Unknown;
        if matches!(self.reference, Reference::Known(_)) {
            self.reference = Reference::None;
        }
    }

    /// Another model, perhaps on another device.
    pub fn forget_measurements(&mut self) {
        self.calibration = Calibration::Unknown;
        self.forget_quality();
        self.reference.end();
    }

    fn forget(&mut self, assumptions: &[Assumption]) {
        self.edited.retain(|edited, _| !assumptions.contains(edited));
    }

    /// What is chosen and edited now.
    pub fn saved(&self) -> Saved {
        Saved {
            choice: self.choice.clone(),
            edited: self
                .edited
                .iter()
                .map(|(assumption, value)| (assumption.bounds().key.to_owned(), *value))
                .collect(),
            own_prices: self.own_prices.as_deref().cloned(),
            own: self.own.clone(),
        }
    }

    fn restore(&mut self, saved: Saved) {
        self.choice = saved.choice;
        self.own_prices = saved.own_prices.map(Rc::new);
        self.own = saved.own.checked();
        let known = saved
            .edited
            .into_iter()
            .filter_map(|(key, value)| Some((Assumption::of_key(&key)?, value)));
        self.edited = known
            .filter_map(|(assumption, value)| Some((assumption, assumption.within(value)?)))
            .collect();
        self.lay();
    }

    /// Whether anything is other than at first.
    pub fn is_edited(&self) -> bool {
        !self.edited.is_empty() || self.choice != Choice::default() || self.own_prices.is_some()
    }

    /// Whether there is anything to keep.
    pub fn is_kept(&self) -> bool {
        self.kept() != Saved::default()
    }

    /// The device costs are worked out for.
    pub fn device(&self) -> Option<&DevicePreset> {
        let devices = &self.presets.hardware.devices;
        chosen(devices, &self.choice.device, FIRST_DEVICE, |device| &device.id)
    }

    /// The model beside the loaded one.
    pub fn beside(&self) -> Option<&ModelPreset> {
        if self.choice.beside == "none" {
            return None;
        }
        let models = &self.presets.models.models;
        chosen(models, &self.choice.beside, FIRST_BESIDE, |model| &model.id)
    }

    /// A model of the list.
    pub fn preset(&self, id: &str) -> Option<&ModelPreset> {
        self.presets.models.models.iter().find(|model| model.id == id)
    }

    /// The sheet prices are from.
    pub fn price_sheet(&self) -> &PriceSheet {
        &self.presets.prices
    }

    /// The prices of a bill, and whose.
    pub fn prices(&self) -> Option<(&String, &TokenPrices)> {
        let prices = &self.price_sheet().prices;
        let of = |name: &str| prices.get_key_value(name);
        of(&self.choice.prices)
            .or_else(|| of(FIRST_PRICES))
            .or_else(|| prices.iter().next())
    }

    /// Whose words the receipt uses.
    pub fn provider(&self) -> Provider {
        let at = usize::from(self.choice.provider);
        Provider::ALL.get(at).copied().unwrap_or_default()
    }
}

fn chosen<'a, T>(all: &'a [T], id: &str, first: &str, id_of: impl Fn(&T) -> &String) -> Option<&'a T> {
    let of = |id: &str| all.iter().find(|it| id_of(it) == id);
    of(id).or_else(|| of(first)).or_else(|| all.first())
}
