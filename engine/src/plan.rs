//! The plan: every step of a forward pass as plain data, made before any GPU call.
//!
//! A plan lists weight packs (tensors joined along rows so that one kernel reads one binding),
//! buffers, and steps; each step is a kernel with its bindings, parameters, bytes and operations.
//! Executors run it, `cargo xtask plan` prints it, the cost panel sums it.

mod builder;
mod text;

pub use builder::PlanBuilder;

use crate::arch::Spec;
use crate::blocks::attention::Rope;
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::{Kernel, Pass, stride, units};
use crate::quant::Format;
use crate::session::KvFormat;
use crate::trace::{GroupWork, StepGroup};

/// Why a plan cannot be made for this model on this device.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(
        "{name} needs {bytes} bytes in one piece, but this device binds at most {limit}; \
         a more strongly quantized file or a shorter context would fit"
    )]
    TooLarge { name: String, bytes: u64, limit: u64 },
    #[error(
        "the KV cache and the buffers of this model need {bytes} bytes for {context} positions, and {limit} are allowed; \
         choose a shorter context"
    )]
    TooMuchState { bytes: u64, context: u32, limit: u64 },
    #[error(
        "a KV cache stored as {format} needs heads of a multiple of {block} elements, and those of {name} have {got}; \
         choose another format for it"
    )]
    KvBlock {
        name: String,
        format: &'static str,
        block: u32,
        got: u32,
    },
    #[error("{name}: {what} is {got}, and the kernels here handle at most {limit}")]
    Beyond {
        name: String,
        what: &'static str,
        got: u64,
        limit: u64,
    },
    #[error("{first} is stored as {first_format} and {second} as {second_format}; they must share a format")]
    MixedFormats {
        first: String,
        first_format: Format,
        second: String,
        second_format: Format,
    },
    #[error("{name} is stored as {format}, but norms and other vectors must be F32")]
    VectorFormat { name: String, format: Format },
    #[error("layers {a} and {b} differ in experts or top-k; the trace needs them alike")]
    UnequalMoe { a: u32, b: u32 },
}

/// Index of a buffer in [`Plan::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub usize);

/// Index of a weight pack in [`Plan::packs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackId(pub usize);

/// What the device allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes one storage binding may cover.
    pub max_binding_bytes: u64,
    /// Most bytes of KV cache and buffers together. Their size follows from numbers in the file,
    /// so it must have a bound.
    pub max_state_bytes: u64,
}

impl Limits {
    /// No device in particular.
    pub const NONE: Limits = Limits {
        max_binding_bytes: u64::MAX,
        max_state_bytes: u64::MAX,
    };

    /// The CPU executor: what a wasm memory, or an ordinary computer, can hold.
    pub const CPU: Limits = if cfg!(target_arch = "wasm32") {
        Limits {
            max_binding_bytes: 1 << 30,
            max_state_bytes: 2 << 30,
        }
    } else {
        Limits {
            max_binding_bytes: 1 << 40,
            max_state_bytes: 8 << 30,
        }
    };
}

/// How a plan is sized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Positions the KV cache holds.
    pub context: u32,
    /// Most tokens in one pass.
    pub batch: u32,
    /// Most rows of logits in one pass.
    pub logit_rows: u32,
    /// How cache entries are stored.
    pub kv: KvFormat,
}

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferKind {
    /// Written by the host once per pass.
    Input,
    /// Lives between steps of one pass.
    Activation,
    /// Lives as long as the session.
    Kv(LayerIdx),
    /// Read back with the token.
    Output,
}

/// A buffer and its shape.
#[derive(Clone, Debug)]
pub struct Buffer {
    pub name: String,
    pub kind: BufferKind,
    pub rows: u64,
    /// Words of 4 bytes per row.
    pub row_words: u64,
}

impl Buffer {
    /// Size in 4-byte words.
    pub fn words(&self) -> u64 {
        self.rows * self.row_words
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.words() * 4
    }
}

/// Tensors joined along their rows, in one format: what one binding holds.
#[derive(Clone, Debug)]
pub struct WeightPack {
    pub tensors: Vec<TensorInfo>,
    pub format: Format,
    pub rows: u64,
    pub cols: u32,
}

