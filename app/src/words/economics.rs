//! The texts of the economics panels: a title and a lead for each panel, a label and a story for each
//! number.

use crate::state::economics::own::RowError;
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
    pub come_back: &'static str,
    pub device: &'static str,
    pub docs: &'static str,
    /// Where its pages lie, beside the page; in English where a language has none of its own.
    pub docs_folder: &'static str,
    pub exact: &'static str,
    pub export: &'static str,
    pub followed: &'static str,
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
    pub context: Context,
    pub agents: Agents,
    pub bits: Bits,
    pub receipt: Receipt,
    pub budget: Budget,
    pub waste: Waste,
    pub guide: Guide,
}

/// Where an input is from.
pub struct From {
    pub edited: &'static str,
    pub file: &'static str,
    /// Day and what it was made from.
    pub own: fn(&str, &str) -> String,
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
    /// Before bytes per second.
    pub calibrate_again: &'static str,
    /// Workers (0: a GPU), device and day.
    pub calibrated_how: fn(u32, &str, &str) -> String,
    pub calibrated: &'static str,
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
    pub joules: Told,
    pub margin: Told,
    pub per_hour: Told,
    pub per_million: Told,
    pub power: Told,
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

/// `context.rs`: the cache of one conversation.
pub struct Context {
    pub lead: Lead,
    pub attention: Told,
    pub bytes_axis: &'static str,
    pub cached_prefill: Told,
    pub chart: &'static str,
    pub context_axis: &'static str,
    pub cache_line: fn(&str) -> String,
    pub weights_line: fn(&str) -> String,
    pub concurrent: Told,
    pub held: Told,
    pub per_position: Told,
    pub prefill: Told,
    pub q8: Told,
    pub read: Told,
    pub rent: Told,
    pub unshared: Told,
    pub unwindowed: Told,
    pub bytes_crossover: Told,
    pub flops_crossover: Told,
    /// Name, and the context from which attention is more work than weights, as written.
    pub overtakes: fn(&str, &str) -> String,
}

/// `context.rs`: sessions of agents.
pub struct Agents {
    pub lead: Lead,
    pub all_kv: Told,
    pub bill: Told,
    pub bill_uncached: Told,
    pub cached: Told,
    pub copies: Told,
    pub decode: Told,
    pub fits: Told,
    pub fresh: Told,
    pub input: Told,
    pub kv: Told,
    pub last: Told,
    pub output: Told,
    pub per_hour: Told,
    pub prefill: Told,
}

/// `bits.rs`.
pub struct Bits {
    pub lead: Lead,
    pub agreement: Told,
    pub at_slider: &'static str,
    pub bytes: Told,
    pub ceiling: Told,
    pub devices: Told,
    pub divergence: Told,
    pub formats: fn(&str) -> String,
    pub held: Told,
    pub measure: &'static str,
    pub measured: &'static str,
    pub measuring: &'static str,
    pub perplexity: Told,
    pub positions: Told,
    pub share: Told,
    /// Told of the measurement: what is rounded, and how.
    pub how: &'static str,
    pub nothing_to_compare: &'static str,
    pub audit: &'static str,
    /// Name of the file and how it is stored.
    pub against: fn(&str, &str) -> String,
    pub against_how: &'static str,
    pub by_position: &'static str,
    pub cancel: &'static str,
    pub compare: &'static str,
    /// Positions done, of how many.
    pub comparing: fn(u32, u32) -> String,
    pub farthest: Told,
    pub farthest_title: &'static str,
    pub open_reference: &'static str,
    /// Of the named file.
    pub opening: fn(&str) -> String,
    pub own_expects: &'static str,
    pub position: &'static str,
    pub reference_expects: &'static str,
    /// Name, its bytes, and those of the loaded model.
    pub reference_needs: fn(&str, &str, &str) -> String,
    pub token: &'static str,
}

/// `receipt.rs`.
pub struct Receipt {
    pub lead: Lead,
    pub cache_read: Told,
    pub cache_write: Told,
    pub cost: &'static str,
    pub counts: &'static str,
    pub fields: fn(&str) -> String,
    pub fields_lead: fn(bool, bool) -> String,
    pub field: Told,
    pub fresh: Told,
    pub in_words_of: &'static str,
    pub import: &'static str,
    pub import_hint: &'static str,
    pub not_auditable: &'static str,
    pub not_auditable_told: &'static str,
    pub here_auditable: &'static str,
    pub own_prices: fn(u64) -> String,
    pub drop_prices: &'static str,
    pub per_success: Told,
    pub per_visible: Told,
    pub prices: &'static str,
    pub reasoning: Told,
    pub reasoning_share: Told,
    pub saving: Told,
    pub tokens: &'static str,
    pub total: Told,
    pub visible: Told,
    pub file_hash: &'static str,
    pub file: &'static str,
    pub licence: &'static str,
    pub model: &'static str,
    pub quantization: &'static str,
    pub seed: &'static str,
    pub unknown: &'static str,
}

/// `budget.rs`.
pub struct Budget {
    pub lead: Lead,
    pub attempts: Told,
    pub break_even: Told,
    pub cheapest: fn(&str) -> String,
    pub ends: Told,
    pub months: Told,
    pub outcomes: Told,
    pub seats: Told,
    pub task: Told,
    pub tasks: Told,
    pub tokens: Told,
    pub per_outcome_name: &'static str,
    pub per_seat_name: &'static str,
    pub per_token_name: &'static str,
    pub never: &'static str,
}

/// `waste.rs`.
pub struct Waste {
    pub lead: Lead,
    pub coverage: Told,
    pub devices: Told,
    pub dormant: Told,
    pub empty: &'static str,
    pub evidence: &'static str,
    /// Claim and source.
    pub evidence_items: [(&'static str, &'static str); 6],
    pub expected: Told,
    pub kept: Told,
    pub missed: Told,
    pub missed_tokens: Told,
    pub pruned: Told,
    pub rent: Told,
    pub saved: Told,
    pub tokens: Told,
    /// Share of slots kept, and of later tokens that miss one, as written.
    pub verdict: fn(&str, &str) -> String,
    pub extrapolated: fn(&str) -> String,
}

/// `guide.rs`.
pub struct Guide {
    pub lead: Lead,
    pub active: Told,
    pub compare: &'static str,
    pub ceiling: Told,
    pub crossover: Told,
    pub device: &'static str,
    pub devices: &'static str,
    pub experts: Told,
    pub format: &'static str,
    pub kv: Told,
    pub memory: Told,
    pub bandwidth: Told,
    pub peak: Told,
    pub balance: Told,
    pub watts: Told,
    pub rent: Told,
    pub model: &'static str,
    pub models: &'static str,
    pub published: &'static str,
    pub prices: &'static str,
    pub price: fn(&str) -> &'static Told,
    pub seller: &'static str,
    /// Rows shown, of how many.
    pub shortened: fn(u64, u64) -> String,
    pub show_on: &'static str,
    pub source: &'static str,
    pub total: Told,
    pub owned: &'static str,
    pub sorted: fn(&str) -> String,
    pub rows: Rows,
}

/// `guide/edit.rs`: rows of the visitor's own.
pub struct Rows {
    /// Of the one that is named.
    pub add: fn(&str) -> String,
    pub change: &'static str,
    pub delete: &'static str,
    pub drop_all: &'static str,
    pub error: fn(&RowError) -> String,
    /// A number of a row, by its key.
    pub field: fn(&str) -> &'static str,
    pub kept: &'static str,
    pub name: &'static str,
    pub optional: &'static str,
    pub restore: &'static str,
    pub yours: &'static str,
}
