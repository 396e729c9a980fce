//! Where blocks write their steps: hands out buffers and packs, each once, and collects the plan.

use std::borrow::Cow;
use std::ops::Range;

use super::{
    Buffer, BufferId, BufferKind, KvKind, KvLayer, Limits, MoeShape, PackId, Plan, PlanError, PlanOptions,
    Ports, Step, Tap, WeightPack, gpu_bytes,
};
use crate::arch::Spec;
use crate::blocks::attention::Rope;
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::attention::Attention;
use crate::kernels::attention_mass::AttentionMass;
use crate::kernels::attention_merge::AttentionMerge;
use crate::kernels::sample::DRAW_WORDS;
use crate::kernels::{Kernel, stride};
use crate::quant::Format;
use crate::trace::StepGroup;

/// Positions a layer with a short reach keeps beyond it, so that a session can go back that far
/// without computing everything anew.
const REWIND: u32 = 256;

/// What blocks write their steps into.
#[derive(Debug)]
pub struct PlanBuilder {
    plan: Plan,
    moe_layers: u32,
    max_binding_bytes: u64,
    /// What a scout looks at: behind which step, and how.
    masses: Option<Vec<(usize, Option<LayerIdx>, AttentionMass)>>,
}

impl PlanBuilder {
    pub(super) fn new(spec: &Spec, options: PlanOptions, limits: Limits) -> Result<Self, PlanError> {
        let moe = moe_shape(spec)?;
        let mut plan = Plan {
            options,
            limits,
            vocab: spec.vocab,
            packs: Vec::new(),
            buffers: Vec::new(),
            steps: Vec::new(),
            ports: Ports {
                tokens: BufferId(0),
                ropes: Vec::new(),
                logits: BufferId(1),
                ids: BufferId(2),
                expert_weights: BufferId(3),
                probs: BufferId(4),
                draw: BufferId(5),
                chosen: BufferId(6),
            },
            moe,
            kv_layers: Vec::new(),
            taps: None,
        };
        let batch = u64::from(options.batch);
        let (layers, k) = (
            plan.moe.layers.len().max(1) as u64,
            u64::from(plan.moe.top_k.max(1)),
        );
        let experts = u64::from(plan.moe.n_experts.max(1));
        let mut port = |name: &str, kind, rows, row_words| {
            plan.buffers.push(Buffer {
                name: name.into(),
                kind,
                rows,
                row_words,
            });
        };
        port("tokens", BufferKind::Input, batch, 1);
        port(
            "logits",
            BufferKind::Output,
            u64::from(options.logit_rows),
            u64::from(spec.vocab),
        );
        port("expert_ids", BufferKind::Output, batch, layers * k);
        port("expert_weights", BufferKind::Output, batch, layers * k);
        port("router_probs", BufferKind::Output, batch, layers * experts);
        port("draw", BufferKind::Input, 1, DRAW_WORDS);
        port("chosen", BufferKind::Output, 1, 1);
        Ok(Self {
            plan,
            moe_layers: 0,
            max_binding_bytes: limits.max_binding_bytes,
            masses: None,
        })
    }

    /// Adds a tap beside every attention.
    pub(super) fn with_taps(self) -> Self {
        Self {
            masses: Some(Vec::new()),
            ..self
        }
    }

    /// The plan, once every block has been here.
    pub(super) fn finish(mut self) -> Plan {
        if let Some(masses) = self.masses.take() {
            let taps = masses.into_iter().enumerate();
            let taps = taps.map(|(before, (behind, layer, mass))| self.tap(behind + 1 + before, layer, mass));
            let taps: Vec<_> = taps.collect();
            self.plan.taps = Some(taps);
        }
        self.plan
    }

    fn tap(&mut self, step: usize, layer: Option<LayerIdx>, mut kernel: AttentionMass) -> Tap {
        let block = layer.map(|layer| layer.0).unwrap_or_default();
        let buffer = self.push_buffer(Buffer {
            name: format!("blk.{block}.attention_mass"),
            kind: BufferKind::Activation,
            rows: 1,
            row_words: u64::from(self.plan.options.context),
        });
        kernel.mass = buffer;
        let tap = Step {
            group: StepGroup::Attention,
            layer,
            kernel: Box::new(kernel),
        };
        self.plan.steps.insert(step, tap);
        Tap {
            layer,
            step,
            mass: buffer,
        }
    }

    /// Sizes chosen for this plan.
    pub fn options(&self) -> PlanOptions {
        self.plan.options
    }

    /// Buffers of the pass's ends.
    pub fn ports(&self) -> &Ports {
        &self.plan.ports
    }

    /// The shape of the routing trace.
    pub fn moe(&self) -> &MoeShape {
        &self.plan.moe
    }

