//! A plan made ready on a GPU, and the one submission per pass that runs it.

use std::collections::VecDeque;

use futures_channel::oneshot;

use super::GpuError;
use super::context::GpuContext;
use super::pipelines::{PipelineCache, Pipelines};
use super::timer::Timer;
use super::upload::Upload;
use crate::clock::Clock;
use crate::kernels::{Batch, Bind, Form};
use crate::plan::{Buffer, BufferId, BufferKind, PackId, Plan};
use crate::session::{PassInput, PassOutput};
use crate::trace::StepGroup;

/// Offset between two steps' parameters: WebGPU's largest uniform alignment.
const PARAMS_STRIDE: u64 = 256;

/// See the module.
#[derive(Debug)]
pub struct GpuExecutor {
    context: GpuContext,
    buffers: Vec<wgpu::Buffer>,
    packs: Vec<wgpu::Buffer>,
    uploads: Vec<Upload>,
    steps: Vec<GpuStep>,
    batch: wgpu::Buffer,
    timer: Option<Timer>,
    under_way: VecDeque<UnderWay>,
    /// Read and free again.
    stagings: Vec<wgpu::Buffer>,
    staging_bytes: u64,
    /// When the pass before was readable.
    last_done: Option<Clock>,
}

/// A pass that was submitted and not read yet.
#[derive(Debug)]
struct UnderWay {
    staging: wgpu::Buffer,
    /// When it became readable.
    mapped: oneshot::Receiver<Result<Clock, wgpu::BufferAsyncError>>,
    submission: wgpu::SubmissionIndex,
    submitted: Clock,
    readback: Readback,
    /// The group of each of its compute passes.
    groups: Vec<StepGroup>,
    dispatches: u32,
}

/// A step's pipeline and bindings.
#[derive(Debug)]
struct GpuStep {
    pipelines: Pipelines,
    bindings: wgpu::BindGroup,
}

/// Where the parts of a pass's output lie in the staging buffer, in bytes.
#[derive(Clone, Copy, Debug)]
struct Readback {
    logits: u64,
    draw: u64,
    chosen: u64,
    probs: u64,
    stamps: u64,
}

impl Readback {
    /// Of a pass with so many timed runs; its routing is staged where it is traced.
    fn of(plan: &Plan, batch: Batch, runs: u32, is_traced: bool) -> Self {
        let n_tokens = if is_traced { batch.n_tokens } else { 0 };
        let slots = u64::from(n_tokens) * plan.moe.layers.len() as u64;
        Self {
            logits: 4 * u64::from(batch.n_logits) * u64::from(plan.vocab),
            draw: 4 * u64::from(batch.n_draws),
            chosen: 4 * slots * u64::from(plan.moe.top_k),
            probs: 4 * slots * u64::from(plan.moe.n_experts),
            stamps: Timer::bytes(runs),
        }
    }

    /// Sizes in the order they are staged: stamps first, as they must be 8-byte aligned.
    fn sizes(&self) -> [u64; 6] {
        [
            self.stamps,
            self.logits,
            self.chosen,
            self.chosen,
            self.probs,
            self.draw,
        ]
    }

    /// Never nothing, which could not be mapped and so not be waited for.
    fn total(&self) -> u64 {
        self.sizes().iter().sum::<u64>().max(4)
    }
}

impl GpuExecutor {
    /// Reserves buffers, compiles pipelines, makes bind groups. Weights come afterwards.
    pub async fn new(context: &GpuContext, plan: &Plan) -> Result<Self, GpuError> {
        Self::checked(context, plan, None).await
    }

    /// Another with the same weights and pipelines, and a copy of the KV cache.
    pub async fn fork(&self, plan: &Plan) -> Result<Self, GpuError> {
        let fork = Self::checked(&self.context, plan, Some(self)).await?;
        let mut encoder = self.context.device.create_command_encoder(&Default::default());
        let kept = |(spec, _): &(&Buffer, _)| matches!(spec.kind, BufferKind::Kv(_));
        for (_, (from, to)) in plan
            .buffers
            .iter()
            .zip(self.buffers.iter().zip(&fork.buffers))
            .filter(kept)
        {
            encoder.copy_buffer_to_buffer(from, 0, to, 0, from.size());
        }
        self.context.queue.submit([encoder.finish()]);
        Ok(fork)
    }

    async fn checked(context: &GpuContext, plan: &Plan, like: Option<&Self>) -> Result<Self, GpuError> {
        context.check()?;
        let device = &context.device;
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let executor = Self::make(context, plan, like);
        if let Some(err) = validation.pop().await {
            return Err(GpuError::Fault {
                what: err.to_string().into(),
            });
        }
        if memory.pop().await.is_some() {
            return Err(GpuError::OutOfMemory);
        }
        executor
    }

