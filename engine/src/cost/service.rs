//! A day of a whole service: nodes, cost, revenue and margin from its traffic, as DeepSeek disclosed
//! its own for 27 February 2025.

/// Traffic, hardware and prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    pub input_tokens: f64,
    /// Share of the input found in the cache.
    pub cached_share: f64,
    pub output_tokens: f64,
    /// Input tokens per second of a prefill node, cached ones included.
    pub prefill_rate: f64,
    /// Output tokens per second of a decode node.
    pub decode_rate: f64,
    pub devices_per_node: f64,
    pub dollars_per_device_hour: f64,
    /// Dollars per million tokens.
    pub price_cached: f64,
    pub price_input: f64,
    pub price_output: f64,
}

/// What the day comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    pub prefill_nodes: f64,
    pub decode_nodes: f64,
    pub cost: f64,
    pub revenue: f64,
    /// (revenue − cost) / cost
    pub margin_of_cost: f64,
    pub cost_per_million_input: f64,
    pub cost_per_million_output: f64,
    pub cost_per_million: f64,
}

const SECONDS: f64 = 86_400.0;

impl Day {
    pub fn account(&self) -> Account {
        let prefill_nodes = self.input_tokens / self.prefill_rate / SECONDS;
        let decode_nodes = self.output_tokens / self.decode_rate / SECONDS;
        let node_day = self.devices_per_node * self.dollars_per_device_hour * 24.0;
        let cost = (prefill_nodes + decode_nodes) * node_day;
        let cached = self.input_tokens * self.cached_share;
        let fresh = self.input_tokens - cached;
        let revenue =
            (cached * self.price_cached + fresh * self.price_input + self.output_tokens * self.price_output)
                / 1e6;
        let per_million = |cost: f64, tokens: f64| cost / tokens * 1e6;
        Account {
            prefill_nodes,
            decode_nodes,
            cost,
            revenue,
            margin_of_cost: (revenue - cost) / cost,
            cost_per_million_input: per_million(prefill_nodes * node_day, self.input_tokens),
            cost_per_million_output: per_million(decode_nodes * node_day, self.output_tokens),
            cost_per_million: per_million(cost, self.input_tokens + self.output_tokens),
        }
    }
}
