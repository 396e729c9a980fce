//! Dollars: what a rented device's hour comes to per token.

/// Dollars per million tokens of something that costs so much an hour.
pub fn per_million(dollars_per_hour: f64, tokens_per_second: f64) -> f64 {
    dollars_per_hour / (tokens_per_second * 3600.0) * 1e6
}

/// The same where demand, not the device, sets the pace: never less than at saturation.
pub fn demand_limited(dollars_per_hour: f64, saturated_tokens_per_second: f64, demand: f64) -> f64 {
    per_million(dollars_per_hour, saturated_tokens_per_second.min(demand))
}

/// Tokens a day that must be sold at a price for the device to pay for itself.
pub fn break_even_per_day(dollars_per_hour: f64, price_per_million: f64) -> f64 {
    dollars_per_hour * 24.0 / price_per_million * 1e6
}

/// Dollars an hour for a conversation that only waits: its share of a device's memory.
pub fn parked_per_hour(kv_bytes: f64, memory_bytes: f64, dollars_per_hour: f64) -> f64 {
    kv_bytes / memory_bytes * dollars_per_hour
}

/// Tokens per second from a megawatt.
pub fn tokens_per_megawatt(tokens_per_second: f64, kilowatts: f64) -> f64 {
    tokens_per_second * 1000.0 / kilowatts
}
