//! What comes back of a pass: copied into one staging buffer, mapped, and taken apart.

use super::GpuError;
use super::faults::fault;
use super::timer::Timer;
use crate::kernels::Batch;
use crate::plan::{BufferKind, Plan};

/// Staging buffers for all that a pass may give, used again once they were read.
#[derive(Debug)]
pub(super) struct Stagings {
    free: Vec<wgpu::Buffer>,
    bytes: u64,
}

impl Stagings {
    /// For the largest pass of a plan.
    pub fn of(plan: &Plan) -> Self {
        let full = Batch {
            n_tokens: plan.options.batch,
            n_logits: plan.options.logit_rows,
            n_draws: 1,
            ..Batch::default()
        };
        Self {
            free: Vec::new(),
            bytes: Readback::of(plan, full, plan.steps.len() as u32, true).total(),
        }
    }

    /// One that nobody reads.
    pub fn take(&mut self, device: &wgpu::Device) -> wgpu::Buffer {
        let new = || staging(device, self.bytes.max(16));
        self.free.pop().unwrap_or_else(new)
    }

    /// Gives one back.
    pub fn free(&mut self, staging: wgpu::Buffer) {
        self.free.push(staging);
    }
}

/// A buffer that the host can read.
pub(super) fn staging(device: &wgpu::Device, bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("staging"),
        size: bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// Where the parts of a pass's output lie in the staging buffer, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readback {
    logits: u64,
    draw: u64,
    chosen: u64,
    probs: u64,
    pub stamps: u64,
}

impl Readback {
    /// Of a pass with so many timed runs; its routing is staged where it is traced.
    pub fn of(plan: &Plan, batch: Batch, runs: u32, is_traced: bool) -> Self {
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
    pub fn sizes(&self) -> [u64; 6] {
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
    pub fn total(&self) -> u64 {
        self.sizes().iter().sum::<u64>().max(4)
    }

    /// Copies all but the stamps, which come before.
    pub fn encode(
        &self,
        plan: &Plan,
        buffers: &[wgpu::Buffer],
        staging: &wgpu::Buffer,
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
        let mut at = self.stamps;
        for (id, bytes) in outputs.iter().zip(&self.sizes()[1..]) {
            if *bytes > 0 {
                encoder.copy_buffer_to_buffer(&buffers[id.0], 0, staging, at, *bytes);
            }
            at += bytes;
        }
    }
}

/// A mapped buffer's beginning; unmaps it.
pub(super) fn copy_out(staging: &wgpu::Buffer, bytes: u64) -> Result<Vec<u8>, GpuError> {
    let view = staging
        .get_mapped_range(0..bytes)
        .map_err(|err| fault(&err.to_string()))?;
    let copy = view.to_vec();
    drop(view);
    staging.unmap();
    Ok(copy)
}

/// Takes typed pieces off the front of a byte run.
pub(super) struct Parts<'a> {
    pub bytes: &'a [u8],
}

impl Parts<'_> {
    pub fn take<T: bytemuck::Pod>(&mut self, bytes: u64) -> Vec<T> {
        let (part, rest) = self.bytes.split_at(bytes as usize);
        self.bytes = rest;
        bytemuck::pod_collect_to_vec(part)
    }
}
