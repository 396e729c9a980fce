//! Everything the visitor may assume otherwise: one line each, with its bounds and where it starts.
//!
//! Nothing modelled on the page rests on a number that is not in this list or in a preset.

/// How a slider spreads its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Evenly in powers: the least value must be above zero.
    Log,
    Whole,
    /// Powers of two from 1.
    Doubling,
    /// Yes or no.
    Switch,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    None,
    Share,
    Bits,
    Days,
    Dollars,
    DollarsPerHour,
    DollarsPerMillion,
    Gigabytes,
    Microseconds,
    Teraflops,
    TerabytesPerSecond,
    Tokens,
    TokensPerSecond,
    Watts,
}

/// The line of an assumption.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub key: &'static str,
    pub scale: Scale,
    pub least: f64,
    pub most: f64,
    /// Where no preset says otherwise.
    pub start: f64,
    pub unit: Unit,
}

/// Writes the closed enum and its table from one sorted list.
macro_rules! assumptions {
    ($($name:ident = $key:literal, $scale:ident, $least:literal ..= $most:literal, $start:literal, $unit:ident;)*) => {
        /// Something assumed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Assumption { $($name),* }

        impl Assumption {
            /// All of them, sorted by name.
            pub const ALL: &'static [Assumption] = &[$(Self::$name),*];

            /// Its line.
            pub const fn bounds(self) -> Bounds {
                match self {
                    $(Self::$name => Bounds {
                        key: $key, scale: Scale::$scale, least: $least as f64, most: $most as f64,
                        start: $start as f64, unit: Unit::$unit,
                    },)*
                }
            }
        }
    };
}

// Sorted by name: variant = key, scale, least ..= most, start, unit.
assumptions! {
    AgentHitShare = "agent-hit-share", Linear, 0 ..= 1, 0.9, Share;
    AgentOutput = "agent-output", Log, 1 ..= 100000, 400, Tokens;
    AgentResult = "agent-result", Log, 1 ..= 100000, 1500, Tokens;
    AgentSessions = "agent-sessions", Log, 1 ..= 100000, 10, None;
    AgentStart = "agent-start", Log, 1 ..= 1000000, 12000, Tokens;
    AgentTurns = "agent-turns", Whole, 1 ..= 500, 30, None;
    Bandwidth = "bandwidth", Log, 0.01 ..= 20, 3.35, TerabytesPerSecond;
    Batch = "batch", Doubling, 1 ..= 1024, 8, None;
    Bits = "bits", Linear, 2 ..= 16, 4.5, Bits;
    Budget = "budget", Log, 1 ..= 100000000, 10000, Dollars;
    CacheWrites = "cache-writes", Switch, 0 ..= 1, 0, None;
    CachedShare = "cached-share", Linear, 0 ..= 1, 0.9, Share;
    CalibrationShare = "calibration-share", Linear, 0.1 ..= 0.9, 0.5, Share;
    Context = "context", Log, 1 ..= 2000000, 4096, Tokens;
    DayDecodeRate = "day-decode-rate", Log, 10 ..= 1000000, 14800, TokensPerSecond;
    DayHitShare = "day-hit-share", Linear, 0 ..= 1, 0.5625, Share;
    DayInput = "day-input", Log, 1e6 ..= 1e14, 608e9, Tokens;
    DayLease = "day-lease", Log, 0.1 ..= 20, 2, DollarsPerHour;
    DayOutput = "day-output", Log, 1e6 ..= 1e14, 168e9, Tokens;
    DayPrefillRate = "day-prefill-rate", Log, 10 ..= 1000000, 73700, TokensPerSecond;
    DayPriceHit = "day-price-hit", Log, 0.001 ..= 100, 0.14, DollarsPerMillion;
    DayPriceInput = "day-price-input", Log, 0.001 ..= 100, 0.55, DollarsPerMillion;
    DayPriceOutput = "day-price-output", Log, 0.001 ..= 1000, 2.19, DollarsPerMillion;
    Efficiency = "efficiency", Linear, 0.05 ..= 1, 0.5, Share;
    FixedMicros = "fixed-micros", Linear, 0 ..= 5000, 0, Microseconds;
    KeepShare = "keep-share", Linear, 0.5 ..= 1, 1, Share;
    KvBits = "kv-bits", Linear, 4 ..= 32, 16, Bits;
    LeastSpeed = "least-speed", Linear, 0 ..= 200, 10, TokensPerSecond;
    Memory = "memory", Log, 1 ..= 2000, 80, Gigabytes;
    OutcomePrice = "outcome-price", Log, 0.001 ..= 1000, 0.99, Dollars;
    Peak = "peak", Log, 0.1 ..= 20000, 989, Teraflops;
    PowerWaiting = "power-waiting", Linear, 0 ..= 1, 0.1, Share;
    PowerWorking = "power-working", Linear, 0.05 ..= 1, 0.75, Share;
    PrefillEfficiency = "prefill-efficiency", Linear, 0.05 ..= 1, 0.5, Share;
    PriceCacheRead = "price-cache-read", Log, 0.0001 ..= 1000, 0.3, DollarsPerMillion;
    PriceCacheWrite = "price-cache-write", Log, 0.0001 ..= 1000, 3.75, DollarsPerMillion;
    PriceInput = "price-input", Log, 0.0001 ..= 1000, 3, DollarsPerMillion;
    PriceOutput = "price-output", Log, 0.0001 ..= 1000, 15, DollarsPerMillion;
    PriceReasoning = "price-reasoning", Log, 0.0001 ..= 1000, 15, DollarsPerMillion;
    Rent = "rent", Log, 0.01 ..= 30, 3, DollarsPerHour;
    Reserve = "reserve", Linear, 0 ..= 0.6, 0.1, Share;
    SalePrice = "sale-price", Log, 0.001 ..= 1000, 0.6, DollarsPerMillion;
    SeatPrice = "seat-price", Log, 0.1 ..= 10000, 30, Dollars;
    Seats = "seats", Log, 1 ..= 1000000, 50, None;
    SuccessRate = "success-rate", Linear, 0.01 ..= 1, 0.8, Share;
    TaskScale = "task-scale", Log, 0.1 ..= 100000, 100, None;
    TasksPerDay = "tasks-per-day", Log, 0.1 ..= 1000, 20, None;
    TokensWanted = "tokens-wanted", Log, 0.01 ..= 10000000, 100, TokensPerSecond;
    Watts = "watts", Log, 1 ..= 5000, 700, Watts;
    WorkingDays = "working-days", Whole, 1 ..= 31, 21, Days;
}