    /// `like`: whose weights and pipelines are shared.
    fn make(context: &GpuContext, plan: &Plan, like: Option<&Self>) -> Result<Self, GpuError> {
        let device = &context.device;
        let storage =
            wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let buffer = |label: &str, bytes: u64, usage| {
            let descriptor = wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes.max(16),
                usage,
                mapped_at_creation: false,
            };
            device.create_buffer(&descriptor)
        };
        let buffers: Vec<wgpu::Buffer> = plan
            .buffers
            .iter()
            .map(|spec| buffer(&spec.name, spec.bytes(), storage))
            .collect();
        let new_packs = || {
            let packs = plan.packs.iter();
            packs
                .map(|pack| buffer(&pack.name(), pack.gpu_bytes(), storage))
                .collect()
        };
        let packs: Vec<wgpu::Buffer> = like.map_or_else(new_packs, |like| like.packs.clone());
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let batch = buffer("batch", size_of::<Batch>() as u64, uniform);
        let params = buffer("params", PARAMS_STRIDE * plan.steps.len() as u64, uniform);
        let timer = Timer::new(device, &context.queue, plan);
        let full = Batch {
            n_tokens: plan.options.batch,
            n_logits: plan.options.logit_rows,
            n_draws: 1,
            ..Batch::default()
        };
        let staging_bytes = Readback::of(plan, full, plan.steps.len() as u32, true).total();

