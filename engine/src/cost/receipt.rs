//! A bill: disjoint counts times prices, added up exactly.
//!
//! `fresh·p_in + read·p_read + write·p_write + (visible + reasoning)·p_out`. Money is whole picodollars
//! (10⁻¹² $), fine enough for any price per token in use, so lines add up to their total to the last
//! digit.

/// Tokens of a bill; no token is in two counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub fresh: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    pub visible: u64,
    pub reasoning: u64,
}

impl Usage {
    pub fn input(&self) -> u64 {
        self.fresh + self.cache_read + self.cache_write
    }

    pub fn output(&self) -> u64 {
        self.visible + self.reasoning
    }

    pub fn add(&mut self, other: Usage) {
        self.fresh += other.fresh;
        self.cache_read += other.cache_read;
        self.cache_write += other.cache_write;
        self.visible += other.visible;
        self.reasoning += other.reasoning;
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Picodollars(pub u128);

impl Picodollars {
    /// A price per million tokens, to the nearest picodollar per token; negative or absurd prices are 0.
    pub fn per_token(dollars_per_million: f64) -> Self {
        let pico = dollars_per_million * 1e6;
        // A number that is no number becomes 0; nobody charges a billion dollars per million tokens.
        Self(pico.clamp(0.0, 1e15).round() as u128)
    }

    fn times(self, tokens: u64) -> Self {
        Self(self.0 * u128::from(tokens))
    }

    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// Whole cents, half a cent rounded up.
    pub fn cents(self) -> u128 {
        (self.0 + 5_000_000_000) / 10_000_000_000
    }
}

/// Dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    pub input: f64,
    pub cache_read: f64,
    pub cache_write: f64,
    pub output: f64,
    /// Where it differs from other output.
    pub reasoning: f64,
}

/// One kind of token on a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Fresh,
    CacheRead,
    CacheWrite,
    Visible,
    Reasoning,
}

impl Item {
    pub const ALL: [Item; 5] = [
        Self::Fresh,
        Self::CacheRead,
        Self::CacheWrite,
        Self::Visible,
        Self::Reasoning,
    ];
}

/// A bill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bill {
    pub usage: Usage,
    pub lines: [(Item, u64, Picodollars); 5],
    pub total: Picodollars,
    /// What the same input would have cost without a cache, less what it did.
    pub saving_dollars: f64,
}

impl Bill {
    pub fn of(usage: Usage, prices: &Prices) -> Self {
        let lines = Item::ALL.map(|item| {
            let (tokens, price) = match item {
                Item::Fresh => (usage.fresh, prices.input),
                Item::CacheRead => (usage.cache_read, prices.cache_read),
                Item::CacheWrite => (usage.cache_write, prices.cache_write),
                Item::Visible => (usage.visible, prices.output),
                Item::Reasoning => (usage.reasoning, prices.reasoning),
            };
            (item, tokens, Picodollars::per_token(price).times(tokens))
        });
        let total = Picodollars(lines.iter().map(|(_, _, cost)| cost.0).sum());
        let saving_dollars = usage.cache_read as f64 * (prices.input - prices.cache_read) / 1e6
            - usage.cache_write as f64 * (prices.cache_write - prices.input) / 1e6
            // Nothing is no less than nothing.
            + 0.0;
        Self {
            usage,
            lines,
            total,
            saving_dollars,
        }
    }

    /// Share of the output that is not shown.
    pub fn reasoning_share(&self) -> f64 {
        ratio(self.usage.reasoning as f64, self.usage.output() as f64)
    }

    /// Dollars per token the buyer can read; `None` where there is none.
    pub fn per_visible_token(&self) -> Option<f64> {
        (self.usage.visible > 0).then(|| self.total.dollars() / self.usage.visible as f64)
    }

    /// Dollars for an outcome that succeeds only sometimes.
    pub fn per_success(&self, success_rate: f64) -> f64 {
        self.total.dollars() / success_rate
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