/// Places of a slider.
const STEPS: f64 = 1000.0;

impl Assumption {
    /// The assumption of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.bounds().key == key)
    }

    /// A value within bounds; what is no number is none.
    pub fn within(self, value: f64) -> Option<f64> {
        let bounds = self.bounds();
        let value = match bounds.scale {
            Scale::Whole | Scale::Doubling | Scale::Switch => value.round(),
            Scale::Linear | Scale::Log => value,
        };
        value.is_finite().then(|| value.clamp(bounds.least, bounds.most))
    }

    /// Places its slider has.
    pub fn places(self) -> f64 {
        let bounds = self.bounds();
        match bounds.scale {
            Scale::Linear | Scale::Log => STEPS,
            Scale::Whole => bounds.most - bounds.least,
            Scale::Doubling => (bounds.most / bounds.least).log2(),
            Scale::Switch => 1.0,
        }
    }

    /// Where a value stands on its slider.
    pub fn place(self, value: f64) -> f64 {
        let Bounds {
            scale, least, most, ..
        } = self.bounds();
        match scale {
            Scale::Linear => (value - least) / (most - least) * STEPS,
            Scale::Log => (value / least).ln() / (most / least).ln() * STEPS,
            Scale::Whole | Scale::Switch => value - least,
            Scale::Doubling => (value / least).log2(),
        }
    }

    /// The value of a place, with no more digits than a slider can mean.
    pub fn at_place(self, place: f64) -> f64 {
        let Bounds {
            scale, least, most, ..
        } = self.bounds();
        match scale {
            Scale::Linear => rounded(least + place / STEPS * (most - least)),
            Scale::Log => rounded(least * (most / least).powf(place / STEPS)),
            Scale::Whole | Scale::Switch => least + place,
            Scale::Doubling => least * place.exp2(),
        }
    }
}

/// Three significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}
