//! The kernels: for each, under one stem, a WGSL file, this host side, a CPU twin and a test.
//!
//! A kernel value is data: which buffers it reads and writes, its parameters, how many workgroups
//! it needs for a batch, and how many bytes and operations that is. Executors interpret it.
//!
//! Adding a kernel: `shaders/<stem>.wgsl`, `kernels/<stem>.rs`, `cpu/<stem>.rs`,
//! `tests/kernels/<stem>.rs`, and one line in the list below; the list makes the first three a
//! compile error when missing.

use std::borrow::Cow;
use std::fmt;

use crate::cpu;
use crate::fast;
use crate::plan::{BufferId, PackId};
use crate::quant::Format;
use crate::session::KvFormat;
use crate::trace::GroupWork;

/// Declares the host modules and the table of shaders from one sorted list.
macro_rules! kernels {
    ($($stem:ident),* $(,)?) => {
        $(pub mod $stem;)*

        /// Every kernel's stem, WGSL and parameter layout, in alphabetical order.
        pub const ALL: &[Shader] = &[$(Shader {
            stem: stringify!($stem),
            wgsl: include_str!(concat!("../../shaders/", stringify!($stem), ".wgsl")),
            twin: include_str!(concat!("cpu/", stringify!($stem), ".rs")),
            params: $stem::Params::FIELDS,
            links: $stem::LINKS,
        }),*];
    };
}

kernels! {
    attention,
    attention_mass,
    attention_merge,
    embed,
    expert_combine,
    expert_down,
    expert_gate_up,
    expert_out,
    expert_sort,
    latent_rope,
    matmul,
    qk_rope,
    rms_norm,
    router,
    sample,
    short_conv,
    swiglu,
}

/// One WGSL file and what must be linked to it.
#[derive(Debug)]
pub struct Shader {
    /// File name without ending; also the entry point.
    pub stem: &'static str,
    /// The file's own text.
    pub wgsl: &'static str,
    /// That of its twin on the CPU.
    pub twin: &'static str,
    /// Name and byte offset of every field of its `Params`, from the Rust struct.
    pub params: &'static [(&'static str, usize)],
    /// The kinds of file it is linked with.
    pub links: &'static [LinkKind],
}

/// A slot of a kernel that a whole WGSL file fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// `shaders/quant/<format>.wgsl`: how weights are decoded.
    Quant,
    /// `shaders/parts/dot_<f32|i8>.wgsl`: a decoded unit times activations.
    Dot,
    /// `shaders/parts/dot_f32.wgsl`: the same, always exact.
    DotF32,
    /// `shaders/kv/<format>.wgsl`: how cache entries are packed.
    Kv,
    /// `shaders/parts/tile_<n>.wgsl`: how many tokens one weight read serves.
    Tile,
    /// `shaders/parts/tile_1.wgsl`: always one.
    OneToken,
    /// `shaders/parts/tile_4.wgsl`: always [`PREFILL_TILE`].
    FourTokens,
    /// `shaders/parts/rows_<n>.wgsl` and `lanes.wgsl`: rows shared out over a workgroup.
    Rows,
    /// `shaders/parts/norm.wgsl`: a row normed.
    Norm,
}

/// The files chosen for one use of a kernel. Two uses with equal links share a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Links {
    pub quant: Option<Format>,
    pub kv: Option<KvFormat>,
    /// Rows that follow each other have activations of their own, so that none are shared.
    pub one_row: bool,
}

/// Tokens per weight read while prefilling.
pub const PREFILL_TILE: u32 = 4;

/// Rows of weights one invocation takes where rows are not shared.
pub const MOST_ROWS: u32 = 4;

/// The form of a kernel that one pipeline has. A kernel that links none of its parts ignores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// Tokens per weight read: 1 or [`PREFILL_TILE`].
    pub tile: u32,
    /// Rows of weights per invocation: 1 or [`MOST_ROWS`].
    pub rows: u32,
    /// Activations rounded to bytes, products in integers.
    pub int8: bool,
}

impl Form {
    /// One token, one row, exact: what every kernel has.
    pub const PLAIN: Self = Self {
        tile: 1,
        rows: 1,
        int8: false,
    };

    /// Every form there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let tiles = [1, PREFILL_TILE];
        tiles.into_iter().flat_map(|tile| {
            [1, MOST_ROWS]
                .into_iter()
                .flat_map(move |rows| [false, true].map(|int8| Self { tile, rows, int8 }))
        })
    }
}

/// A text file of this repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// From the root of the repository.
    pub path: Cow<'static, str>,
    pub text: &'static str,
}

/// A file in `shaders/parts/`.
macro_rules! part {
    ($stem:literal) => {
        SourceFile {
            path: Cow::Borrowed(concat!("shaders/parts/", $stem, ".wgsl")),
            text: include_str!(concat!("../../shaders/parts/", $stem, ".wgsl")),
        }
    };
}

