//! Passes under way: inputs written and steps encoded in one submission each, collected in their order.

use futures_channel::oneshot;

use super::GpuError;
use super::executor::GpuExecutor;
use super::faults::fault;
use super::readback::{Parts, Readback, copy_out};
use super::steps::GpuStep;
use super::timer::Timer;
use crate::clock::Clock;
use crate::kernels::Batch;
use crate::plan::{BufferId, Plan};
use crate::session::{PassInput, PassOutput};
use crate::trace::StepGroup;

/// A pass that was submitted and not read yet.
#[derive(Debug)]
pub(super) struct UnderWay {
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

impl GpuExecutor {
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
        let staging = self.stagings.take(&self.context.device);
        if let Some(timer) = timer {
            let stamps = timer.resolve(&mut encoder, runs);
            encoder.copy_buffer_to_buffer(stamps, 0, &staging, 0, readback.stamps);
        }
        readback.encode(plan, &self.buffers, &staging, &mut encoder);
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
        self.made.heard().await?;
        self.wait_for(Some(pass.submission));
        let Ok(Ok(done)) = pass.mapped.await else {
            return Err(self.unreadable());
        };
        let bytes = copy_out(&pass.staging, pass.readback.total())?;
        self.stagings.free(pass.staging);
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
}
