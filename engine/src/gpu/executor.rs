//! A plan made ready on a GPU: its buffers, weights and steps.

use std::collections::VecDeque;

use futures_channel::oneshot;

use super::GpuError;
use super::context::GpuContext;
use super::faults::{Verdict, Watch, fault};
use super::readback::{Stagings, copy_out, staging};
use super::steps::{self, Bound, GpuStep, buffer};
use super::submission::UnderWay;
use super::timer::Timer;
use super::upload::Upload;
use crate::clock::Clock;
use crate::kernels::{Batch, Form};
use crate::plan::{Buffer, BufferId, BufferKind, PackId, Plan};

/// See the module.
#[derive(Debug)]
pub struct GpuExecutor {
    pub(super) context: GpuContext,
    pub(super) buffers: Vec<wgpu::Buffer>,
    pub(super) packs: Vec<wgpu::Buffer>,
    pub(super) uploads: Vec<Upload>,
    pub(super) steps: Vec<GpuStep>,
    /// What the device says of all these.
    pub(super) made: Verdict,
    pub(super) batch: wgpu::Buffer,
    pub(super) timer: Option<Timer>,
    pub(super) under_way: VecDeque<UnderWay>,
    pub(super) stagings: Stagings,
    /// When the pass before was readable.
    pub(super) last_done: Option<Clock>,
}

impl GpuExecutor {
    /// Reserves buffers, starts compiling pipelines, makes bind groups. Weights may come at once; what the
    /// device refuses of all this is told by what is called next.
    pub fn new(context: &GpuContext, plan: &Plan) -> Result<Self, GpuError> {
        Self::make(context, plan, None)
    }

    /// Another with the same weights and pipelines, and a copy of the KV cache.
    pub async fn fork(&self, plan: &Plan) -> Result<Self, GpuError> {
        let mut fork = Self::make(&self.context, plan, Some(self))?;
        fork.made.heard().await?;
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

    /// `like`: whose weights and pipelines are shared. Compiling goes on while weights stream.
    fn make(context: &GpuContext, plan: &Plan, like: Option<&Self>) -> Result<Self, GpuError> {
        context.check()?;
        let device = &context.device;
        let watch = Watch::start(device);
        let storage =
            wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffers = plan.buffers.iter();
        let buffers: Vec<_> = buffers
            .map(|spec| buffer(device, &spec.name, spec.bytes(), storage))
            .collect();
        let new_packs = || {
            let packs = plan.packs.iter();
            packs
                .map(|pack| buffer(device, &pack.name(), pack.gpu_bytes(), storage))
                .collect()
        };
        let packs: Vec<wgpu::Buffer> = like.map_or_else(new_packs, |like| like.packs.clone());
        let batch = buffer(device, "batch", size_of::<Batch>() as u64, uniform);
        let timer = Timer::new(device, &context.queue, plan);
        let bound = Bound {
            buffers: &buffers,
            packs: &packs,
            batch: &batch,
        };
        let steps = steps::make(context, plan, &bound, like.map(|like| like.steps.as_slice()));
        let made = watch.stop();
        Ok(Self {
            context: context.clone(),
            uploads: plan.packs.iter().map(|_| Upload::default()).collect(),
            stagings: Stagings::of(plan),
            buffers,
            packs,
            steps: steps?,
            made,
            batch,
            timer,
            under_way: VecDeque::new(),
            last_done: None,
        })
    }

    /// The form a step's shader has for one token.
    pub fn form(&self, step: usize) -> Form {
        let step = self.steps.get(step);
        step.map_or(Form::PLAIN, |step| step.pipelines.for_tokens(1).0)
    }

    pub(crate) fn write_weights(&mut self, plan: &Plan, pack: PackId, rows: &[u8]) -> Result<(), GpuError> {
        self.made.so_far()?;
        let (at, words) = self.uploads[pack.0].push(&plan.packs[pack.0], rows);
        self.write_words(&self.packs[pack.0], at, &words);
        Ok(())
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
    pub async fn settle(&mut self) -> Result<(), GpuError> {
        self.made.heard().await?;
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
        let staging = staging(&self.context.device, source.size());
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
    pub(super) fn unreadable(&self) -> GpuError {
        let unknown = || fault("the result could not be read back");
        self.context.check().err().unwrap_or_else(unknown)
    }

    /// Natively somebody must drive the callbacks, up to those of a submission or of the latest; in a
    /// browser this does nothing.
    pub(super) fn wait_for(&self, submission_index: Option<wgpu::SubmissionIndex>) {
        // A failed poll means a lost device, which `check` reports.
        let _ = self.context.device.poll(wgpu::PollType::Wait {
            submission_index,
            timeout: None,
        });
    }
}
