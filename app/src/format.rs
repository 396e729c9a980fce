//! The one place where numbers become words: units, digits, and where a number comes from.
//!
//! Units are SI and follow a narrow no-break space; three digits are significant: more would claim a
//! precision that no run repeats. The decimal sign, what groups digits and the unit of a byte are those
//! of the page's language ([`crate::words::Numbers`]); scripts read `data-raw`, which knows no language.

use crate::state::economics::Unit;
use crate::words::{numbers, words};

const NARROW: char = '\u{202f}';

/// Where a number comes from. What was modelled is never added to what was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Read from a clock on this device.
    Measured,
    /// Counted exactly: from the plan, the chosen experts, the file.
    Counted,
    /// Worked out with a formula from assumptions that the visitor can change.
    Modelled,
}

impl Origin {
    /// The class of its mark.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Counted => "counted",
            Self::Modelled => "modelled",
        }
    }

    /// The word for it.
    pub fn told(self) -> &'static str {
        let words = &words().figure;
        match self {
            Self::Measured => words.measured,
            Self::Counted => words.counted,
            Self::Modelled => words.modelled,
        }
    }
}

/// `1234567` → `1 234 567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push_str(numbers().group);
        }
        grouped.push(digit);
    }
    grouped
}

/// Three significant digits, without trailing noise: `0.0123`, `1.23`, `12.3`, `123`.
pub fn significant(number: f64) -> String {
    if !number.is_finite() {
        return "—".into();
    }
    let magnitude = number.abs();
    if magnitude >= 999.5 {
        return count(magnitude.round() as u64);
    }
    let decimals = match magnitude {
        m if m >= 99.95 => 0,
        m if m >= 9.995 => 1,
        m if m >= 0.9995 || m == 0.0 => 2,
        m if m >= 0.0995 => 3,
        _ => 4,
    };
    if magnitude == 0.0 {
        "0".into()
    } else {
        fixed(number, decimals)
    }
}

/// A number with so many decimals, whatever its size.
pub fn fixed(number: f64, decimals: usize) -> String {
    if !number.is_finite() {
        return "—".into();
    }
    format!("{number:.decimals$}").replace('.', numbers().decimal)
}

/// A number with the SI prefix that leaves one to three digits before the point.
fn scaled(number: f64, unit: &str) -> String {
    const PREFIXES: [(f64, &str); 5] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    let (scale, prefix) = PREFIXES
        .into_iter()
        .find(|(scale, _)| number.abs() >= 0.9995 * scale)
        .unwrap_or((1.0, ""));
    let value = number / scale;
    let value = if prefix.is_empty() && value.fract() == 0.0 {
        count(value as u64)
    } else {
        significant(value)
    };
    format!("{value}{NARROW}{prefix}{unit}").trim_end().into()
}

/// `5123456` → `5.12 MB`.
pub fn bytes(number: u64) -> String {
    scaled(number as f64, numbers().byte)
}

/// `23456789` → `23.5 M`.
pub fn large(number: u64) -> String {
    scaled(number as f64, "")
}

/// Microseconds in the unit that reads best.
pub fn micros(number: f64) -> String {
    let (value, unit) = match number {
        n if n >= 999_500.0 => (n / 1e6, "s"),
        n if n >= 999.5 => (n / 1e3, "ms"),
        n => (n, "µs"),
    };
    format!("{}{NARROW}{unit}", significant(value))
}

/// Seconds left, roughly: `8 s`, `3 min`.
pub fn seconds_left(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{:.0}{NARROW}s", seconds.ceil())
    } else {
        format!("{:.0}{NARROW}min", seconds / 60.0)
    }
}

/// Bytes per second.
pub fn byte_rate(per_second: f64) -> String {
    scaled(per_second, &format!("{}/s", numbers().byte))
}

/// Operations per second: a multiplication and an addition are two.
pub fn operation_rate(per_second: f64) -> String {
    scaled(per_second, "FLOP/s")
}

/// A probability or weight, three decimals.
pub fn prob(number: f32) -> String {
    let (number, least) = (f64::from(number), 0.001);
    let is_between = |low: f64, high: f64| low < number && number < high;
    // Nearly nothing is not nothing, nearly certain is not certain.
    if is_between(0.0, least / 2.0) {
        format!("<{NARROW}{}", fixed(least, 3))
    } else if is_between(1.0 - least / 2.0, 1.0) {
        format!(">{NARROW}{}", fixed(1.0 - least, 3))
    } else {
        fixed(number, 3)
    }
}

/// Entropy in bits.
pub fn bits(number: f32) -> String {
    if number.is_nan() {
        return "—".into();
    }
    format!("{}{NARROW}{}", fixed(f64::from(number), 2), numbers().bit)
}

/// A share as a whole percentage; a little is not nothing.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 {
        return format!("< 1{NARROW}%");
    }
    format!("{:.0}{NARROW}%", share * 100.0)
}

/// A share as a percentage with so many decimals.
pub fn fixed_percent(share: f64, decimals: usize) -> String {
    format!("{}{NARROW}%", fixed(share * 100.0, decimals))
}

