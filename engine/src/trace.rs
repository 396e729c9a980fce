//! What one token did: which experts it went to, what the KV cache holds, what it cost.
//!
//! Everything is in engine units (ids, bytes, microseconds) and was read from the run. A value
//! that this device cannot measure is `None`, never an estimate.

use std::rc::Rc;

/// Everything recorded for one position of the sequence.
#[derive(Clone, Debug)]
pub struct TokenTrace {
    /// Index in the sequence, counted from 0.
    pub position: u32,
    /// Where the router of every MoE layer sent this token.
    pub routing: Routing,
    /// The KV cache just after this position was written.
    pub kv: KvTrace,
    /// The cost of the forward pass that computed this position. Positions of one prefill batch
    /// share one pass and therefore one cost; see [`StepCost::batch_tokens`].
    pub cost: Rc<StepCost>,
}

/// Router decisions of one token in all MoE layers, flattened layer-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routing {
    /// Index of the transformer block behind each MoE layer. `(moe_layers)`
    pub layers: Rc<[u32]>,
    /// Experts per MoE layer.
    pub n_experts: u32,
    /// Experts chosen per token.
    pub top_k: u32,
    /// Chosen experts, best first. `(moe_layers, top_k)`
    pub ids: Vec<u16>,
    /// Weight with which each chosen expert's output is added. `(moe_layers, top_k)`
    pub weights: Vec<f32>,
    /// The router's full distribution before the choice. `(moe_layers, n_experts)`
    pub probs: Vec<f32>,
}

/// The KV cache as memory, after one position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KvTrace {
    /// Positions held.
    pub positions: u32,
    /// Positions reserved.
    pub capacity: u32,
    /// Bytes held, per layer. `(layers)`
    pub held_bytes: Vec<u64>,
    /// Bytes this token's attention read, per layer. `(layers)`
    pub read_bytes: Vec<u64>,
    /// Bytes reserved over all layers.
    pub reserved_bytes: u64,
    /// Bytes one more position adds over all layers.
    pub bytes_per_position: u64,
}

/// The parts of a forward pass that time and bytes are attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepGroup {
    /// Token embedding look-up.
    Embed,
    /// Norm, q/k/v, RoPE, cache write, attention, output projection.
    Attention,
    /// Norm, router logits, gating, top-k.
    Router,
    /// Gate, up, activation, down and weighted sum of the chosen experts; shared experts and dense
    /// feed-forward layers too.
    Experts,
    /// Final norm and output head.
    Head,
}

impl StepGroup {
    /// Every group, in the order a token meets them.
    pub const ALL: [StepGroup; 5] = [
        Self::Embed,
        Self::Attention,
        Self::Router,
        Self::Experts,
        Self::Head,
    ];

    /// The word used in labels, traces and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embed => "embed",
            Self::Attention => "attention",
            Self::Router => "router",
            Self::Experts => "experts",
            Self::Head => "head",
        }
    }
}

/// Measured and counted cost of one forward pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepCost {
    /// Tokens computed together in this pass: 1 at decode, up to the batch size at prefill.
    pub batch_tokens: u32,
    /// Time from submission, or from the end of the pass before where that came later, to the result being
    /// readable, microseconds.
    pub wall_micros: f64,
    /// Time per group: GPU timestamps on the GPU executor, the clock on the CPU executor.
    /// `None` where the device offers no timestamps.
    pub group_micros: Option<[f64; 5]>,
    /// Counted work per group, in the order of [`StepGroup::ALL`].
    pub groups: [GroupWork; 5],
    /// Kernel dispatches submitted.
    pub dispatches: u32,
}

/// Work of one group in one pass: counted exactly from the plan and the chosen experts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupWork {
    /// Bytes of weights touched; for experts, those of the distinct experts chosen in the pass.
    pub weight_bytes: u64,
    /// Bytes of KV cache read.
    pub kv_read_bytes: u64,
    /// Bytes of KV cache written.
    pub kv_write_bytes: u64,
    /// Multiplications and additions of matrices and attention; norms, RoPE and softmax, under
    /// one per cent, are left out.
    pub operations: u64,
}

impl GroupWork {
    /// Adds the work of another step.
    pub fn add(&mut self, other: GroupWork) {
        self.weight_bytes += other.weight_bytes;
        self.kv_read_bytes += other.kv_read_bytes;
        self.kv_write_bytes += other.kv_write_bytes;
        self.operations += other.operations;
    }
}

impl StepCost {
    /// The sum over all groups.
    pub fn total(&self) -> GroupWork {
        let mut total = GroupWork::default();
        self.groups.iter().for_each(|group| total.add(*group));
        total
    }
}
