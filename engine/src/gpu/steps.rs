//! A plan's steps on a device: for each its pipelines, and what it binds.

use super::GpuError;
use super::context::GpuContext;
use super::pipelines::{PipelineCache, Pipelines};
use crate::kernels::Bind;
use crate::plan::{Plan, Step};

/// Offset between two steps' parameters: WebGPU's largest uniform alignment.
const PARAMS_STRIDE: u64 = 256;

/// A step's pipeline and bindings.
#[derive(Debug)]
pub(super) struct GpuStep {
    pub pipelines: Pipelines,
    pub bindings: wgpu::BindGroup,
}

/// What steps bind.
pub(super) struct Bound<'a> {
    pub buffers: &'a [wgpu::Buffer],
    pub packs: &'a [wgpu::Buffer],
    pub batch: &'a wgpu::Buffer,
}

/// A buffer of so many bytes, or a few more.
pub(super) fn buffer(
    device: &wgpu::Device,
    label: &str,
    bytes: u64,
    usage: wgpu::BufferUsages,
) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes.max(16),
        usage,
        mapped_at_creation: false,
    })
}

/// Makes every step, with parameters of its own. `like`: those of a plan without taps, whose pipelines are
/// shared.
pub(super) fn make(
    context: &GpuContext,
    plan: &Plan,
    bound: &Bound<'_>,
    like: Option<&[GpuStep]>,
) -> Result<Vec<GpuStep>, GpuError> {
    let device = &context.device;
    let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let all_params = buffer(device, "params", PARAMS_STRIDE * plan.steps.len() as u64, uniform);
    let mut cache = PipelineCache::new(device, context.tuning);
    let make = |(index, step): (usize, &Step)| {
        let (stem, params) = (step.kernel.stem(), step.kernel.params());
        let offset = PARAMS_STRIDE * index as u64;
        context.queue.write_buffer(&all_params, offset, &params);
        let pipelines = match like.zip(plan.without_taps(index)) {
            Some((like, own)) => like.get(own).map(|step| step.pipelines.clone()),
            None => cache.get(step.kernel.as_ref()),
        };
        let pipelines = pipelines.ok_or_else(|| GpuError::Fault {
            what: format!("no shader named {stem}").into(),
        })?;
        let params = wgpu::BufferBinding {
            buffer: &all_params,
            offset,
            size: std::num::NonZero::new(params.len() as u64),
        };
        let bindings = bind_group(device, step, &pipelines, params, bound);
        Ok(GpuStep { pipelines, bindings })
    };
    plan.steps.iter().enumerate().map(make).collect()
}

fn bind_group(
    device: &wgpu::Device,
    step: &Step,
    pipelines: &Pipelines,
    params: wgpu::BufferBinding<'_>,
    bound: &Bound<'_>,
) -> wgpu::BindGroup {
    let uniforms = [
        wgpu::BindingResource::Buffer(params),
        bound.batch.as_entire_binding(),
    ];
    let storage = step.kernel.bindings();
    let storage = storage.iter().map(|bind| match bind {
        Bind::Read(id) | Bind::Write(id) | Bind::Unread(id) => bound.buffers[id.0].as_entire_binding(),
        Bind::Weights(id) => bound.packs[id.0].as_entire_binding(),
    });
    let entries: Vec<wgpu::BindGroupEntry<'_>> = (uniforms.into_iter().chain(storage).enumerate())
        .map(|(binding, resource)| wgpu::BindGroupEntry {
            binding: binding as u32,
            resource,
        })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(step.kernel.stem()),
        layout: &pipelines.layout,
        entries: &entries,
    })
}
