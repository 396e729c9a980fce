//! The value an assumption has now, and where it is from.

use moescope_engine::cost::energy::Power;
use moescope_engine::cost::receipt::Prices;
use moescope_engine::cost::{Device, Serving, Sizes, WeightBytes, roofline};

use super::presets::Rent;
use super::{Assumption, Economics};

/// Where an input is from.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// The visitor.
    Edited,
    /// A convention of the page, whose docs say why.
    Usual,
    /// A preset: where it was read, and when.
    Preset {
        source: String,
        date: String,
        verified: bool,
    },
    /// A row that the visitor changed on a day, and what it was made from.
    Own { source: String, day: String },
    /// The file of the loaded model.
    File,
    /// The run.
    Run,
}

impl From {
    /// Of a row of presets.
    pub fn row(source: &str, date: &str, verified: bool, changed: Option<&String>) -> Self {
        match changed {
            Some(day) => Self::Own {
                source: source.to_owned(),
                day: day.clone(),
            },
            None => Self::Preset {
                source: source.to_owned(),
                date: date.to_owned(),
                verified,
            },
        }
    }
}

/// A number that goes into a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub assumption: Assumption,
    pub value: f64,
    pub from: From,
}

const DISCLOSURE: &str = "deepseek-ai/open-infra-index, open-source week, day 6";

/// Shares of the roofline that real serving reaches: on one device, and over several.
const USUAL_EFFICIENCY: [f64; 2] = [0.5, 0.25];

impl Assumption {
    /// What a price sheet sets.
    pub const PRICES: [Assumption; 5] = [
        Self::PriceInput,
        Self::PriceCacheRead,
        Self::PriceCacheWrite,
        Self::PriceOutput,
        Self::PriceReasoning,
    ];
}

impl Economics {
    /// Its value.
    pub fn value(&self, assumption: Assumption) -> f64 {
        self.input(assumption).value
    }

    /// Its value and where that is from.
    pub fn input(&self, assumption: Assumption) -> Input {
        let input = |value: f64, from: From| Input {
            assumption,
            value,
            from,
        };
        if let Some(value) = self.edited.get(&assumption) {
            return input(*value, From::Edited);
        }
        match self.preset_of(assumption) {
            Some((value, from)) => input(value, from),
            None => input(assumption.bounds().start, From::Usual),
        }
    }

    fn preset_of(&self, assumption: Assumption) -> Option<(f64, From)> {
        let of_sheets = self.of_device(assumption).or_else(|| self.of_prices(assumption));
        of_sheets.or_else(|| disclosed(assumption))
    }

    fn of_device(&self, assumption: Assumption) -> Option<(f64, From)> {
        let device = self.device()?;
        let (value, field) = match assumption {
            Assumption::Bandwidth => (device.bandwidth_tbs, "bandwidth"),
            Assumption::Memory => (device.memory_gb, "memory"),
            Assumption::Peak => (device.tflops.bf16, "tflops"),
            Assumption::Watts => (device.watts, "watts"),
            Assumption::Rent => return Some(rent(device.rent()?, device.changed.as_ref())),
            _ => return None,
        };
        let verified = !device.is_unverified(field);
        Some((
            value,
            From::row(&device.source, &device.date, verified, device.changed.as_ref()),
        ))
    }

    fn of_prices(&self, assumption: Assumption) -> Option<(f64, From)> {
        let (name, prices) = self.prices()?;
        let value = match assumption {
            Assumption::PriceInput => prices.input,
            Assumption::PriceCacheRead => prices.cache_read.unwrap_or(prices.input),
            Assumption::PriceCacheWrite => prices.cache_write.unwrap_or(prices.input),
            Assumption::PriceOutput => prices.output,
            Assumption::PriceReasoning => prices.reasoning.unwrap_or(prices.output),
            _ => return None,
        };
        let sheet = self.price_sheet();
        let source = match sheet.source.as_str() {
            "" => name.clone(),
            source => format!("{name}: {source}"),
        };
        Some((
            value,
            From::row(&source, &sheet.date, true, prices.changed.as_ref()),
        ))
    }

    /// Whether the visitor changed it.
    pub fn is_own(&self, assumption: Assumption) -> bool {
        self.edited.contains_key(&assumption)
    }

    /// The device as assumed.
    pub fn assumed_device(&self) -> Device {
        Device {
            memory_bytes: self.value(Assumption::Memory) * 1e9,
            bandwidth: self.value(Assumption::Bandwidth) * 1e12,
            flops: self.value(Assumption::Peak) * 1e12,
            watts: self.value(Assumption::Watts),
        }
    }

    /// What the device is assumed to draw.
    pub fn assumed_power(&self) -> Power {
        Power {
            watts: self.value(Assumption::Watts),
            working: self.value(Assumption::PowerWorking),
            waiting: self.value(Assumption::PowerWaiting),
        }
    }

    /// How a model is served: on as few devices as hold it. The usual share of the roofline is lower
    /// where several work together.
    pub fn serving(&self, sizes: &Sizes, weights: WeightBytes) -> Serving {
        let alone = Serving {
            device: self.assumed_device(),
            devices: 1.0,
            efficiency: self.value(Assumption::Efficiency),
            fixed_seconds: self.value(Assumption::FixedMicros) / 1e6,
            weights,
            kv_bytes: self.value(Assumption::KvBits) / 8.0,
        };
        let (context, reserve) = (self.value(Assumption::Context), self.value(Assumption::Reserve));
        let devices = roofline::fewest_devices(sizes, &alone, context, reserve);
        Serving {
            devices,
            efficiency: self.efficiency(devices),
            ..alone
        }
    }

    /// The share of the roofline assumed of so many devices.
    pub fn efficiency(&self, devices: f64) -> f64 {
        if self.is_own(Assumption::Efficiency) {
            self.value(Assumption::Efficiency)
        } else {
            USUAL_EFFICIENCY[usize::from(devices > 1.0)]
        }
    }

    /// Prices of a bill as assumed.
    pub fn assumed_prices(&self) -> Prices {
        Prices {
            input: self.value(Assumption::PriceInput),
            cache_read: self.value(Assumption::PriceCacheRead),
            cache_write: self.value(Assumption::PriceCacheWrite),
            output: self.value(Assumption::PriceOutput),
            reasoning: self.value(Assumption::PriceReasoning),
        }
    }
}

/// What DeepSeek told of a day of its service.
fn disclosed(assumption: Assumption) -> Option<(f64, From)> {
    let bounds = assumption.bounds();
    let from = From::Preset {
        source: DISCLOSURE.into(),
        date: "2025-02-28".into(),
        verified: true,
    };
    bounds.key.starts_with("day-").then_some((bounds.start, from))
}

fn rent(rent: &Rent, changed: Option<&String>) -> (f64, From) {
    let source = match rent.source.as_str() {
        "" => rent.vendor.clone(),
        source => format!("{}, {source}", rent.vendor),
    };
    let from = From::row(&source, &rent.date, rent.verified, changed);
    (rent.dollars_per_hour, from)
}