    /// Numbers the MoE layers in the order they are planned.
    pub fn next_moe_layer(&mut self) -> u32 {
        self.moe_layers += 1;
        self.moe_layers - 1
    }

    /// A buffer of one padded row of `width` floats per token, shared by all who ask for the same
    /// name and width.
    pub fn activation(&mut self, name: &str, width: u32) -> BufferId {
        self.rows(name, self.plan.options.batch, width)
    }

    /// The same with another number of rows.
    pub fn rows(&mut self, name: &str, rows: u32, width: u32) -> BufferId {
        self.words(name, rows, stride(width))
    }

    /// The same of rows of as many words as they are.
    pub fn words(&mut self, name: &str, rows: u32, row_words: u32) -> BufferId {
        let (rows, row_words) = (u64::from(rows), u64::from(row_words));
        let same = |b: &Buffer| b.name == name && b.rows == rows && b.row_words == row_words;
        if let Some(found) = self.plan.buffers.iter().position(same) {
            return BufferId(found);
        }
        self.push_buffer(Buffer {
            name: name.into(),
            kind: BufferKind::Activation,
            rows,
            row_words,
        })
    }

    /// The keys and the values of a layer: `width` elements each per position. A token sees at most
    /// `reach` positions, its own included; `None`: all. Returns the positions there is room for too.
    pub fn kv(&mut self, layer: LayerIdx, width: u32, reach: Option<u32>) -> (BufferId, BufferId, u32) {
        let bytes = self.plan.options.kv.bytes_for(u64::from(width));
        let kind = reach.map_or(KvKind::Full, |_| KvKind::Window);
        let ([keys, values], rows) = self.cache(layer, kind, ["keys", "values"], bytes, reach);
        (keys, values, rows)
    }

    /// Refuses heads that do not hold whole blocks of the cache's format.
    pub fn check_kv_block(&self, name: &str, head_dim: u32) -> Result<(), PlanError> {
        let kv = self.plan.options.kv;
        if head_dim.is_multiple_of(kv.block()) {
            return Ok(());
        }
        Err(PlanError::KvBlock {
            name: name.into(),
            format: kv.name(),
            block: kv.block(),
            got: head_dim,
        })
    }

    /// One row of `width` elements per position, from which both keys and values are made.
    pub fn latents(&mut self, layer: LayerIdx, width: u32) -> (BufferId, u32) {
        let bytes = self.plan.options.kv.bytes_for(u64::from(width));
        let ([latents], rows) = self.cache(layer, KvKind::Latent, ["latents"], bytes, None);
        (latents, rows)
    }

    /// One row of `width` single floats per position, of which a token sees the last `reach`.
    pub fn conv_state(&mut self, layer: LayerIdx, width: u32, reach: u32) -> (BufferId, u32) {
        let bytes = 4 * u64::from(width);
        let ([state], rows) = self.cache(layer, KvKind::Convolution, ["conv_state"], bytes, Some(reach));
        (state, rows)
    }

    /// What a layer keeps of earlier positions. Where a token does not see them all, later positions
    /// take the place of the oldest, but for as many as a chat may go back.
    fn cache<const N: usize>(
        &mut self,
        layer: LayerIdx,
        kind: KvKind,
        parts: [&str; N],
        row_bytes: u64,
        reach: Option<u32>,
    ) -> ([BufferId; N], u32) {
        let context = self.plan.options.context;
        let reach = reach.unwrap_or(context);
        let rows = reach
            .saturating_add(self.plan.options.batch)
            .saturating_add(REWIND)
            .min(context);
        self.plan.kv_layers.push(KvLayer {
            layer,
            kind,
            bytes_per_position: N as u64 * row_bytes,
            reach: reach.min(context),
            rows,
        });
        let buffers = parts.map(|part| {
            self.push_buffer(Buffer {
                name: format!("blk.{}.{part}", layer.0),
                kind: BufferKind::Kv(layer),
                rows: u64::from(rows),
                row_words: row_bytes / 4,
            })
        });
        (buffers, rows)
    }

    /// The cosines and sines of a rotation, one row per token of the batch.
    pub fn rope(&mut self, rope: Rope) -> BufferId {
        if let Some((_, found)) = self.plan.ports.ropes.iter().find(|(known, _)| *known == rope) {
            return *found;
        }
        let name = format!("rope_{}", self.plan.ports.ropes.len());
        let (rows, row_words) = (u64::from(self.plan.options.batch), u64::from(rope.n_rot));
        let id = self.push_buffer(Buffer {
            name,
            kind: BufferKind::Input,
            rows,
            row_words,
        });
        self.plan.ports.ropes.push((rope, id));
        id
    }

