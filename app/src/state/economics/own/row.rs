//! The numbers that a row is made of, each with its bounds and where it stands; and how one is changed.

use moescope_engine::cost::shape::Attention;

use super::super::presets::{DevicePreset, ModelPreset};
use super::{Field, MOST_NAME, MOST_ROWS, PriceRow, RowError};

/// Where a number of a row stands.
pub enum Place<'a> {
    Whole(&'a mut u32),
    Number(&'a mut f64),
    /// May be left out.
    Maybe(&'a mut Option<f64>),
}

/// A number of a row: its bounds, and where it stands if the row has it.
pub struct Slot<T> {
    key: &'static str,
    least: f64,
    most: f64,
    at: fn(&mut T) -> Option<Place<'_>>,
}

/// A row that can be changed.
pub trait Row: Clone + 'static {
    const SLOTS: &'static [Slot<Self>];

    fn id(&self) -> &str;
    fn rename(&mut self, id: Option<String>, name: String);
    fn name(&self) -> &str;
    fn change(&mut self, day: String);
    /// Pairs of keys of which the first may not be larger than the second.
    const ORDERED: &'static [(&'static str, &'static str)] = &[];
}

const fn slot<T>(key: &'static str, bounds: (f64, f64), at: fn(&mut T) -> Option<Place<'_>>) -> Slot<T> {
    Slot {
        key,
        least: bounds.0,
        most: bounds.1,
        at,
    }
}

/// The names of a row that has them as fields.
macro_rules! named_by_fields {
    () => {
        fn id(&self) -> &str {
            &self.id
        }

        fn name(&self) -> &str {
            &self.name
        }

        fn rename(&mut self, id: Option<String>, name: String) {
            self.id = id.unwrap_or_else(|| self.id.clone());
            self.name = name;
        }

        fn change(&mut self, day: String) {
            self.changed = Some(day);
        }
    };
}

const WIDTH: (f64, f64) = (0.0, 65_536.0);
const BITS: (f64, f64) = (1.0, 32.0);
const DOLLARS: (f64, f64) = (0.0, 1e6);

impl Row for ModelPreset {
    const SLOTS: &'static [Slot<Self>] = &[
        slot("layers", (1.0, 1000.0), |row| Some(Place::Whole(&mut row.layers))),
        slot("dense-layers", (0.0, 1000.0), |row| {
            Some(Place::Whole(&mut row.dense_layers))
        }),
        slot("d-model", (1.0, 65_536.0), |row| {
            Some(Place::Whole(&mut row.d_model))
        }),
        slot("vocab", (1.0, 1e7), |row| Some(Place::Whole(&mut row.vocab))),
        slot("dense-ff", (0.0, 1e6), |row| {
            Some(Place::Whole(&mut row.dense_ff))
        }),
        slot("n-experts", (0.0, 4096.0), |row| {
            Some(Place::Whole(&mut row.n_experts))
        }),
        slot("top-k", (0.0, 4096.0), |row| Some(Place::Whole(&mut row.top_k))),
        slot("expert-ff", (0.0, 1e6), |row| {
            Some(Place::Whole(&mut row.expert_ff))
        }),
        slot("shared-ff", (0.0, 1e6), |row| {
            Some(Place::Whole(&mut row.shared_ff))
        }),
        slot("n-heads", (1.0, 4096.0), |row| match &mut row.attention {
            Attention::Grouped { n_heads, .. } | Attention::Latent { n_heads, .. } => {
                Some(Place::Whole(n_heads))
            }
        }),
        slot("n-kv-heads", (1.0, 4096.0), |row| match &mut row.attention {
            Attention::Grouped { n_kv_heads, .. } => Some(Place::Whole(n_kv_heads)),
            Attention::Latent { .. } => None,
        }),
        slot("head-dim", (1.0, 4096.0), |row| match &mut row.attention {
            Attention::Grouped { head_dim, .. } => Some(Place::Whole(head_dim)),
            Attention::Latent { .. } => None,
        }),
        slot("window", (1.0, 1e7), |row| match &mut row.attention {
            Attention::Grouped {
                window: Some((_, width)),
                ..
            } => Some(Place::Whole(width)),
            _ => None,
        }),
        slot("d-latent", WIDTH, |row| latent(row, |[_, d_latent, ..]| d_latent)),
        slot("n-rot", WIDTH, |row| latent(row, |[_, _, n_rot, ..]| n_rot)),
        slot("q-rank", WIDTH, |row| latent(row, |[q_rank, ..]| q_rank)),
        slot("d-nope", WIDTH, |row| latent(row, |[_, _, _, d_nope, _]| d_nope)),
        slot("d-value", WIDTH, |row| latent(row, |[.., d_value]| d_value)),
        slot("always-bits", BITS, |row| {
            Some(Place::Number(&mut row.weights.always_bits))
        }),
        slot("expert-bits", BITS, |row| {
            Some(Place::Number(&mut row.weights.expert_bits))
        }),
    ];
    const ORDERED: &'static [(&'static str, &'static str)] = &[
        ("dense-layers", "layers"),
        ("top-k", "n-experts"),
        ("n-kv-heads", "n-heads"),
    ];

    named_by_fields!();
}

