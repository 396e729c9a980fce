//! The columns of a run, and the one list that names them, their types and their shapes: the writer,
//! the reader and the test of `FORMAT.md` all follow it.

use bytemuck::Pod;
use half::f16;
use safetensors::Dtype;

/// Kinds of tokens: said, reasoned before an answer, or of the chat template.
pub const KIND_SAID: u8 = 0;
pub const KIND_REASONED: u8 = 1;
pub const KIND_TEMPLATE: u8 = 2;

/// Texts one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Texts {
    /// Where each begins, and where the last ends. `(texts + 1)`
    pub offsets: Vec<u32>,
    /// UTF-8.
    pub bytes: Vec<u8>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            bytes: Vec::new(),
        }
    }
}

impl Texts {
    /// Adds one at the end.
    pub fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.offsets.push(self.bytes.len() as u32);
    }

    /// One of them; damaged UTF-8 shows as replacement characters.
    pub fn get(&self, index: usize) -> String {
        let range = self.offsets.get(index).zip(self.offsets.get(index + 1));
        let bytes = range.and_then(|(from, to)| self.bytes.get(*from as usize..*to as usize));
        String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
    }
}

/// Every token in the order it came. A number that does not apply is not a number (NaN).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tokens {
    pub ids: Vec<u32>,
    pub kinds: Vec<u8>,
    pub texts: Texts,
    /// Probability the model gave it; NaN for tokens of a prompt.
    pub probs: Vec<f32>,
    /// How undecided the model was when it drew it; NaN for tokens of a prompt.
    pub entropy_bits: Vec<f32>,
    pub likely: Likely,
}

/// What the model expected most at each sampled token, the likeliest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Likely {
    /// Which of the others belong to each token. `(tokens + 1)`
    pub offsets: Vec<u32>,
    pub ids: Vec<u32>,
    pub probs: Vec<f32>,
    pub texts: Texts,
}

impl Default for Likely {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            ids: Vec::new(),
            probs: Vec::new(),
            texts: Texts::default(),
        }
    }
}

/// Every position in the order it was computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub positions: Vec<u32>,
    /// Chosen experts, best first.
    pub expert_ids: Vec<u16>,
    /// Weight of each; empty where it was not recorded.
    pub expert_weights: Vec<f32>,
    /// Full router distribution, rounded to half precision; NaN for rows whose distribution was let go,
    /// empty where none was recorded.
    pub router_probs: Vec<f16>,
    /// Its entropy and the margin of the choice, from the numbers before they were rounded. NaN where
    /// not known, and for a router that chose every expert; empty where none was recorded.
    pub router_entropy_bits: Vec<f32>,
    pub router_margins: Vec<f32>,
    /// Bytes of KV cache held after, and read for, each position; empty where not recorded.
    pub kv_held_bytes: Vec<u64>,
    pub kv_read_bytes: Vec<u64>,
}

/// Every forward pass, and how many rows it computed together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passes {
    pub rows: Vec<u32>,
    pub batch_tokens: Vec<u32>,
    /// NaN where it was not measured.
    pub wall_micros: Vec<f64>,
    pub dispatches: Vec<u32>,
    pub kv_capacity: Vec<u32>,
    pub kv_reserved_bytes: Vec<u64>,
    pub kv_bytes_per_position: Vec<u64>,
    /// NaN where it was not measured.
    pub group_micros: Vec<f64>,
    pub group_weight_bytes: Vec<u64>,
    pub group_kv_read_bytes: Vec<u64>,
    pub group_kv_write_bytes: Vec<u64>,
    pub group_operations: Vec<u64>,
}

/// Tokens that were looked at closely, in the order of their positions: each one's decode was run again, step
/// by step under the clock, with a tap on every attention. Empty where none was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examined {
    pub positions: Vec<u32>,
    /// Runs behind the times, which are their means.
    pub runs: Vec<u32>,
    pub wall_micros: Vec<f64>,
    /// For each token, share of attention of every position up to its own, mean over heads, one layer of
    /// `Info::attention_layers` after another.
    pub attention: Vec<f32>,
    /// One for each of `Info::steps`; NaN where it was not measured.
    pub step_micros: Vec<f64>,
    pub step_weight_bytes: Vec<u64>,
    pub step_kv_read_bytes: Vec<u64>,
    pub step_kv_write_bytes: Vec<u64>,
    pub step_operations: Vec<u64>,
}

/// A length of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    Tokens,
    TokensPlus1,
    TextBytes,
    Likely,
    LikelyPlus1,
    LikelyTextBytes,
    Rows,
    MoeLayers,
    TopK,
    Experts,
    KvLayers,
    Passes,
    Groups,
    Examined,
    Attention,
    Steps,
}

/// One array of the file.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub name: &'static str,
    pub dtype: Dtype,
    pub dims: &'static [Dim],
    /// May be absent.
    pub is_optional: bool,
}

/// Numbers that stand in columns.
pub(crate) trait Item: Pod {
    const DTYPE: Dtype;
}

