//! Every text of the page, in every language it speaks: the one place for words.
//!
//! A panel says `words().kv.title`. A text that holds a number or a name is a function of it, since
//! languages disagree on plurals and on the order of words; numbers inside are written by
//! `format.rs`, which follows the same language. A text that a language lacks does not compile.
//!
//! A new language is a file beside `words/en.rs` and a line in `languages!`. A new panel is a struct
//! here, in the order of the alphabet, and its texts in each of those files.

pub mod economics;

use std::cell::Cell;

use moescope_run_file::RunError;
use moescope_run_file::import::ImportError;

use crate::protocol::{Told, Why};
use crate::state::PublicModel;

/// The languages of the page, by their tags (BCP 47). The first is spoken where none fits.
macro_rules! languages {
    ($($name:ident => $file:ident),+ $(,)?) => {
        $(mod $file;)+

        /// A language the page speaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Language { $($name),+ }

        impl Language {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its texts.
            pub fn words(self) -> &'static Words {
                match self { $(Self::$name => &$file::WORDS),+ }
            }

            /// How it writes numbers.
            fn numbers(self) -> &'static Numbers {
                match self { $(Self::$name => &$file::NUMBERS),+ }
            }
        }
    };
}

languages! {
    En => en,
    Fr => fr,
}

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::ALL[0]) };
}

/// The texts in the language of the page.
pub fn words() -> &'static Words {
    SPOKEN.get().words()
}

/// How the language of the page writes numbers; the worker needs no more, and so carries no more.
pub fn numbers() -> &'static Numbers {
    SPOKEN.get().numbers()
}

/// From here on the page speaks this language; what is already drawn has to be drawn anew.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

impl Default for Language {
    fn default() -> Self {
        Self::ALL[0]
    }
}

impl Language {
    /// The language with exactly this tag.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.words().tag == tag)
    }

    /// The first of a reader's languages that the page speaks: `fr-CA` is served by `fr`.
    pub fn best<'a>(wanted: impl IntoIterator<Item = &'a str>) -> Self {
        let primary = |tag: &'a str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
        wanted
            .into_iter()
            .find_map(|tag| Self::of_tag(&primary(tag)))
            .unwrap_or_default()
    }
}

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    RightToLeft,
}