impl WeightPack {
    /// The names of its tensors.
    pub fn name(&self) -> String {
        self.tensors
            .iter()
            .map(|tensor| tensor.name.as_str())
            .collect::<Vec<_>>()
            .join(" + ")
    }

    /// Bytes of one row in the file.
    pub fn row_bytes(&self) -> u64 {
        self.format.bytes_for(u64::from(self.cols)).unwrap_or_default()
    }

    /// Bytes in the file.
    pub fn file_bytes(&self) -> u64 {
        self.tensors
            .iter()
            .map(|tensor| tensor.range.end - tensor.range.start)
            .sum()
    }

    /// Bytes on the GPU.
    pub fn gpu_bytes(&self) -> u64 {
        gpu_bytes(self.format, self.rows, self.cols)
    }

    /// Bytes of zeros to add to each row of the file so that rows are whole units.
    pub fn row_padding_bytes(&self) -> usize {
        let missing = stride(self.cols) - self.cols;
        missing as usize / self.format.block_elements() * self.format.block_bytes()
    }
}

/// Bytes of a matrix on the GPU: rows padded to whole units, units to whole repacking groups, and all
/// to whole fours of words, which shaders read at a time.
fn gpu_bytes(format: Format, rows: u64, cols: u32) -> u64 {
    let groups = (rows * u64::from(units(cols))).div_ceil(format.group_units() as u64);
    (groups * format.group_words() as u64 * 4).next_multiple_of(16)
}

/// One kernel of the pass.
#[derive(Debug)]
pub struct Step {
    pub group: StepGroup,
    pub layer: Option<LayerIdx>,
    pub kernel: Box<dyn Kernel>,
}

/// The shape of the routing trace.
#[derive(Clone, Debug, Default)]
pub struct MoeShape {
    /// Index of the transformer block behind each MoE layer.
    pub layers: Vec<u32>,
    pub n_experts: u32,
    pub top_k: u32,
}

/// The buffers through which a pass is fed and read.
#[derive(Clone, Debug)]
pub struct Ports {
    pub tokens: BufferId,             // (batch) u32
    pub ropes: Vec<(Rope, BufferId)>, // (batch, n_rot / 2, 2) each
    pub logits: BufferId,             // (logit_rows, vocab)
    pub draw: BufferId,               // how to choose the next token: a `sample::Draw`
    pub chosen: BufferId,             // (1) u32, the next token
    pub ids: BufferId,                // (batch, moe_layers, top_k) u32
    pub expert_weights: BufferId,     // (batch, moe_layers, top_k)
    pub probs: BufferId,              // (batch, moe_layers, n_experts)
}

/// What a layer keeps of earlier positions, and which layer that is.
#[derive(Clone, Copy, Debug)]
pub struct KvLayer {
    pub layer: LayerIdx,
    pub kind: KvKind,
    pub bytes_per_position: u64,
    /// Positions a token sees, its own included.
    pub reach: u32,
    /// Positions there is room for; later ones take the place of the oldest.
    pub rows: u32,
}

/// What it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvKind {
    /// Keys and values of every position.
    Full,
    /// Keys and values of those its tokens still see.
    Window,
    /// One latent per position, for keys and values of all heads.
    Latent,
    /// The last inputs of a short convolution.
    Convolution,
}

impl KvLayer {
    /// What it is called: `full`, `window of 128`, `latent`, `convolution of 3`.
    pub fn name(&self) -> String {
        match self.kind {
            KvKind::Full => "full".into(),
            KvKind::Window => format!("window of {}", self.reach),
            KvKind::Latent => "latent".into(),
            KvKind::Convolution => format!("convolution of {}", self.reach),
        }
    }

    /// Bytes there is room for.
    pub fn reserved_bytes(&self) -> u64 {
        self.bytes_per_position * u64::from(self.rows)
    }

    /// Whether a token at `position` finds all it sees, once `written` positions have been.
    pub fn holds_what_is_seen_from(&self, position: u32, written: u32) -> bool {
        let oldest_seen = (position + 1).saturating_sub(self.reach);
        oldest_seen >= written.saturating_sub(self.rows)
    }
}

