//! Assumptions as a link carries them: what was chosen and edited, in place of the visitor's own until
//! they want those back. The visitor's own stay kept in the browser meanwhile.

use std::collections::BTreeMap;

use moescope_engine::cost::usage::Provider;

use super::{Assumption, Choice, Economics, Saved};

/// Longest name of a row that is taken from an address.
const MOST_NAME: usize = 200;

/// What a link says; empty where everything is as usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    pub choice: Choice,
    pub edited: BTreeMap<Assumption, f64>,
}

/// What a device, and what a price sheet, sets.
const OF_DEVICE: [Assumption; 5] = [
    Assumption::Bandwidth,
    Assumption::Memory,
    Assumption::Peak,
    Assumption::Watts,
    Assumption::Rent,
];

impl Moment {
    /// Keys and values, in order.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let choice = &self.choice;
        let chosen = [
            ("device", choice.device.clone()),
            ("beside", choice.beside.clone()),
            ("prices", choice.prices.clone()),
        ];
        let mut parts: Vec<_> = chosen.into_iter().filter(|(_, id)| !id.is_empty()).collect();
        if choice.provider > 0 {
            parts.push(("provider", choice.provider.to_string()));
        }
        let edited = self.edited.iter();
        parts.extend(edited.map(|(assumption, value)| (assumption.bounds().key, value.to_string())));
        parts
    }

    /// Takes one of them as far as it makes sense.
    pub fn take(&mut self, key: &str, value: &str) {
        let name = || value.chars().take(MOST_NAME).collect();
        match key {
            "device" => self.choice.device = name(),
            "beside" => self.choice.beside = name(),
            "prices" => self.choice.prices = name(),
            "provider" => {
                let provider: Option<u8> = value.parse().ok();
                let known = provider.filter(|at| usize::from(*at) < Provider::ALL.len());
                self.choice.provider = known.unwrap_or_default();
            }
            _ => {
                let assumption = Assumption::of_key(key);
                let value = value.parse().ok().and_then(|value| assumption?.within(value));
                self.edited.extend(assumption.zip(value));
            }
        }
    }
}

impl Economics {
    /// What a link to this moment says. Rows of the visitor's own are unknown to others, so their numbers
    /// are told instead.
    pub fn moment(&self) -> Moment {
        let mut edited = self.edited.clone();
        let mut tell = |assumptions: &[Assumption]| {
            for assumption in assumptions {
                let value = assumption.within(self.value(*assumption));
                edited.extend(value.map(|value| (*assumption, value)));
            }
        };
        if self.device().is_some_and(|device| device.changed.is_some()) {
            tell(&OF_DEVICE);
        }
        let prices = self.prices();
        let is_own = self.own_prices.is_some() || prices.is_some_and(|(_, prices)| prices.changed.is_some());
        if is_own {
            tell(&Assumption::PRICES);
        }
        Moment {
            choice: self.choice.clone(),
            edited,
        }
    }

    /// Puts a link's assumptions in the place of the visitor's own.
    pub(super) fn follow(&mut self, moment: Moment) {
        if moment == self.moment() {
            return;
        }
        if self.set_aside.is_none() {
            self.set_aside = Some(Box::new(self.saved()));
        }
        self.choice = moment.choice;
        self.edited = moment.edited;
    }

    /// The visitor's own again.
    pub(super) fn come_back(&mut self) {
        if let Some(saved) = self.set_aside.take() {
            self.restore(*saved);
        }
    }

    /// Whether assumptions came with a link.
    pub fn is_followed(&self) -> bool {
        self.set_aside.is_some()
    }

    /// What is to be kept of the visitor's own choices and edits.
    pub fn kept(&self) -> Saved {
        match &self.set_aside {
            // Rows are always the visitor's own.
            Some(aside) => Saved {
                own: self.own.clone(),
                own_prices: self.own_prices.as_deref().cloned(),
                ..(**aside).clone()
            },
            None => self.saved(),
        }
    }
}