impl Direction {
    /// As the `dir` attribute has it.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// What one language says, place by place.
pub struct Words {
    /// BCP 47, as the `lang` attribute has it.
    pub tag: &'static str,
    /// What its speakers call it.
    pub name: &'static str,
    pub direction: Direction,
    pub numbers: &'static Numbers,
    pub alert: Alert,
    pub composer: Composer,
    pub cost: Cost,
    pub display: Display,
    pub economics: economics::Economics,
    pub examples: Examples,
    pub experts: Experts,
    pub figure: Figure,
    pub focus: Focus,
    pub header: Header,
    pub keys: Keys,
    pub kv: Kv,
    pub layout: Layout,
    pub load: Load,
    pub loading: Loading,
    pub measures: Measures,
    pub models: Models,
    pub page: Page,
    pub prediction: Prediction,
    pub raster: Raster,
    pub rasters: Rasters,
    pub replayed: Replayed,
    pub runs: Runs,
    pub settings: Settings,
    pub slot: Slot,
    pub steps: Steps,
    pub transcript: Transcript,
    pub transport: Transport,
    pub views: Views,
    pub welcome: Welcome,
    pub worker: Worker,
}

/// How numbers are written.
pub struct Numbers {
    pub decimal: &'static str,
    /// Between groups of three digits.
    pub group: &'static str,
    /// The unit of a byte.
    pub byte: &'static str,
    pub bit: &'static str,
    pub tokens: fn(u64) -> String,
    pub positions: fn(u64) -> String,
    pub layers: fn(u64) -> String,
    /// `3 of 24`.
    pub of: fn(&str, &str) -> String,
    /// An amount, as written.
    pub dollars: fn(&str) -> String,
    pub per_second: &'static str,
}

/// `panels/alert.rs`.
pub struct Alert {
    pub dismiss: &'static str,
}

/// `panels/composer.rs`.
pub struct Composer {
    pub prompt: &'static str,
    pub placeholder: &'static str,
    pub send: &'static str,
    pub stop: &'static str,
    pub new_chat: &'static str,
    pub sampling: &'static str,
    pub editing: &'static str,
    pub leave: &'static str,
    pub full: &'static str,
    pub model_is_loading: &'static str,
    pub no_model: &'static str,
    pub reading: &'static str,
    /// Tokens read, and how many there are.
    pub reading_of: fn(u64, u64) -> String,
    pub writing: &'static str,
    pub stopping: &'static str,
}

/// `panels/cost.rs`.
pub struct Cost {
    pub title: &'static str,
    pub empty: &'static str,
    /// Other tokens of the same pass.
    pub together: fn(u64) -> String,
    pub no_timestamps: &'static str,
    /// The picture: steps and their times, as written.
    pub time_by_step: fn(&str) -> String,
    pub coarse_clock: fn(&str) -> String,
    pub step: &'static str,
    pub time: &'static str,
    pub weights: &'static str,
    pub kv: &'static str,
    pub operations_column: &'static str,
    /// A step group by the name it has in the trace.
    pub group: fn(&str) -> Option<&'static str>,
    pub wall: &'static str,
    pub wall_story: &'static str,
    pub in_steps: &'static str,
    pub in_steps_story: &'static str,
    pub weights_touched: &'static str,
    pub weights_touched_story: &'static str,
    pub kv_moved: &'static str,
    pub kv_moved_story: &'static str,
    pub operations: &'static str,
    pub operations_story: &'static str,
    pub dispatches: &'static str,
    pub dispatches_story: &'static str,
    pub bandwidth: &'static str,
    pub bandwidth_story: &'static str,
    pub rate: &'static str,
    pub rate_story: &'static str,
    pub so_far: &'static str,
    pub tokens_computed: &'static str,
    /// How many passes.
    pub tokens_computed_story: fn(u64) -> String,
    pub tokens_sampled: &'static str,
    pub tokens_sampled_story: &'static str,
    pub reasoning: &'static str,
    pub reasoning_story: &'static str,
    pub in_passes: &'static str,
    pub in_passes_story: &'static str,
    pub bytes_moved: &'static str,
    pub bytes_moved_story: &'static str,
    pub total_operations_story: &'static str,
    pub tokens_per_second: &'static str,
    pub tokens_per_second_story: &'static str,
}

/// `panels/display.rs`.
pub struct Display {
    pub title: &'static str,
    pub language: &'static str,
    pub theme: &'static str,
    pub system: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
    pub palette: &'static str,
    pub plain: &'static str,
    pub shortcuts: &'static str,
    pub keys: &'static str,
}

/// `panels/examples.rs`.
pub struct Examples {
    pub title: &'static str,
    pub more: fn(u64) -> String,
}

/// `panels/experts.rs`.
pub struct Experts {
    pub title: &'static str,
    pub unknown: &'static str,
    /// Experts chosen, and experts there are.
    pub empty: fn(u32, u32) -> String,
    pub shows: &'static str,
    pub this_token: &'static str,
    pub load_so_far: &'static str,
    pub matrix: &'static str,
    pub load_matrix: &'static str,
    pub shade: &'static str,
    pub legend: &'static str,
    /// Experts chosen, and experts there are.
    pub load_legend: fn(u32, u32) -> String,
    pub load_note: &'static str,
    pub layer: &'static str,
    pub expert: fn(u32) -> String,
    pub entropy: &'static str,
    pub margin: &'static str,
    pub used: &'static str,
    pub variation: &'static str,
    /// A cell: layer, expert, probability as written.
    pub cell: fn(u32, u32, &str) -> String,
    /// The same, and the weight as written.
    pub chosen_cell: fn(u32, u32, &str, &str) -> String,
    /// Layer, expert, how often chosen, and the ratio as written.
    pub load_cell: fn(u32, u32, u64, &str) -> String,
    pub chosen: &'static str,
    pub rank: fn(u64) -> String,
    pub chosen_note: &'static str,
    pub tie: &'static str,
    pub tie_short: &'static str,
    /// How many layers, and which.
    pub near_ties: fn(u64, &str) -> String,
    /// Of the picture of a model with many experts.
    pub wide_legend: &'static str,
}

/// `panels/figure.rs`.
pub struct Figure {
    pub measured: &'static str,
    pub counted: &'static str,
    pub modelled: &'static str,
    pub measured_legend: &'static str,
    pub counted_legend: &'static str,
    /// More numbers.
    pub more: &'static str,
    pub modelled_legend: &'static str,
}

/// `panels/focus.rs`.
pub struct Focus {
    pub ask: &'static str,
    pub position: &'static str,
    pub token: &'static str,
    pub probability: &'static str,
    pub template: &'static str,
    pub prompt: &'static str,
    pub newest: &'static str,
    pub follow: &'static str,
    /// What a panel says of a token that has no trace.
    pub not_fed: &'static str,
    pub not_recorded: &'static str,
}

/// `panels/header.rs`.
pub struct Header {
    /// A large number, as written.
    pub parameters: fn(&str) -> String,
    pub active: fn(&str) -> String,
    pub experts: fn(u32, u32) -> String,
    pub software: &'static str,
    pub runs_here: fn(&str) -> String,
    pub loading_took: fn(&str) -> String,
    pub open: &'static str,
    pub open_hint: &'static str,
}

/// `panels/keys.rs`.
pub struct Keys {
    pub title: &'static str,
    pub close: &'static str,
    pub places: &'static [KeyPlace],
}

/// The keys of one place of the page.
pub struct KeyPlace {
    pub name: &'static str,
    /// Keys, and what they do.
    pub keys: &'static [(&'static str, &'static str)],
}

/// `panels/kv.rs`.
pub struct Kv {
    pub title: &'static str,
    /// Which layer and position, what it is, its bytes.
    pub cell_told: fn(u32, u32, &str, &str) -> String,
    pub token_told: fn(u32, u64, &str) -> String,
    pub cell_state: &'static str,
    pub cells_of_token: fn(u32) -> String,
    pub empty: &'static str,
    pub positions: &'static str,
    pub positions_story: &'static str,
    pub held: &'static str,
    pub held_story: &'static str,
    pub reserved: &'static str,
    pub reserved_story: &'static str,
    pub growth: &'static str,
    pub growth_story: &'static str,
    pub read: &'static str,
    pub read_story: &'static str,
    /// The picture: bytes held and reserved, as written, and the number of layers.
    pub picture: fn(&str, &str, u64) -> String,
    pub by_layer: &'static str,
    pub layer: &'static str,
    pub keeps: &'static str,
    pub layer_held: &'static str,
    pub layer_read: &'static str,
    pub room: &'static str,
    pub room_story: &'static str,
    pub full_at: &'static str,
    /// Bytes it holds then, as written.
    pub full_at_story: fn(&str) -> String,
    pub new: &'static str,
    pub new_story: &'static str,
    pub computed: &'static str,
    pub reused: &'static str,
    pub reused_story: &'static str,
    pub unseen: &'static str,
    pub unseen_story: &'static str,
    pub evicted: &'static str,
    pub evicted_story: &'static str,
    pub empty_cell: &'static str,
    pub cells_title: &'static str,
    /// The picture: positions held, room there is, layers.
    pub cells: fn(u64, u64, u64) -> String,
    pub cells_axes: &'static str,
    pub kinds_title: &'static str,
    pub kind: &'static str,
    pub layers_column: &'static str,
    pub growth_column: &'static str,
    pub bytes_each: &'static str,
    pub seen_column: &'static str,
    pub evicted_column: &'static str,
    /// Full, window, latent, state.
    pub kinds: [&'static str; 4],
    pub attention_title: &'static str,
    pub attention_about: &'static str,
    pub attention_ask: &'static str,
    pub attention_none: &'static str,
    /// The picture: layers and positions.
    pub attention_picture: fn(u64, u64) -> String,
    pub attention_legend: &'static str,
    pub attention_most: &'static str,
    pub attention_share: &'static str,
    pub position: &'static str,
    pub token: &'static str,
    pub policy_recent: &'static str,
    pub policy_sinks: &'static str,
    pub by_window: &'static str,
    pub by_window_story: &'static str,
    pub by_sinks: &'static str,
    pub by_sinks_story: &'static str,
}

/// `layout.rs`.
pub struct Layout {
    pub conversation: &'static str,
    pub trace: &'static str,
    pub loading: &'static str,
    pub writing: &'static str,
    pub full: &'static str,
}

/// `panels/load.rs`.
pub struct Load {
    pub title: &'static str,
    pub empty: &'static str,
    pub counting: &'static str,
    pub nothing_in_part: &'static str,
    pub part: &'static str,
    pub all: &'static str,
    pub prompt: &'static str,
    pub answer: &'static str,
    pub tokens: &'static str,
    pub tokens_story: &'static str,
    pub coverage: &'static str,
    pub coverage_story: &'static str,
    pub by_chance: &'static str,
    pub by_chance_story: &'static str,
    pub dormant: &'static str,
    pub dormant_story: &'static str,
    pub variation: &'static str,
    pub variation_story: &'static str,
    pub gini: &'static str,
    pub gini_story: &'static str,
    pub overlap: &'static str,
    pub overlap_story: &'static str,
    pub overlap_by_chance: &'static str,
    pub overlap_by_chance_story: &'static str,
    pub curve_title: &'static str,
    /// The picture: coverage at its end, measured and by chance, as written.
    pub curve: fn(&str, &str) -> String,
    /// How many tokens there are.
    pub curve_axes: &'static str,
    pub curve_table: &'static str,
    pub map_title: &'static str,
    /// The picture: layers and experts.
    pub map: fn(u64, u32) -> String,
    pub by_layer: &'static str,
    pub layer: &'static str,
    pub used: &'static str,
    pub dormant_column: &'static str,
    pub variation_column: &'static str,
    pub gini_column: &'static str,
    pub peak: &'static str,
    pub overlap_column: &'static str,
    /// A layer.
    pub together_title: fn(u32) -> String,
    pub together: fn(u32) -> String,
    pub together_none: &'static str,
    pub together_legend: &'static str,
    pub pair: &'static str,
    pub times: &'static str,
    pub lift: &'static str,
    pub divergence_title: &'static str,
    pub one_side: &'static str,
    pub other_side: &'static str,
    pub divergence: &'static str,
    pub divergence_story: &'static str,
    /// Which turn, and its tokens.
    pub prompt_of: fn(u64, u64) -> String,
    pub answer_of: fn(u64, u64) -> String,
    pub earlier_answer_of: fn(u64, u64) -> String,
    /// Its title; MoE layers and experts of the run on screen, and of the other.
    pub shapes_differ: fn(&str, [u64; 2], [u64; 2]) -> String,
    pub whole_of: fn(u64) -> String,
    pub on_screen: &'static str,
    pub beside: &'static str,
    pub open_beside: &'static str,
    pub kept_beside: &'static str,
    pub choose_kept: &'static str,
    pub close_beside: &'static str,
    pub difference_title: &'static str,
    pub difference_picture: fn(u64, u64) -> String,
    pub less: &'static str,
    pub more: &'static str,
    pub difference_table: &'static str,
    pub difference: &'static str,
    pub expert: &'static str,
}

/// `panels/loading.rs`.
pub struct Loading {
    pub title: &'static str,
    pub cancel: &'static str,
    pub fetching: &'static str,
    pub preparing: &'static str,
    pub left: fn(&str) -> String,
    /// What a model will take.
    pub takes: fn(&Takes<'_>) -> String,
    pub may_not_fit: fn(&str) -> String,
    /// The same where the browser tells no more than this.
    pub may_not_fit_least: fn(&str) -> String,
}

/// `panels/measures.rs`: what colours the text.
pub struct Measures {
    pub show: &'static str,
    pub nothing: &'static str,
    pub probability: &'static str,
    pub prediction_entropy: &'static str,
    pub router_entropy: &'static str,
    pub router_margin: &'static str,
    pub wall_time: &'static str,
    pub bytes: &'static str,
    pub reuse: &'static str,
    pub expert: &'static str,
    pub part: &'static str,
    pub cached: &'static str,
    /// Where a token comes from.
    pub parts: [&'static str; 4],
    pub reused: &'static str,
    pub computed: &'static str,
    /// A measure and its value, as written.
    pub value: fn(&str, &str) -> String,
}

/// `panels/rasters.rs`.
pub struct Rasters {
    pub title: &'static str,
    pub empty: &'static str,
    pub note: &'static str,
    pub layer: fn(u32) -> String,
    /// What opens the table.
    pub table: &'static str,
    pub layer_column: &'static str,
    pub used: &'static str,
    pub busiest: &'static str,
    pub times: &'static str,
}

/// `panels/slot.rs`: one expert of one layer.
pub struct Slot {
    pub layer: &'static str,
    pub expert: &'static str,
}

/// What a model will take, as written.
pub struct Takes<'a> {
    pub total: &'a str,
    pub weights: &'a str,
    pub kv: &'a str,
    pub positions: u64,
    pub buffers: &'a str,
}

/// `panels/models.rs`.
pub struct Models {
    pub title: &'static str,
    pub built_in: &'static str,
    pub kept: &'static str,
    pub public: &'static str,
    pub load: &'static str,
    pub load_named: fn(&str) -> String,
    pub address: &'static str,
    pub address_example: &'static str,
    pub context: &'static str,
    pub as_usual: fn(u64) -> String,
    pub stored_as: &'static str,
    pub f16: &'static str,
    pub f32: &'static str,
    pub q8_0: &'static str,
    pub none_kept: &'static str,
    pub room: fn(&str, &str) -> String,
    pub persist: &'static str,
    pub persist_hint: &'static str,
    pub go_on: &'static str,
    pub go_on_named: fn(&str) -> String,
    pub delete: &'static str,
    pub delete_named: fn(&str) -> String,
    pub fetch: &'static str,
    pub fetch_named: fn(&str) -> String,
    /// Who publishes them, and when the list was made.
    pub public_note: fn(date: &str) -> String,
    pub public_facts: fn(&PublicModel) -> String,
}

/// `page.rs` and `store.rs`.
pub struct Page {
    pub fault: fn(&str) -> String,
    pub no_catalogue: fn(&str) -> String,
    pub kept_for_good: &'static str,
    pub may_be_cleared: &'static str,
    pub no_worker: &'static str,
    pub engine_stopped: fn(&str) -> String,
    pub unknown_message: fn(&str) -> String,
    pub unreachable: fn(&str) -> String,
}

/// `panels/prediction.rs`.
pub struct Prediction {
    pub title: &'static str,
    pub entropy: &'static str,
    pub drawn_mark: &'static str,
    pub token: &'static str,
    pub share: &'static str,
    pub probability: &'static str,
    /// The token and its probability, as written.
    pub drawn: fn(&str, &str) -> String,
    /// A token, as written.
    pub branch: fn(&str) -> String,
    pub branch_note: &'static str,
    pub not_drawn: &'static str,
}

/// `panels/raster.rs`.
pub struct Raster {
    pub title: &'static str,
    /// The last expert.
    pub axes: fn(u64) -> String,
    pub picture: fn(u64, u32) -> String,
    pub layer: &'static str,
    pub empty: &'static str,
    pub order: &'static str,
    pub by_index: &'static str,
    pub by_load: &'static str,
    pub by_first_use: &'static str,
    /// First and last position.
    pub near: fn(u64, u64) -> String,
    pub table: &'static str,
    pub expert: &'static str,
    pub times: &'static str,
    pub mean_weight: &'static str,
    pub first: &'static str,
}

/// `panels/settings.rs`.
pub struct Replayed {
    pub recorded: &'static str,
    pub kept: &'static str,
    pub goes_on: &'static str,
    pub begins_anew: &'static str,
    pub model_is_loading: &'static str,
    pub no_model: &'static str,
    pub close: &'static str,
    pub back: &'static str,
}

pub struct Runs {
    pub title: &'static str,
    pub on_screen: &'static str,
    pub nothing_to_save: &'static str,
    pub save: &'static str,
    pub ledger: &'static str,
    pub picture: &'static str,
    pub caption_token: fn(position: u32, text: &str) -> String,
    pub copy_link: &'static str,
    pub link_copied: &'static str,
    pub link_is_bare: &'static str,
    pub link: fn(url: &str) -> String,
    pub link_failed: fn(why: &str) -> String,
    /// Why, where a branch cannot be read.
    pub link_no_branch: fn(told: &str) -> String,
    pub link_too_much: fn(most: u64) -> String,
    pub no_model: &'static str,
    pub with_distributions: &'static str,
    pub python: &'static str,
    pub open: &'static str,
    pub open_file: &'static str,
    pub open_note: &'static str,
    pub paste: &'static str,
    pub import: &'static str,
    pub the_text: &'static str,
    pub not_opened: fn(name: &str, why: &str) -> String,
    pub not_saved: fn(why: &str) -> String,
    pub run_error: fn(&RunError) -> String,
    pub import_error: fn(&ImportError) -> String,
    pub kept: &'static str,
    pub kept_note: &'static str,
    pub none_kept: &'static str,
    pub not_kept: fn(why: &str) -> String,
    pub kept_facts: fn(model: &str, tokens: &str, bytes: &str, day: &str) -> String,
    pub name_of: fn(title: &str) -> String,
    pub open_one: &'static str,
    pub open_named: fn(title: &str) -> String,
    pub export: &'static str,
    pub export_named: fn(title: &str) -> String,
    pub delete: &'static str,
    pub delete_named: fn(title: &str) -> String,
    pub delete_for_good: &'static str,
}

pub struct Settings {
    pub title: &'static str,
    pub seed: &'static str,
    pub seed_hint: &'static str,
    pub temperature: &'static str,
    pub temperature_hint: &'static str,
    pub top_k: &'static str,
    pub top_k_hint: &'static str,
    pub top_p: &'static str,
    pub top_p_hint: &'static str,
    pub min_p: &'static str,
    pub min_p_hint: &'static str,
    pub repetition: &'static str,
    pub repetition_hint: &'static str,
    pub max_tokens: &'static str,
    pub max_tokens_hint: &'static str,
}

/// `panels/steps.rs`.
pub struct Steps {
    pub title: &'static str,
    pub empty: &'static str,
    pub about: &'static str,
    pub ask: &'static str,
    pub asked: &'static str,
    pub not_here: &'static str,
    /// The picture: how many steps.
    pub strips: fn(u64) -> String,
    pub measured: &'static str,
    pub predicted: &'static str,
    pub no_timestamps: &'static str,
    pub count: &'static str,
    pub count_story: &'static str,
    pub time: &'static str,
    /// Runs.
    pub time_story: fn(u64) -> String,
    pub wall: &'static str,
    pub wall_story: &'static str,
    pub bytes: &'static str,
    pub bytes_story: &'static str,
    pub operations: &'static str,
    pub operations_story: &'static str,
    pub rate: &'static str,
    pub rate_story: &'static str,
    /// A kernel and its layer.
    pub in_layer: fn(&str, u32) -> String,
    pub shader_note: &'static str,
    pub twin_note: &'static str,
    pub by_kernel: &'static str,
    pub kernel: &'static str,
    pub all: &'static str,
}

/// `panels/transcript.rs`.
pub struct Transcript {
    pub you: &'static str,
    pub model: &'static str,
    pub edit: &'static str,
    pub edit_hint: &'static str,
    pub earlier: &'static str,
    pub reasons: &'static str,
    pub tokens_of: fn(&str) -> String,
    pub at_limit: &'static str,
    pub at_full: &'static str,
    pub cancelled: &'static str,
    pub reasoning: fn(u64) -> String,
    pub reused: fn(u64) -> String,
    pub seed: fn(u64) -> String,
    pub template_token: fn(&str) -> String,
    pub reasoned: fn(&str) -> String,
}

/// `panels/transport.rs`.
pub struct Transport {
    pub title: &'static str,
    pub back: &'static str,
    pub forward: &'static str,
    pub play: &'static str,
    pub pause: &'static str,
    pub scrub: &'static str,
    pub speed: &'static str,
    pub newest: &'static str,
    /// Tokens per second.
    pub rate: fn(u32) -> String,
}

/// `panels/views.rs`: the navigation; groups, then views by their names.
pub struct Views {
    pub navigation: &'static str,
    pub overview: &'static str,
    pub economics_group: &'static str,
    pub experts_group: &'static str,
    pub memory_group: &'static str,
    pub plan_group: &'static str,
    pub time_group: &'static str,
    pub cost: &'static str,
    pub experts: &'static str,
    pub kv: &'static str,
    pub load: &'static str,
    pub prediction: &'static str,
    pub raster: &'static str,
    pub rasters: &'static str,
    pub steps: &'static str,
}

/// `panels/welcome.rs`.
pub struct Welcome {
    pub invitation: &'static str,
    pub title: &'static str,
    pub told: &'static str,
}

/// What `protocol/told.rs` has as values.
pub struct Worker {
    pub told: fn(&Told) -> String,
    pub why: fn(&Why) -> String,
    pub still_works: &'static str,
    /// A kind of layer, and how far it reaches.
    pub reaching: fn(&str, u32) -> String,
}