        let mut cache = PipelineCache::new(device, context.tuning);
        let mut steps = Vec::with_capacity(plan.steps.len());
        for (index, step) in plan.steps.iter().enumerate() {
            let offset = PARAMS_STRIDE * index as u64;
            let own = step.kernel.params();
            context.queue.write_buffer(&params, offset, &own);
            let stem = step.kernel.stem();
            let unknown = || GpuError::Fault {
                what: format!("no shader named {stem}").into(),
            };
            let pipelines = match like.zip(plan.without_taps(index)) {
                Some((like, own)) => like.steps.get(own).map(|step| step.pipelines.clone()),
                None => cache.get(step.kernel.as_ref()),
            };
            let pipelines = pipelines.ok_or_else(unknown)?;
            let own_params = wgpu::BufferBinding {
                buffer: &params,
                offset,
                size: std::num::NonZero::new(own.len() as u64),
            };
            let mut resources = vec![
                wgpu::BindingResource::Buffer(own_params),
                batch.as_entire_binding(),
            ];
            resources.extend(step.kernel.bindings().iter().map(|bind| match bind {
                Bind::Read(id) | Bind::Write(id) | Bind::Unread(id) => buffers[id.0].as_entire_binding(),
                Bind::Weights(id) => packs[id.0].as_entire_binding(),
            }));
            let entries: Vec<wgpu::BindGroupEntry<'_>> = (resources.into_iter().enumerate())
                .map(|(binding, resource)| wgpu::BindGroupEntry {
                    binding: binding as u32,
                    resource,
                })
                .collect();
            let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(stem),
                layout: &pipelines.layout,
                entries: &entries,
            });
            steps.push(GpuStep { pipelines, bindings });
        }
        let uploads = plan.packs.iter().map(|_| Upload::default()).collect();
        Ok(Self {
            context: context.clone(),
            buffers,
            packs,
            uploads,
            steps,
            batch,
            timer,
            under_way: VecDeque::new(),
            stagings: Vec::new(),
            staging_bytes,
            last_done: None,
        })
    }

    /// The form a step's shader has for one token.
    pub fn form(&self, step: usize) -> Form {
        let step = self.steps.get(step);
        step.map_or(Form::PLAIN, |step| step.pipelines.for_tokens(1).0)
    }

    pub(crate) fn write_weights(&mut self, plan: &Plan, pack: PackId, rows: &[u8]) {
        let (at, words) = self.uploads[pack.0].push(&plan.packs[pack.0], rows);
        self.write_words(&self.packs[pack.0], at, &words);
    }

    pub(crate) fn finish_weights(&mut self, plan: &Plan, pack: PackId) {
        let upload = std::mem::take(&mut self.uploads[pack.0]);
        let (at, words) = upload.finish(&plan.packs[pack.0]);
        self.write_words(&self.packs[pack.0], at, &words);
    }

    /// Submitting at once lets the driver reuse its upload memory.
    fn write_words(&self, buffer: &wgpu::Buffer, at: u64, words: &[u32]) {
        if !words.is_empty() {
            self.context
                .queue
                .write_buffer(buffer, at, bytemuck::cast_slice(words));
            self.context.queue.submit([]);
        }
    }

    pub(crate) fn write_buffer(&self, id: BufferId, words: &[u32]) {
        self.write_words(&self.buffers[id.0], 0, words);
    }

    /// Waits for everything written so far, and says what the device refused.
    pub async fn settle(&self) -> Result<(), GpuError> {
        let (sender, done) = oneshot::channel();
        self.context
            .queue
            .on_submitted_work_done(move || _ = sender.send(()));
        self.wait_for(None);
        // A dropped sender means the device is gone, which `check` reports.
        let _ = done.await;
        self.context.check()
    }

    /// Reads a whole buffer through a staging buffer of its own; for tests and tools.
    pub async fn read_buffer(&self, id: BufferId) -> Result<Vec<u32>, GpuError> {
        let source = &self.buffers[id.0];
        let staging = self.context.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read_buffer"),
            size: source.size(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.context.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(source, 0, &staging, 0, source.size());
        self.context.queue.submit([encoder.finish()]);
        let bytes = self.map(&staging, source.size()).await?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// How many passes are worth having under way at a time.
    pub fn most_under_way(&self) -> usize {
        self.context.tuning.under_way
    }

    /// Whether several workgroups should share the walk over a long cache.
    pub fn shares_out_caches(&self) -> bool {
        self.context.tuning.shares_out_caches
    }

    /// Uses per expert, on average, from which they are sorted.
    pub fn sorts_from(&self) -> u32 {
        self.context.tuning.sorts_from
    }

    /// Starts a pass: one submission, which also copies what will be read.
    pub fn submit(&mut self, plan: &Plan, input: &PassInput<'_>) -> Result<(), GpuError> {
        self.context.check()?;
        let submitted = Clock::start();
        self.write_inputs(plan, input);
        let mut encoder = self.context.device.create_command_encoder(&Default::default());
        if input.tokens.is_none() {
            let [chosen, tokens] = [plan.ports.chosen, plan.ports.tokens].map(|id| &self.buffers[id.0]);
            encoder.copy_buffer_to_buffer(chosen, 0, tokens, 0, 4);
        }
        let timer = self.timer.as_ref().filter(|_| input.is_traced);
        let (groups, dispatches) = self.encode_steps(plan, input.batch, timer, &mut encoder);
        let runs = timer.map_or(0, |_| groups.len() as u32);
        let readback = Readback::of(plan, input.batch, runs, input.is_traced);
        let staging = self.stagings.pop().unwrap_or_else(|| self.new_staging());
        if let Some(timer) = timer {
            let stamps = timer.resolve(&mut encoder, runs);
            encoder.copy_buffer_to_buffer(stamps, 0, &staging, 0, readback.stamps);
        }
        self.encode_readback(plan, &staging, &readback, &mut encoder);
        let submission = self.context.queue.submit([encoder.finish()]);
        let (sender, mapped) = oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, 0..readback.total(), move |result| {
            drop(sender.send(result.map(|()| Clock::start())))
        });
        self.under_way.push_back(UnderWay {
            staging,
            mapped,
            submission,
            submitted,
            readback,
            groups,
            dispatches,
        });
        Ok(())
    }

    /// What came of the oldest pass under way.
    pub async fn collect(&mut self, plan: &Plan) -> Result<PassOutput, GpuError> {
        let Some(pass) = self.under_way.pop_front() else {
            return Err(fault("no pass is under way"));
        };
        self.wait_for(Some(pass.submission));
        let Ok(Ok(done)) = pass.mapped.await else {
            return Err(self.unreadable());
        };
        let bytes = copy_out(&pass.staging, pass.readback.total())?;
        self.stagings.push(pass.staging);
        self.context.check()?;
        // While the pass before was at work, this one waited.
        let waited = self
            .last_done
            .map_or(0.0, |last| pass.submitted.micros_until(last).max(0.0));
        let wall_micros = pass.submitted.micros_until(done) - waited;
        self.last_done = Some(done);

        let mut parts = Parts { bytes: &bytes };
        let [stamps, logits, ids, weights, probs, chosen] = pass.readback.sizes();
        let ticks: Vec<u64> = parts.take(stamps);
        debug_assert_eq!(plan.steps.len(), self.steps.len());
        let timer = self.timer.as_ref().filter(|_| !ticks.is_empty());
        Ok(PassOutput {
            step_micros: plan.taps.as_ref().and(timer).and_then(|timer| timer.each(&ticks)),
            group_micros: timer.and_then(|timer| timer.sum(&ticks, &pass.groups)),
            logits: parts.take(logits),
            ids: parts.take(ids),
            expert_weights: parts.take(weights),
            probs: parts.take(probs),
            chosen: parts.take(chosen).first().copied(),
            wall_micros,
            dispatches: pass.dispatches,
        })
    }

    /// Forgets the passes under way: they run to their end, and nobody reads them.
    pub fn discard(&mut self) {
        self.under_way.clear();
    }

    fn new_staging(&self) -> wgpu::Buffer {
        self.context.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: self.staging_bytes.max(16),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    fn write_inputs(&self, plan: &Plan, input: &PassInput<'_>) {
        let (queue, ports) = (&self.context.queue, &plan.ports);
        let write = |id: BufferId, bytes: &[u8]| queue.write_buffer(&self.buffers[id.0], 0, bytes);
        queue.write_buffer(&self.batch, 0, bytemuck::bytes_of(&input.batch));
        if let Some(tokens) = input.tokens {
            write(ports.tokens, bytemuck::cast_slice(tokens));
        }
        if let Some(draw) = &input.draw {
            write(ports.draw, bytemuck::bytes_of(draw));
        }
        for ((_, id), table) in ports.ropes.iter().zip(&input.ropes) {
            write(*id, bytemuck::cast_slice(table));
        }
    }

    /// Encodes the steps, timed where there is a timer; returns the group of each compute pass and the dispatches.
    fn encode_steps(
        &self,
        plan: &Plan,
        batch: Batch,
        timer: Option<&Timer>,
        encoder: &mut wgpu::CommandEncoder,
    ) -> (Vec<StepGroup>, u32) {
        let most = self.context.device.limits().max_compute_workgroups_per_dimension;
        let active: Vec<_> = plan.active_steps(batch).collect();
        let mut groups = Vec::new();
        for run in
            active.chunk_by(|(_, a), (_, b)| timer.is_none() || (plan.taps.is_none() && a.group == b.group))
        {
            let timestamp_writes = timer.map(|timer| timer.stamps(groups.len() as u32));
            let label = Some(run[0].1.group.name());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label,
                timestamp_writes,
            });
            for (index, step) in run {
                let GpuStep { pipelines, bindings } = &self.steps[*index];
                let (form, pipeline) = pipelines.for_tokens(step.kernel.tokens(batch));
                let grid = step.kernel.grid(batch, form.tile);
                let [x, y, z] = grid.workgroups(self.context.tuning.lanes, form.rows, most);
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bindings, &[]);
                pass.dispatch_workgroups(x, y, z);
            }
            groups.push(run[0].1.group);
        }
        (groups, active.len() as u32)
    }

    fn encode_readback(
        &self,
        plan: &Plan,
        staging: &wgpu::Buffer,
        readback: &Readback,
        encoder: &mut wgpu::CommandEncoder,
    ) {
        let ports = &plan.ports;
        let outputs = [
            ports.logits,
            ports.ids,
            ports.expert_weights,
            ports.probs,
            ports.chosen,
        ];
        debug_assert!(
            outputs
                .iter()
                .all(|id| plan.buffers[id.0].kind == BufferKind::Output)
        );
        let mut at = readback.stamps;
        for (id, bytes) in outputs.iter().zip(&readback.sizes()[1..]) {
            if *bytes > 0 {
                encoder.copy_buffer_to_buffer(&self.buffers[id.0], 0, staging, at, *bytes);
            }
            at += bytes;
        }
    }

    /// Maps the beginning of a staging buffer and copies it out.
    async fn map(&self, staging: &wgpu::Buffer, bytes: u64) -> Result<Vec<u8>, GpuError> {
        let (sender, mapped) = oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
            drop(sender.send(result))
        });
        self.wait_for(None);
        match mapped.await {
            Ok(Ok(())) => copy_out(staging, bytes),
            _ => Err(self.unreadable()),
        }
    }

    /// What is wrong with the device, where a result cannot be read.
    fn unreadable(&self) -> GpuError {
        let unknown = || fault("the result could not be read back");
        self.context.check().err().unwrap_or_else(unknown)
    }

    /// Natively somebody must drive the callbacks, up to those of a submission or of the latest; in a
    /// browser this does nothing.
    fn wait_for(&self, submission_index: Option<wgpu::SubmissionIndex>) {
        // A failed poll means a lost device, which `check` reports.
        let _ = self.context.device.poll(wgpu::PollType::Wait {
            submission_index,
            timeout: None,
        });
    }
}

fn fault(what: &str) -> GpuError {
    GpuError::Fault { what: what.into() }
}

/// A mapped buffer's beginning; unmaps it.
fn copy_out(staging: &wgpu::Buffer, bytes: u64) -> Result<Vec<u8>, GpuError> {
    let view = staging
        .get_mapped_range(0..bytes)
        .map_err(|err| fault(&err.to_string()))?;
    let copy = view.to_vec();
    drop(view);
    staging.unmap();
    Ok(copy)
}

/// Takes typed pieces off the front of a byte run.
struct Parts<'a> {
    bytes: &'a [u8],
}

impl Parts<'_> {
    fn take<T: bytemuck::Pod>(&mut self, bytes: u64) -> Vec<T> {
        let (part, rest) = self.bytes.split_at(bytes as usize);
        self.bytes = rest;
        bytemuck::pod_collect_to_vec(part)
    }
}