/// What every weight format is joined to.
pub const UNIT_BYTES_WGSL: &str = include_str!("../../shaders/parts/unit_bytes.wgsl");

impl Shader {
    /// The shader of a stem; stems come from [`Kernel::stem`], so it is always found.
    pub fn of(stem: &str) -> Option<&'static Shader> {
        ALL.iter().find(|shader| shader.stem == stem)
    }

    /// The whole text the GPU compiles: files one after another, nothing rewritten.
    pub fn link(&self, links: Links, form: Form) -> String {
        let texts: Vec<_> = self.files(links, form).iter().map(|file| file.text).collect();
        texts.join("\n")
    }

    /// The files of [`Self::link`], its own the last.
    pub fn files(&self, links: Links, form: Form) -> Vec<SourceFile> {
        let of = |folder: &str, stem: &str, text| SourceFile {
            path: format!("shaders/{folder}{stem}.wgsl").into(),
            text,
        };
        let mut files = vec![part!("batch")];
        for kind in self.links {
            match kind {
                LinkKind::Quant => {
                    files.push(part!("unit_bytes"));
                    files.extend(
                        links
                            .quant
                            .map(|format| of("quant/", format.stem(), format.wgsl())),
                    );
                }
                LinkKind::Dot if form.int8 => files.push(part!("dot_i8")),
                LinkKind::Dot | LinkKind::DotF32 => files.push(part!("dot_f32")),
                LinkKind::Kv => files.extend(links.kv.map(|kv| of("kv/", kv.name(), kv.wgsl()))),
                LinkKind::Tile if form.tile != 1 => files.push(part!("tile_4")),
                LinkKind::FourTokens => files.push(part!("tile_4")),
                LinkKind::Tile | LinkKind::OneToken => files.push(part!("tile_1")),
                LinkKind::Rows => {
                    files.push(if form.rows == 1 {
                        part!("rows_1")
                    } else {
                        part!("rows_4")
                    });
                    files.push(part!("lanes"));
                }
                LinkKind::Norm => files.push(part!("norm")),
            }
        }
        files.push(of("", self.stem, self.wgsl));
        files
    }

    /// The same in plain Rust.
    pub fn twin_file(&self) -> SourceFile {
        SourceFile {
            path: format!("engine/src/cpu/{}.rs", self.stem).into(),
            text: self.twin,
        }
    }

    /// The form it takes where `wanted` is asked for.
    pub fn form(&self, links: Links, wanted: Form) -> Form {
        let has = |kind| self.links.contains(&kind);
        let has_bytes = links.quant.is_some_and(Format::has_bytes);
        let tile = match (has(LinkKind::Tile), has(LinkKind::FourTokens)) {
            (true, _) => wanted.tile,
            (_, true) => PREFILL_TILE,
            _ => 1,
        };
        Form {
            tile,
            rows: if has(LinkKind::Rows) && !links.one_row {
                wanted.rows
            } else {
                1
            },
            int8: has(LinkKind::Dot) && has_bytes && !links.one_row && wanted.int8,
        }
    }
}

/// The tokens of one forward pass, as every kernel sees them. Mirrors `shaders/parts/batch.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Batch {
    /// Tokens in this pass.
    pub n_tokens: u32,
    /// Position of the first of them; also how many positions the cache held before.
    pub start: u32,
    /// First token of the batch whose logits are wanted.
    pub logits_from: u32,
    /// How many tokens, from there on, get logits.
    pub n_logits: u32,
    /// 1: choose the next token from the last of them.
    pub n_draws: u32,
    /// Workgroups that share what a decoded token's attention reads; 1: each walks all of it.
    pub n_splits: u32,
    /// 1: the uses of experts are sorted, so that a tile of them shares the weights of one expert.
    pub by_expert: u32,
}

impl Batch {
    /// Field names and offsets, for the layout test.
    pub const FIELDS: &'static [(&'static str, usize)] = &[
        ("n_tokens", 0),
        ("start", 4),
        ("logits_from", 8),
        ("n_logits", 12),
        ("n_draws", 16),
        ("n_splits", 20),
        ("by_expert", 24),
    ];
}

/// What a storage binding points at, and whether the kernel writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    Read(BufferId),
    Write(BufferId),
    Weights(PackId),
    /// What the shader names but this use of it never reads; any buffer that is only read will do.
    Unread(BufferId),
}

/// How the workgroups of a dispatch are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// One workgroup per `x`, `y`.
    Workgroups { x: u32, y: u32 },
    /// The same in three dimensions.
    Splits { x: u32, y: u32, z: u32 },
    /// One invocation per item along `x`; `y` workgroups.
    Invocations { x: u32, y: u32 },
    /// `lanes` invocations work together on one row, or on several; rows along `x`, and workgroups `y`, `z`.
    Rows { rows: u32, y: u32, z: u32 },
}