    /// Cuts matrices of `items` equal runs of rows each (rows, experts) into parts so small that one
    /// binding takes that part of all of them. One part where they fit as they are.
    pub fn parts(&self, tensors: &[&TensorInfo], items: u32) -> Vec<Range<u32>> {
        let size = |tensor: &&TensorInfo| gpu_bytes(tensor.format, tensor.rows(), tensor.cols() as u32);
        let total: u64 = tensors.iter().map(size).sum();
        if total <= self.max_binding_bytes {
            return std::iter::once(0..items).collect();
        }
        // A repacking group at each end may be filled up.
        let item = total.div_ceil(u64::from(items)) + tensors.len() as u64 * 256;
        let step = (self.max_binding_bytes / item).clamp(1, u64::from(items)) as u32;
        (0..items)
            .step_by(step as usize)
            .map(|start| start..(start + step).min(items))
            .collect()
    }

    /// The part of a tensor that [`Self::parts`] gave; itself where it is all.
    pub fn part<'t>(tensor: &'t TensorInfo, items: u32, part: &Range<u32>) -> Cow<'t, TensorInfo> {
        if *part == (0..items) {
            return Cow::Borrowed(tensor);
        }
        Cow::Owned(tensor.part(items, part))
    }

    /// Tensors of one format joined along rows. Asking again for the same tensors gives the same
    /// pack, so tied embeddings are held once.
    pub fn pack(&mut self, tensors: &[&TensorInfo]) -> Result<PackId, PlanError> {
        let first = tensors[0];
        if let Some(other) = tensors.iter().find(|tensor| tensor.format != first.format) {
            return Err(PlanError::MixedFormats {
                first: first.name.clone(),
                first_format: first.format,
                second: other.name.clone(),
                second_format: other.format,
            });
        }
        let same = |pack: &WeightPack| {
            pack.tensors.len() == tensors.len()
                && pack
                    .tensors
                    .iter()
                    .zip(tensors)
                    .all(|(known, tensor)| known.name == tensor.name)
        };
        if let Some(found) = self.plan.packs.iter().position(same) {
            return Ok(PackId(found));
        }
        let rows = tensors.iter().map(|tensor| tensor.rows()).sum();
        let cols = first.cols() as u32;
        let tensors = tensors.iter().map(|tensor| (*tensor).clone()).collect();
        self.plan.packs.push(WeightPack {
            tensors,
            format: first.format,
            rows,
            cols,
        });
        Ok(PackId(self.plan.packs.len() - 1))
    }

    /// A one-row tensor that kernels read as plain floats.
    pub fn vector(&mut self, tensor: &TensorInfo) -> Result<PackId, PlanError> {
        self.rows_of_floats(&[tensor])
    }

    /// Tensors joined along rows that kernels read as plain floats, each row padded to whole units.
    pub fn rows_of_floats(&mut self, tensors: &[&TensorInfo]) -> Result<PackId, PlanError> {
        if let Some(tensor) = tensors.iter().find(|tensor| tensor.format != Format::F32) {
            return Err(PlanError::VectorFormat {
                name: tensor.name.clone(),
                format: tensor.format,
            });
        }
        self.pack(tensors)
    }

    /// Adds an attention, which a scout looks at, and what joins its parts where the cache is shared out.
    pub fn attention(&mut self, layer: Option<LayerIdx>, kernel: Attention) {
        let behind = self.plan.steps.len();
        if let Some(masses) = &mut self.masses {
            masses.push((behind, layer, AttentionMass::of(&kernel, kernel.out)));
        }
        let merge = AttentionMerge::of(&kernel);
        self.step(StepGroup::Attention, layer, kernel);
        self.step(StepGroup::Attention, layer, merge);
    }

    /// Adds a step.
    pub fn step(&mut self, group: StepGroup, layer: Option<LayerIdx>, kernel: impl Kernel + 'static) {
        self.plan.steps.push(Step {
            group,
            layer,
            kernel: Box::new(kernel),
        });
    }

    fn push_buffer(&mut self, buffer: Buffer) -> BufferId {
        self.plan.buffers.push(buffer);
        BufferId(self.plan.buffers.len() - 1)
    }
}

/// Collects the MoE layers of a model; they must agree on experts and top-k.
fn moe_shape(spec: &Spec) -> Result<MoeShape, PlanError> {
    let mut shape = MoeShape::default();
    for block in spec.moe_blocks() {
        if let Some(first) = shape.layers.first()
            && (shape.n_experts, shape.top_k) != (block.n_experts, block.top_k)
        {
            return Err(PlanError::UnequalMoe {
                a: *first,
                b: block.layer.0,
            });
        }
        shape.layers.push(block.layer.0);
        (shape.n_experts, shape.top_k) = (block.n_experts, block.top_k);
    }
    Ok(shape)
}