/// A width of latent attention.
fn latent(row: &mut ModelPreset, pick: fn([&mut u32; 5]) -> &mut u32) -> Option<Place<'_>> {
    match &mut row.attention {
        Attention::Grouped { .. } => None,
        Attention::Latent {
            q_rank,
            d_latent,
            n_rot,
            d_nope,
            d_value,
            ..
        } => Some(Place::Whole(pick([q_rank, d_latent, n_rot, d_nope, d_value]))),
    }
}

impl Row for DevicePreset {
    const SLOTS: &'static [Slot<Self>] = &[
        slot("memory", (0.1, 100_000.0), |row| {
            Some(Place::Number(&mut row.memory_gb))
        }),
        slot("bandwidth", (0.001, 1000.0), |row| {
            Some(Place::Number(&mut row.bandwidth_tbs))
        }),
        slot("peak", (0.001, 1e6), |row| {
            Some(Place::Number(&mut row.tflops.bf16))
        }),
        slot("watts", (0.1, 1e6), |row| Some(Place::Number(&mut row.watts))),
        slot("rent", (0.0, 10_000.0), |row| {
            row.prices
                .first_mut()
                .map(|rent| Place::Number(&mut rent.dollars_per_hour))
        }),
    ];

    named_by_fields!();
}

impl Row for PriceRow {
    const SLOTS: &'static [Slot<Self>] = &[
        slot("price-input", DOLLARS, |row| {
            Some(Place::Number(&mut row.prices.input))
        }),
        slot("price-output", DOLLARS, |row| {
            Some(Place::Number(&mut row.prices.output))
        }),
        slot("price-cache-read", DOLLARS, |row| {
            Some(Place::Maybe(&mut row.prices.cache_read))
        }),
        slot("price-cache-write", DOLLARS, |row| {
            Some(Place::Maybe(&mut row.prices.cache_write))
        }),
        slot("price-reasoning", DOLLARS, |row| {
            Some(Place::Maybe(&mut row.prices.reasoning))
        }),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.id
    }

    /// Prices are found by their name.
    fn rename(&mut self, _: Option<String>, name: String) {
        self.id = name;
    }

    fn change(&mut self, day: String) {
        self.prices.changed = Some(day);
    }
}

pub fn fields<T: Row>(row: &T) -> Vec<Field> {
    let mut row = row.clone();
    let field = |slot: &Slot<T>| {
        let value = match (slot.at)(&mut row)? {
            Place::Whole(value) => Some(f64::from(*value)),
            Place::Number(value) => Some(*value),
            Place::Maybe(value) => *value,
        };
        Some(Field { key: slot.key, value })
    };
    T::SLOTS.iter().filter_map(field).collect()
}