macro_rules! items {
    ($($type:ty = $dtype:ident),*) => { $(impl Item for $type { const DTYPE: Dtype = Dtype::$dtype; })* };
}
items!(
    u8 = U8,
    u16 = U16,
    u32 = U32,
    u64 = U64,
    f32 = F32,
    f64 = F64,
    f16 = F16
);

macro_rules! columns {
    ($($part:ident . $($field:ident).+ : $type:ty, $name:literal, [$($dim:ident),+], $optional:literal;)*) => {
        /// Every array a run file may hold.
        pub const COLUMNS: &[Spec] = &[$(Spec {
            name: $name,
            dtype: <$type as Item>::DTYPE,
            dims: &[$(Dim::$dim),+],
            is_optional: $optional,
        }),*];

        /// Shows each column's bytes, in the order of [`COLUMNS`].
        pub(crate) fn each_bytes<'run>(run: &'run crate::Run, mut show: impl FnMut(&'static Spec, &'run [u8])) {
            let mut specs = COLUMNS.iter();
            $(if let Some(spec) = specs.next() {
                show(spec, bytemuck::cast_slice::<$type, u8>(&run.$part.$($field).+));
            })*
        }

        /// Fills each column with what `bytes` finds of it.
        pub(crate) fn fill<'file>(
            run: &mut crate::Run,
            mut bytes: impl FnMut(&'static Spec) -> Result<&'file [u8], crate::RunError>,
        ) -> Result<(), crate::RunError> {
            let mut specs = COLUMNS.iter();
            $(if let Some(spec) = specs.next() {
                run.$part.$($field).+ = bytemuck::pod_collect_to_vec::<u8, $type>(bytes(spec)?);
            })*
            Ok(())
        }
    };
}

columns! {
    tokens.ids: u32, "token_ids", [Tokens], false;
    tokens.kinds: u8, "token_kinds", [Tokens], false;
    tokens.texts.offsets: u32, "token_text_offsets", [TokensPlus1], false;
    tokens.texts.bytes: u8, "token_text_bytes", [TextBytes], false;
    tokens.probs: f32, "token_probs", [Tokens], false;
    tokens.entropy_bits: f32, "token_entropy_bits", [Tokens], false;
    tokens.likely.offsets: u32, "likely_offsets", [TokensPlus1], false;
    tokens.likely.ids: u32, "likely_ids", [Likely], false;
    tokens.likely.probs: f32, "likely_probs", [Likely], false;
    tokens.likely.texts.offsets: u32, "likely_text_offsets", [LikelyPlus1], false;
    tokens.likely.texts.bytes: u8, "likely_text_bytes", [LikelyTextBytes], false;
    rows.positions: u32, "row_positions", [Rows], false;
    rows.expert_ids: u16, "expert_ids", [Rows, MoeLayers, TopK], false;
    rows.expert_weights: f32, "expert_weights", [Rows, MoeLayers, TopK], true;
    rows.router_probs: f16, "router_probs", [Rows, MoeLayers, Experts], true;
    rows.router_entropy_bits: f32, "router_entropy_bits", [Rows, MoeLayers], true;
    rows.router_margins: f32, "router_margins", [Rows, MoeLayers], true;
    rows.kv_held_bytes: u64, "kv_held_bytes", [Rows, KvLayers], true;
    rows.kv_read_bytes: u64, "kv_read_bytes", [Rows, KvLayers], true;
    passes.rows: u32, "pass_rows", [Passes], false;
    passes.batch_tokens: u32, "pass_batch_tokens", [Passes], false;
    passes.wall_micros: f64, "pass_wall_micros", [Passes], false;
    passes.dispatches: u32, "pass_dispatches", [Passes], false;
    passes.kv_capacity: u32, "pass_kv_capacity", [Passes], false;
    passes.kv_reserved_bytes: u64, "pass_kv_reserved_bytes", [Passes], false;
    passes.kv_bytes_per_position: u64, "pass_kv_bytes_per_position", [Passes], false;
    passes.group_micros: f64, "group_micros", [Passes, Groups], false;
    passes.group_weight_bytes: u64, "group_weight_bytes", [Passes, Groups], false;
    passes.group_kv_read_bytes: u64, "group_kv_read_bytes", [Passes, Groups], false;
    passes.group_kv_write_bytes: u64, "group_kv_write_bytes", [Passes, Groups], false;
    passes.group_operations: u64, "group_operations", [Passes, Groups], false;
    examined.positions: u32, "examined_positions", [Examined], true;
    examined.runs: u32, "examined_runs", [Examined], true;
    examined.wall_micros: f64, "examined_wall_micros", [Examined], true;
    examined.attention: f32, "examined_attention", [Attention], true;
    examined.step_micros: f64, "step_micros", [Examined, Steps], true;
    examined.step_weight_bytes: u64, "step_weight_bytes", [Examined, Steps], true;
    examined.step_kv_read_bytes: u64, "step_kv_read_bytes", [Examined, Steps], true;
    examined.step_kv_write_bytes: u64, "step_kv_write_bytes", [Examined, Steps], true;
    examined.step_operations: u64, "step_operations", [Examined, Steps], true;
}