/// Everything an executor needs, and nothing of how it does it.
#[derive(Debug)]
pub struct Plan {
    pub options: PlanOptions,
    /// What it was made to stay within.
    pub limits: Limits,
    pub vocab: u32,
    pub packs: Vec<WeightPack>,
    pub buffers: Vec<Buffer>,
    pub steps: Vec<Step>,
    pub ports: Ports,
    pub moe: MoeShape,
    pub kv_layers: Vec<KvLayer>,
    /// Steps that only look; there are some in the plan of a scout, which is timed step by step.
    pub taps: Option<Vec<Tap>>,
}

/// A step that looks at what attention pays attention to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub layer: Option<LayerIdx>,
    /// Its index among the steps.
    pub step: usize,
    pub mass: BufferId, // (context)
}

impl Plan {
    /// Lays out a model's blocks for a device.
    pub fn build(spec: &Spec, options: PlanOptions, limits: Limits) -> Result<Self, PlanError> {
        let mut builder = PlanBuilder::new(spec, options, limits)?;
        for block in &spec.blocks {
            block.plan(&mut builder)?;
        }
        let plan = builder.finish();
        plan.check(limits)?;
        Ok(plan)
    }

    /// The same with a tap beside every attention. Packs and buffers begin with those of the plan without.
    pub fn scout(spec: &Spec, options: PlanOptions, limits: Limits) -> Result<Self, PlanError> {
        let mut builder = PlanBuilder::new(spec, options, limits)?.with_taps();
        for block in &spec.blocks {
            block.plan(&mut builder)?;
        }
        let plan = builder.finish();
        plan.check(limits)?;
        Ok(plan)
    }

    /// The index of a step in the plan without taps; none for a tap.
    pub fn without_taps(&self, step: usize) -> Option<usize> {
        let taps = self.taps.as_deref().unwrap_or_default();
        let is_it = taps.iter().any(|tap| tap.step == step);
        (!is_it).then(|| step - taps.iter().filter(|tap| tap.step < step).count())
    }

    /// Work of a pass per group, in the order of [`StepGroup::ALL`].
    pub fn work(&self, pass: Pass<'_>) -> [GroupWork; 5] {
        let mut groups = [GroupWork::default(); 5];
        for step in &self.steps {
            groups[step.group as usize].add(step.kernel.work(pass));
        }
        groups
    }

    /// Steps a pass really runs: those with any row to work on.
    pub fn active_steps(&self, batch: crate::kernels::Batch) -> impl Iterator<Item = (usize, &Step)> {
        self.steps
            .iter()
            .enumerate()
            .filter(move |(_, step)| step.kernel.tokens(batch) > 0)
    }

    /// Bytes the KV cache reserves.
    pub fn kv_bytes(&self) -> u64 {
        self.buffers
            .iter()
            .filter(|buffer| matches!(buffer.kind, BufferKind::Kv(_)))
            .map(Buffer::bytes)
            .sum()
    }

    /// Bytes of all weights in the file's formats.
    pub fn weight_bytes(&self) -> u64 {
        self.packs.iter().map(WeightPack::file_bytes).sum()
    }

    fn check(&self, limits: Limits) -> Result<(), PlanError> {
        let limit = limits.max_binding_bytes;
        let packs = self.packs.iter().map(|pack| (pack.name(), pack.gpu_bytes()));
        let buffers = self
            .buffers
            .iter()
            .map(|buffer| (buffer.name.clone(), buffer.bytes()));
        if let Some((name, bytes)) = packs.chain(buffers).find(|(_, bytes)| *bytes > limit) {
            return Err(PlanError::TooLarge { name, bytes, limit });
        }
        let (bytes, context) = (self.buffers.iter().map(Buffer::bytes).sum(), self.options.context);
        if bytes > limits.max_state_bytes {
            return Err(PlanError::TooMuchState {
                bytes,
                context,
                limit: limits.max_state_bytes,
            });
        }
        Ok(())
    }
}
