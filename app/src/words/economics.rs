//! The texts of the economics panels: a title and a lead for each panel, a label and a story for each
//! number.

use crate::state::economics::{Assumption, Unit};

/// What a number is called, and how it comes about.
#[derive(Debug)]
pub struct Told {
    pub label: &'static str,
    /// May be empty where the formula says it all.
    pub story: &'static str,
}

/// What a panel is called, and what it says.
#[derive(Debug)]
pub struct Lead {
    pub title: &'static str,
    pub told: &'static str,
}

/// `panels/economics/`.
pub struct Economics {
    pub alone: &'static str,
    pub as_table: &'static str,
    pub assumption: fn(Assumption) -> &'static str,
    pub beside: &'static str,
    /// Between whose a sentence is and the sentence.
    pub colon: &'static str,
    pub device: &'static str,
    pub docs: &'static str,
    pub exact: &'static str,
    pub export: &'static str,
    pub from: From,
    pub loaded: &'static str,
    pub more: &'static str,
    pub no_model: &'static str,
    /// Why, in the words of the browser.
    pub no_presets: fn(&str) -> String,
    pub reset: &'static str,
    pub sizes: Sizes,
    pub undo: &'static str,
    pub unit: fn(Unit) -> &'static str,
    pub here: Here,
    pub dense: Dense,
    pub batch: Batch,
    pub demand: Demand,
    pub day: Day,
}

/// Where an input is from.
pub struct From {
    pub edited: &'static str,
    pub file: &'static str,
    pub run: &'static str,
    pub unverified: &'static str,
    pub usual: &'static str,
}

/// Sizes of a model as inputs.
pub struct Sizes {
    pub always: &'static str,
    pub bits: &'static str,
    /// Layers, experts, experts per token.
    pub experts: fn(u32, u32, u32) -> String,
    pub per_expert: &'static str,
    pub routing: &'static str,
    /// Bits of what every token meets, and of experts, as written.
    pub stored: fn(&str, &str) -> String,
}

/// `here.rs`.
pub struct Here {
    pub lead: Lead,
    pub answers: &'static str,
    pub bandwidth: Told,
    pub bytes_each: Told,
    pub calibrate: &'static str,
    /// Bytes per second, as written.
    pub calibrated: fn(&str) -> String,
    pub calibrating: &'static str,
    pub conversation: &'static str,
    pub empty: &'static str,
    pub first_token: Told,
    pub kv: Told,
    pub later_token: Told,
    pub operations: Told,
    pub operations_each: Told,
    pub prompts: &'static str,
    pub reused: Told,
    pub reused_kv: Told,
    pub saved_bytes: Told,
    pub saved_time: Told,
    pub share: Told,
    pub software: &'static str,
    pub spared: &'static str,
    pub this_token: &'static str,
    pub time_each: Told,
    pub tokens: Told,
    pub uncalibrated: &'static str,
    pub wall: Told,
    pub weights: Told,
}

/// `dense.rs`.
pub struct Dense {
    pub lead: Lead,
    pub bytes: Told,
    pub equal_active: &'static str,
    pub equal_total: &'static str,
    pub held: Told,
    pub here: &'static str,
    pub here_bytes: Told,
    pub here_time: Told,
    pub met: Told,
    pub operations: Told,
    pub per_million: Told,
    pub sparse: &'static str,
    pub step: Told,
    pub total: Told,
    /// Times as many bytes held, and the batch at which twice as many are read, as written.
    pub loses: fn(&str, &str) -> String,
    /// Times fewer bytes per token than at equal total, at this batch, as written.
    pub wins: fn(&str, &str) -> String,
}

/// `batch.rs`.
pub struct Batch {
    pub lead: Lead,
    pub batch: &'static str,
    pub bound: fn(&str) -> &'static str,
    pub bound_by: Told,
    pub bytes: Told,
    pub chart: &'static str,
    pub closed_form: fn(&str) -> String,
    pub cost_chart: &'static str,
    pub critical: Told,
    pub devices: Told,
    pub distinct: Told,
    pub dollars_axis: &'static str,
    pub knee: Told,
    pub measured: Told,
    pub measured_joules: Told,
    pub measured_line: &'static str,
    pub joules: Told,
    pub per_expert: Told,
    pub per_million: Told,
    pub seconds: Told,
    pub share_axis: &'static str,
    pub skewed: Told,
    pub throughput: Told,
    pub touched: Told,
    pub user_speed: Told,
    /// Sparse model, dense model, batch, joules of both, as written.
    pub dearer: fn(&str, &str, &str, &str, &str) -> String,
    pub cheaper: fn(&str, &str, &str, &str, &str) -> String,
    /// Positions of the transcript.
    pub too_short: fn(u64) -> String,
}

/// `demand.rs`: a fleet.
pub struct Demand {
    pub lead: Lead,
    pub batch: Told,
    pub break_even: Told,
    pub busy: Told,
    pub chart: &'static str,
    pub copies: Told,
    pub demand_axis: &'static str,
    pub devices: Told,
    pub dollars_axis: &'static str,
    pub full: Told,
    pub margin: Told,
    pub per_hour: Told,
    pub per_million: Told,
    pub revenue: Told,
    pub ticket: Told,
    pub ticket_dollars: Told,
    pub user_speed: Told,
    pub utilisation: Told,
    /// Dollars per million now and when full, as written.
    pub scale: fn(&str, &str) -> String,
}

/// `demand.rs`: a day of a whole service.
pub struct Day {
    pub lead: Lead,
    pub cost: Told,
    pub cost_each: Told,
    pub cost_input: Told,
    pub cost_output: Told,
    pub decode_nodes: Told,
    pub margin: Told,
    pub prefill_nodes: Told,
    pub published: &'static str,
    pub recomputed: &'static str,
    pub revenue: Told,
    pub source: &'static str,
}