/// A number of any size with three significant digits, and no unit.
fn digits(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude == 0.0 || !number.is_finite() || magnitude >= 0.0995 {
        return match number {
            number if number < 0.0 => format!("−{}", significant(magnitude)),
            number => significant(number),
        };
    }
    // The first of the three digits is this many places behind the point.
    let places = -magnitude.log10().floor();
    let written = fixed(number, places as usize + 2);
    written.trim_end_matches('0').to_owned()
}

/// A number that may be whole: then it is written as one.
pub fn number(value: f64) -> String {
    if value.is_finite() && value >= 0.0 && value.fract() == 0.0 && value < 1e15 {
        count(value as u64)
    } else {
        digits(value)
    }
}

/// Dollars: two decimals, or three digits where that would say nothing.
pub fn dollars(amount: f64) -> String {
    let magnitude = amount.abs();
    let written = match magnitude {
        m if !m.is_finite() => return "—".into(),
        m if m >= 999.5 => count(m.round() as u64),
        m if m >= 0.995 || m == 0.0 => fixed(m, 2),
        m => digits(m),
    };
    let written = (numbers().dollars)(&written);
    if amount < 0.0 {
        format!("−{written}")
    } else {
        written
    }
}

/// Dollars an hour.
pub fn dollars_per_hour(amount: f64) -> String {
    format!("{}/h", dollars(amount))
}

/// Whole cents as an amount of dollars, to the last of them.
pub fn cents(cents: u128) -> String {
    let (whole, rest) = (cents / 100, cents % 100);
    let whole = count(u64::try_from(whole).unwrap_or(u64::MAX));
    (numbers().dollars)(&format!("{whole}{}{rest:02}", numbers().decimal))
}

/// Joules.
pub fn joules(number: f64) -> String {
    scaled_down(number, "J")
}

pub fn watts(number: f64) -> String {
    scaled(number, "W")
}

/// Seconds, from microseconds to days.
pub fn seconds(number: f64) -> String {
    match number {
        n if !n.is_finite() => "—".into(),
        n if n < 99.95 => micros(n * 1e6),
        n if n < 5_400.0 => format!("{}{NARROW}min", significant(n / 60.0)),
        n => format!("{}{NARROW}h", significant(n / 3600.0)),
    }
}

/// Tokens per second.
pub fn token_rate(per_second: f64) -> String {
    scaled(per_second, numbers().per_second)
}

/// Bytes that were worked out, not counted.
pub fn byte_size(number: f64) -> String {
    if number.is_finite() {
        bytes(number.max(0.0).round() as u64)
    } else {
        "—".into()
    }
}

/// A large number that was worked out.
pub fn large_size(number: f64) -> String {
    if number.is_finite() {
        large(number.max(0.0).round() as u64)
    } else {
        "—".into()
    }
}

fn scaled_down(number: f64, unit: &str) -> String {
    match number.abs() {
        n if !n.is_finite() => "—".into(),
        n if n >= 0.9995 || n == 0.0 => scaled(number, unit),
        n if n >= 0.9995e-3 => format!("{}{NARROW}m{unit}", significant(number * 1e3)),
        _ => format!("{}{NARROW}µ{unit}", significant(number * 1e6)),
    }
}

/// The value of an assumption, with its unit.
pub fn assumed(value: f64, of: Unit) -> String {
    match of {
        Unit::Share => percent(value),
        Unit::Dollars => dollars(value),
        Unit::None => number(value),
        _ => format!("{}{NARROW}{}", number(value), unit(of)),
    }
}

/// What is counted.
pub fn unit(of: Unit) -> &'static str {
    (words().economics.unit)(of)
}

/// From here on nobody counts zeroes, and a field has no room for them.
const MANY: f64 = 1e8;

/// A number as one would type it, in full.
pub fn plain(value: f64) -> String {
    // Twelve digits: a product like 0.07 · 100 is 7, not 7.000000000000001.
    let rounded: f64 = format!("{value:.11e}").parse().unwrap_or(value);
    let text = if rounded.abs() < MANY {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    };
    text.replace('.', numbers().decimal)
}

/// A percentage that may be below zero.
pub fn signed_percent(share: f64) -> String {
    match share {
        share if !share.is_finite() => "—".into(),
        share if share < -0.005 => format!("−{}{NARROW}%", count((-share * 100.0).round() as u64)),
        share => format!("{}{NARROW}%", count((share * 100.0).round().max(0.0) as u64)),
    }
}

/// Bits of a divergence, however small.
pub fn bits_exact(number: f64) -> String {
    format!("{}{NARROW}{}", digits(number), numbers().bit)
}

/// A day since 1970-01-01, as ISO 8601 has it.
pub fn day(days: i64) -> String {
    // Civil date from days, in years that begin in March, so that the leap day is the last one
    // (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

/// A token's text made visible: spaces and line ends shown as signs.
pub fn token_text(text: &str) -> String {
    if text.is_empty() {
        "⋯".into()
    } else {
        text.replace(' ', "␣").replace('\n', "⏎").replace('\t', "⇥")
    }
}