/// What is wrong with a row as a whole.
pub fn check<T: Row>(row: &T) -> Result<(), RowError> {
    let fields = fields(row);
    for slot in T::SLOTS {
        let field = fields.iter().find(|field| field.key == slot.key);
        if let Some(value) = field.and_then(|field| field.value)
            && !(slot.least..=slot.most).contains(&value)
        {
            return Err(RowError::Outside {
                least: slot.least,
                most: slot.most,
            });
        }
    }
    let of = |key: &str| fields.iter().find(|field| field.key == key)?.value;
    for &(part, whole) in T::ORDERED {
        if of(part) > of(whole) {
            return Err(RowError::Larger { part, whole });
        }
    }
    let name = row.name().trim();
    if name.is_empty() || name.len() > MOST_NAME || row.id().len() > MOST_NAME {
        return Err(RowError::Length { most: MOST_NAME });
    }
    Ok(())
}

/// The row with a number as it was typed.
fn set<T: Row>(row: &T, key: &str, text: &str) -> Result<T, RowError> {
    let mut row = row.clone();
    if key == "name" {
        row.rename(None, text.trim().to_owned());
        return check(&row).map(|()| row);
    }
    let place = T::SLOTS
        .iter()
        .find(|slot| slot.key == key)
        .and_then(|slot| (slot.at)(&mut row));
    let typed = text.trim().replace(',', ".");
    let number = typed.parse::<f64>().ok().filter(|number| number.is_finite());
    let no_number = || RowError::NoNumber {
        text: text.chars().take(MOST_NAME).collect(),
    };
    match place {
        None => return Err(no_number()),
        Some(Place::Maybe(value)) if typed.is_empty() => *value = None,
        Some(Place::Maybe(value)) => *value = Some(number.ok_or_else(no_number)?),
        Some(Place::Number(value)) => *value = number.ok_or_else(no_number)?,
        Some(Place::Whole(value)) => {
            let number = number.ok_or_else(no_number)?;
            if number.fract() != 0.0 {
                return Err(RowError::NotWhole);
            }
            // What does not fit is outside of every bound.
            *value = number.clamp(0.0, f64::from(u32::MAX)) as u32;
            if f64::from(*value) != number {
                *value = u32::MAX;
            }
        }
    }
    check(&row).map(|()| row)
}

/// Puts the row in the place of the one it was, or at the end.
fn put<T: Row>(rows: &mut Vec<T>, was: &str, row: T) -> Result<(), RowError> {
    match rows.iter().position(|own| own.id() == was) {
        Some(at) => rows[at] = row,
        None if rows.len() >= MOST_ROWS => return Err(RowError::TooMany { most: MOST_ROWS }),
        None => rows.push(row),
    }
    Ok(())
}

/// The row changed in one number, among the visitor's own.
pub fn changed<T: Row>(
    rows: &mut Vec<T>,
    row: &T,
    key: &str,
    text: &str,
    day: &str,
) -> Result<String, RowError> {
    let mut next = set(row, key, text)?;
    next.change(day.to_owned());
    let id = next.id().to_owned();
    put(rows, row.id(), next)?;
    Ok(id)
}

/// A copy of the row under a name of its own.
pub fn added<T: Row>(
    rows: &mut Vec<T>,
    like: &T,
    day: &str,
    is_taken: impl Fn(&str) -> bool,
) -> Result<String, RowError> {
    let copy = |nth: usize| (format!("own-{nth}"), format!("{} ({nth})", like.name()));
    // More names than there may be rows, so one is free.
    let free = (2..MOST_ROWS * 2 + 4)
        .map(copy)
        .find(|(id, name)| !is_taken(id) && !is_taken(name));
    let mut row = like.clone();
    if let Some((id, name)) = free {
        row.rename(Some(id), name);
    }
    check(&row)?;
    row.change(day.to_owned());
    let id = row.id().to_owned();
    put(rows, &id, row)?;
    Ok(id)
}
