//! Rows of the visitor's own: presets changed or added in the page, kept in this browser and laid over
//! those that come with it. A row is taken only whole and within bounds, so that no formula meets a
//! number it cannot bear; what is refused says why and changes nothing.

mod row;

use serde::{Deserialize, Serialize};

use super::Presets;
use super::presets::{DevicePreset, ModelPreset, PriceSheet, Rent, TokenPrices};
use row::{Row, added, changed, check, fields};

/// Most rows of a kind, and the longest name.
const MOST_ROWS: usize = 64;
const MOST_NAME: usize = 80;

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Model,
    Device,
    Price,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Self::Model, Self::Device, Self::Price];

    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Device => "device",
            Self::Price => "price",
        }
    }
}

/// Which row, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowId {
    pub kind: Kind,
    pub id: String,
}

/// Why a row was not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum RowError {
    NoNumber {
        text: String,
    },
    Outside {
        least: f64,
        most: f64,
    },
    NotWhole,
    /// Of a name.
    Length {
        most: usize,
    },
    /// One part may not be larger than another: their keys.
    Larger {
        part: &'static str,
        whole: &'static str,
    },
    TooMany {
        most: usize,
    },
}

/// The prices of one model, as a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceRow {
    pub id: String,
    pub prices: TokenPrices,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    pub models: Vec<ModelPreset>,
    pub devices: Vec<DevicePreset>,
    pub prices: Vec<PriceRow>,
}

/// A number of a row as a panel shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    pub key: &'static str,
    pub value: Option<f64>,
}

impl Own {
    pub fn is_empty(&self) -> bool {
        self.models.is_empty() && self.devices.is_empty() && self.prices.is_empty()
    }

    /// What may be taken of rows that were kept: somebody may have written into the browser's storage.
    pub fn checked(mut self) -> Self {
        fn keep<T: Row>(rows: &mut Vec<T>) {
            rows.retain(|row| check(row).is_ok());
            rows.truncate(MOST_ROWS);
        }
        keep(&mut self.models);
        keep(&mut self.devices);
        keep(&mut self.prices);
        self
    }

    pub fn has(&self, row: &RowId) -> bool {
        match row.kind {
            Kind::Model => self.models.iter().any(|own| own.id == row.id),
            Kind::Device => self.devices.iter().any(|own| own.id == row.id),
            Kind::Price => self.prices.iter().any(|own| own.id == row.id),
        }
    }

    /// Forgets a row: one that came with the page is again as it came.
    pub fn drop_row(&mut self, row: &RowId) {
        match row.kind {
            Kind::Model => self.models.retain(|own| own.id != row.id),
            Kind::Device => self.devices.retain(|own| own.id != row.id),
            Kind::Price => self.prices.retain(|own| own.id != row.id),
        }
    }

    /// Changes a number, or the name, of a row on screen; tells its id from now on.
    pub fn change(
        &mut self,
        seen: &Presets,
        row: &RowId,
        key: &str,
        text: &str,
        day: &str,
    ) -> Result<String, RowError> {
        let gone = || RowError::NoNumber { text: row.id.clone() };
        match row.kind {
            Kind::Model => changed(
                &mut self.models,
                model(seen, &row.id).ok_or_else(gone)?,
                key,
                text,
                day,
            ),
            Kind::Device => {
                let device = device(seen, &row.id).ok_or_else(gone)?;
                let device = if key == "rent" {
                    rentable(device, day)
                } else {
                    device.clone()
                };
                changed(&mut self.devices, &device, key, text, day)
            }
            Kind::Price => changed(
                &mut self.prices,
                &price(seen, &row.id).ok_or_else(gone)?,
                key,
                text,
                day,
            ),
        }
    }

    /// Adds a row like one on screen; tells its id.
    pub fn add(&mut self, seen: &Presets, like: &RowId, day: &str) -> Result<String, RowError> {
        let gone = || RowError::NoNumber {
            text: like.id.clone(),
        };
        match like.kind {
            Kind::Model => added(
                &mut self.models,
                model(seen, &like.id).ok_or_else(gone)?,
                day,
                |name| {
                    seen.models
                        .models
                        .iter()
                        .any(|model| model.id == name || model.name == name)
                },
            ),
            Kind::Device => added(
                &mut self.devices,
                device(seen, &like.id).ok_or_else(gone)?,
                day,
                |name| {
                    seen.hardware
                        .devices
                        .iter()
                        .any(|device| device.id == name || device.name == name)
                },
            ),
            Kind::Price => added(
                &mut self.prices,
                &price(seen, &like.id).ok_or_else(gone)?,
                day,
                |name| seen.prices.prices.contains_key(name),
            ),
        }
    }

    /// Lays the rows over what came with the page, or over a price file of the visitor's.
    pub fn over(&self, shipped: &Presets, prices: Option<&PriceSheet>) -> Presets {
        let mut all = shipped.clone();
        if let Some(prices) = prices {
            all.prices = prices.clone();
        }
        lay(&mut all.models.models, &self.models);
        lay(&mut all.hardware.devices, &self.devices);
        for row in &self.prices {
            all.prices.prices.insert(row.id.clone(), row.prices.clone());
        }
        all
    }
}

fn lay<T: Row>(rows: &mut Vec<T>, own: &[T]) {
    for row in own {
        match rows.iter().position(|shipped| shipped.id() == row.id()) {
            Some(at) => rows[at] = row.clone(),
            None => rows.push(row.clone()),
        }
    }
}

/// Numbers of a row on screen.
pub fn fields_of(seen: &Presets, row: &RowId) -> Vec<Field> {
    let found = match row.kind {
        Kind::Model => model(seen, &row.id).map(fields),
        Kind::Device => device(seen, &row.id).map(|device| fields(&rentable(device, ""))),
        Kind::Price => price(seen, &row.id).as_ref().map(fields),
    };
    found.unwrap_or_default()
}

fn model<'a>(seen: &'a Presets, id: &str) -> Option<&'a ModelPreset> {
    seen.models.models.iter().find(|model| model.id == id)
}

fn device<'a>(seen: &'a Presets, id: &str) -> Option<&'a DevicePreset> {
    seen.hardware.devices.iter().find(|device| device.id == id)
}

fn price(seen: &Presets, id: &str) -> Option<PriceRow> {
    let prices = seen.prices.prices.get(id)?.clone();
    Some(PriceRow {
        id: id.to_owned(),
        prices,
    })
}

/// What is owned has a rent of nothing, which its owner may put otherwise.
fn rentable(device: &DevicePreset, day: &str) -> DevicePreset {
    let mut device = device.clone();
    if device.prices.is_empty() {
        device.prices.push(Rent {
            dollars_per_hour: 0.0,
            vendor: String::new(),
            date: day.to_owned(),
            source: String::new(),
            verified: true,
        });
    }
    device
}
