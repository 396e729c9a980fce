//! What the visitor assumes about costs elsewhere, and the presets it starts from.
//!
//! Every assumption has a start, from a preset or from its own line, and may be edited; what was edited
//! is all that is kept. So a reset is forgetting the edits.

pub mod account;
pub mod assumed;
pub mod assumption;
pub mod presets;
pub mod price_file;
pub mod subject;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use assumed::{From, Input};
pub use assumption::{Assumption, Scale, Unit};
use moescope_engine::cost::usage::Provider;
use presets::{DevicePreset, Hardware, MeasuredRuns, ModelPreset, Models, PriceSheet, TokenPrices};
use serde::{Deserialize, Serialize};

use crate::protocol::{BitsFacts, Event, Request};

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
    pub presets: Rc<Presets>,
    /// Price sheet of the visitor's own, in place of the page's.
    pub own_prices: Option<Rc<PriceSheet>>,
    /// Why the last price file was not read.
    pub price_error: Option<String>,
    pub choice: Choice,
    edited: BTreeMap<Assumption, f64>,
    pub sorted_by: Column,
    pub calibration: Calibration,
    pub quality: Quality,
    /// Days since 1970 on the visitor's calendar.
    pub today: Option<i64>,
}

/// What this device moves at best.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Calibration {
    #[default]
    Unknown,
    UnderWay,
    /// Bytes per second.
    Known(f64),
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
    OwnPricesDropped,
    SortedBy(Column),
    CalibrationAsked,
    BitsAsked(Vec<u8>),
    TodayTold(i64),
    Restored(Box<Saved>),
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
}

impl Economics {
    /// The next state.
    pub fn fold(&mut self, action: EconomicsAction) {
        match action {
            EconomicsAction::PresetsArrived(presets) => self.presets = Rc::from(presets),
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
                }
                Err(err) => self.price_error = Some(err.to_string()),
            },
            EconomicsAction::OwnPricesDropped => {
                self.own_prices = None;
                self.price_error = None;
                self.choice.prices = String::new();
            }
            EconomicsAction::SortedBy(column) => self.sorted_by = column,
            EconomicsAction::CalibrationAsked => self.calibration = Calibration::UnderWay,
            EconomicsAction::BitsAsked(_) => self.quality = Quality::UnderWay,
            EconomicsAction::TodayTold(day) => self.today = Some(day),
            EconomicsAction::Restored(saved) => self.restore(*saved),
            EconomicsAction::Reset => {
                *self = Self {
                    presets: Rc::clone(&self.presets),
                    today: self.today,
                    calibration: self.calibration,
                    quality: self.quality.clone(),
                    ..Self::default()
                };
            }
        }
    }

    /// What an action asks the worker for.
    pub fn request(action: &EconomicsAction) -> Option<Request> {
        match action {
            EconomicsAction::CalibrationAsked => Some(Request::Calibrate),
            EconomicsAction::BitsAsked(bits) => Some(Request::CompareBits { bits: bits.clone() }),
            _ => None,
        }
    }

    /// What the worker tells of measurements.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Calibrated { bytes_per_second } => {
                self.calibration = Calibration::Known(*bytes_per_second);
            }
            Event::BitsCompared(facts) => self.quality = Quality::Known(facts.clone()),
            _ => self.end_measuring(),
        }
    }

    /// What was asked for does not come.
    fn end_measuring(&mut self) {
        if self.calibration == Calibration::UnderWay {
            self.calibration = Calibration::Unknown;
        }
        if self.quality == Quality::UnderWay {
            self.quality = Quality::Unknown;
        }
    }

    /// Another model, perhaps on another device.
    pub fn forget_measurements(&mut self) {
        self.calibration = Calibration::Unknown;
        self.quality = Quality::Unknown;
    }

    fn forget(&mut self, assumptions: &[Assumption]) {
        self.edited.retain(|edited, _| !assumptions.contains(edited));
    }

    /// What is to be kept.
    pub fn saved(&self) -> Saved {
        Saved {
            choice: self.choice.clone(),
            edited: self
                .edited
                .iter()
                .map(|(assumption, value)| (assumption.bounds().key.to_owned(), *value))
                .collect(),
            own_prices: self.own_prices.as_deref().cloned(),
        }
    }

    fn restore(&mut self, saved: Saved) {
        self.choice = saved.choice;
        self.own_prices = saved.own_prices.map(Rc::new);
        let known = saved
            .edited
            .into_iter()
            .filter_map(|(key, value)| Some((Assumption::of_key(&key)?, value)));
        self.edited = known
            .filter_map(|(assumption, value)| Some((assumption, assumption.within(value)?)))
            .collect();
    }

    /// Whether anything is other than at first.
    pub fn is_edited(&self) -> bool {
        !self.edited.is_empty() || self.choice != Choice::default() || self.own_prices.is_some()
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
        self.own_prices.as_deref().unwrap_or(&self.presets.prices)
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
