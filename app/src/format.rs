//! The one place where numbers become words: units, digits, and where a number comes from.
//!
//! Units are SI and follow a narrow no-break space; three digits are significant: more would claim a
//! precision that no run repeats. The decimal sign, what groups digits and the unit of a byte are those
//! of the page's language ([`crate::words::Numbers`]); scripts read `data-raw`, which knows no language.

use crate::words::words;

const NARROW: char = '\u{202f}';

/// Where a number comes from. Nothing on screen is estimated, so there is no third kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Read from a clock on this device.
    Measured,
    /// Counted exactly: from the plan, the chosen experts, the file.
    Counted,
}

impl Origin {
    /// The class of its mark.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Counted => "counted",
        }
    }

    /// The word for it.
    pub fn told(self) -> &'static str {
        let words = &words().figure;
        match self {
            Self::Measured => words.measured,
            Self::Counted => words.counted,
        }
    }
}

/// `1234567` → `1 234 567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push_str(words().numbers.group);
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
    format!("{number:.decimals$}").replace('.', words().numbers.decimal)
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
    scaled(number as f64, words().numbers.byte)
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
    scaled(per_second, &format!("{}/s", words().numbers.byte))
}

/// Operations per second: a multiplication and an addition are two.
pub fn operation_rate(per_second: f64) -> String {
    scaled(per_second, "FLOP/s")
}

/// A probability or weight, three decimals.
pub fn prob(number: f32) -> String {
    fixed(f64::from(number), 3)
}

/// Entropy in bits.
pub fn bits(number: f32) -> String {
    format!("{}{NARROW}{}", fixed(f64::from(number), 2), words().numbers.bit)
}

/// A share as a whole percentage.
pub fn percent(share: f64) -> String {
    format!("{:.0}{NARROW}%", share * 100.0)
}

/// A share as a percentage with so many decimals.
pub fn fixed_percent(share: f64, decimals: usize) -> String {
    format!("{}{NARROW}%", fixed(share * 100.0, decimals))
}

/// A token's text made visible: spaces and line ends shown as signs.
pub fn token_text(text: &str) -> String {
    if text.is_empty() {
        "⋯".into()
    } else {
        text.replace(' ', "␣").replace('\n', "⏎").replace('\t', "⇥")
    }
}