/// Invocations per workgroup, in every kernel but `sample`, which has one workgroup. WebGPU guarantees 256; 64
/// suits all devices met.
pub const WORKGROUP_SIZE: u32 = 64;

impl Grid {
    /// Workgroup counts when `lanes` invocations share `rows_each` rows. Rows beyond what one dimension
    /// may hold (65,535 by default) continue along `z`; kernels undo this with `lane_row`.
    pub fn workgroups(self, lanes: u32, rows_each: u32, max_per_dimension: u32) -> [u32; 3] {
        match self {
            Grid::Workgroups { x, y } => [x, y, 1],
            Grid::Splits { x, y, z } => [x, y, z],
            Grid::Invocations { x, y } => [x.div_ceil(WORKGROUP_SIZE), y, 1],
            Grid::Rows { rows, y, z } => {
                let groups = rows.div_ceil(WORKGROUP_SIZE / lanes * rows_each);
                let folds = groups.div_ceil(max_per_dimension.max(1)).max(1);
                [groups.div_ceil(folds), y, z * folds]
            }
        }
    }
}

/// The work of one pass that depends on what the router chose.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    pub batch: Batch,
    /// Distinct experts chosen over the whole batch, per MoE layer. `(moe_layers)`
    pub distinct_experts: &'a [u32],
}

/// One use of a kernel in a plan.
pub trait Kernel: fmt::Debug {
    /// The stem: shader file, entry point, profiler label.
    fn stem(&self) -> &'static str;
    /// Which files are linked to it.
    fn links(&self) -> Links {
        Links::default()
    }
    /// The uniform the shader calls `params`.
    fn params(&self) -> Cow<'_, [u8]>;
    /// Storage bindings, from `@binding(2)` on.
    fn bindings(&self) -> Vec<Bind>;
    /// Rows of activations the kernel works on; decides between its one-token and prefill forms.
    fn tokens(&self, batch: Batch) -> u32 {
        batch.n_tokens
    }
    /// The grid for a batch, when one workgroup row serves `tile` tokens.
    fn grid(&self, batch: Batch, tile: u32) -> Grid;
    /// Bytes and operations of a pass.
    fn work(&self, pass: Pass<'_>) -> GroupWork;
    /// The pack whose matrices workers may share out by rows, and the rows of one matrix. All rows of the
    /// others are needed by everybody.
    fn split(&self) -> Option<(PackId, u32)> {
        None
    }
    /// Runs the CPU twin.
    fn run_cpu(&self, memory: &cpu::Memory, batch: Batch);
    /// Runs the fast form, of kernels that have one.
    fn run_fast(&self, memory: &cpu::Memory, batch: Batch, _scratch: &mut fast::Scratch) {
        self.run_cpu(memory, batch);
    }
}

/// A uniform struct with its field offsets, so that a test can hold it against the WGSL.
macro_rules! params {
    ($(#[$doc:meta])* $(pub $field:ident: $kind:ty, $(#[$field_doc:meta])*)*) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct Params {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Params {
            /// Field names and byte offsets, in order.
            pub const FIELDS: &'static [(&'static str, usize)] =
                &[$((stringify!($field), std::mem::offset_of!(Params, $field)),)*];
        }
    };
}
pub(crate) use params;

/// Elements are stored in units of 32; a row of `n` elements takes this many.
pub fn units(n: u32) -> u32 {
    n.div_ceil(32)
}

/// Width of an activation row in memory: padded to whole units, the padding stays zero.
pub fn stride(n: u32) -> u32 {
    units(n) * 32
}

/// A matrix that each expert of a layer has: what using it costs.
#[derive(Clone, Copy, Debug)]
pub struct ExpertMatrix {
    pub format: Format,
    pub rows: u32,
    pub cols: u32,
    /// Experts of the layer, of which fewer may be bound, and how many each token uses.
    pub n_experts: u32,
    pub top_k: u32,
    pub moe_layer: u32,
    /// Each row has a bias.
    pub has_bias: bool,
}

impl ExpertMatrix {
    /// Weights of each expert used, once, and the products of every use.
    fn work(&self, pass: Pass<'_>) -> GroupWork {
        let elements = u64::from(self.rows) * u64::from(self.cols);
        let distinct = pass
            .distinct_experts
            .get(self.moe_layer as usize)
            .copied()
            .unwrap_or(0);
        let bias_bytes = if self.has_bias {
            4 * u64::from(self.rows)
        } else {
            0
        };
        let uses = u64::from(pass.batch.n_tokens) * u64::from(self.top_k);
        GroupWork {
            weight_bytes: (weight_bytes(self.format, elements) + bias_bytes) * u64::from(distinct),
            operations: 2 * elements * uses,
            ..GroupWork::default()
        }
    }
}

/// Bytes of weights in their file format; a plan only holds whole blocks.
fn weight_bytes(format: Format, elements: u64) -> u64 {
    format.bytes_for(elements).unwrap_or_default()
}
