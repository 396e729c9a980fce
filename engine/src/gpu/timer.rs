//! GPU time per step group, by timestamps around compute passes. WebGPU can only stamp whole
//! passes, so a timed forward pass is cut into one compute pass per run of steps of a group.

use crate::plan::Plan;
use crate::trace::StepGroup;

/// Query slots for the runs of one forward pass.
#[derive(Debug)]
pub(super) struct Timer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    nanos_per_tick: f64,
}

/// WebGPU's limit on queries in a set.
const MAX_QUERIES: usize = 4096;

impl Timer {
    /// `None` where the device has no timestamps, or the plan more runs than a set has queries.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, plan: &Plan) -> Option<Self> {
        let runs = match plan.taps {
            Some(_) => plan.steps.len(),
            None => plan.steps.chunk_by(|a, b| a.group == b.group).count(),
        };
        let count = 2 * runs;
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) || count > MAX_QUERIES {
            return None;
        }
        let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("step groups"),
            ty: wgpu::QueryType::Timestamp,
            count: count as u32,
        });
        let resolved = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("timestamps"),
            size: 8 * count as u64,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        Some(Self {
            queries,
            resolved,
            nanos_per_tick: f64::from(queue.get_timestamp_period()),
        })
    }

    /// Stamps for the run of a given number.
    pub fn stamps(&self, run: u32) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * run),
            end_of_pass_write_index: Some(2 * run + 1),
        }
    }

    /// Makes the stamps of the first `runs` readable.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder, runs: u32) -> &wgpu::Buffer {
        encoder.resolve_query_set(&self.queries, 0..2 * runs, &self.resolved, 0);
        &self.resolved
    }

    /// Bytes of the stamps of `runs`.
    pub fn bytes(runs: u32) -> u64 {
        16 * u64::from(runs)
    }

    /// Sums the runs by group. `None` if the device gave stamps that run backwards, which some
    /// drivers do and which would be a made-up number.
    pub fn sum(&self, ticks: &[u64], groups: &[StepGroup]) -> Option<[f64; 5]> {
        let mut micros = [0.0; 5];
        for (run, group) in self.each(ticks)?.into_iter().zip(groups) {
            micros[*group as usize] += run;
        }
        Some(micros)
    }

    /// The runs one by one, likewise.
    pub fn each(&self, ticks: &[u64]) -> Option<Vec<f64>> {
        let micros = |pair: &[u64]| Some(pair[1].checked_sub(pair[0])? as f64 * self.nanos_per_tick / 1e3);
        ticks.chunks_exact(2).map(micros).collect()
    }
}
