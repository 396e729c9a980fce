//! One pipeline per linked shader, shared by all steps that link the same files.

use std::collections::HashMap;

use super::tuning::Tuning;
use crate::kernels::{Bind, Form, Kernel, Links, Shader};

/// A kernel in its forms for one token and for several; the same pipeline where it has one form.
#[derive(Clone, Debug)]
pub(super) struct Pipelines {
    pub layout: wgpu::BindGroupLayout,
    decode: (Form, wgpu::ComputePipeline),
    prefill: (Form, wgpu::ComputePipeline),
}

impl Pipelines {
    /// The form for a number of tokens.
    pub fn for_tokens(&self, tokens: u32) -> &(Form, wgpu::ComputePipeline) {
        if tokens == 1 { &self.decode } else { &self.prefill }
    }
}

/// Makes pipelines, each once.
#[derive(Debug)]
pub(super) struct PipelineCache<'a> {
    device: &'a wgpu::Device,
    tuning: Tuning,
    made: HashMap<(&'static str, Links), Pipelines>,
}

impl<'a> PipelineCache<'a> {
    pub fn new(device: &'a wgpu::Device, tuning: Tuning) -> Self {
        Self {
            device,
            tuning,
            made: HashMap::new(),
        }
    }

    /// The pipelines of a kernel with the files it links. `None` for a stem not in the list.
    pub fn get(&mut self, kernel: &dyn Kernel) -> Option<Pipelines> {
        let key = (kernel.stem(), kernel.links());
        if !self.made.contains_key(&key) {
            let shader = Shader::of(kernel.stem())?;
            let pipelines = self.make(shader, key.1, &kernel.bindings());
            self.made.insert(key, pipelines);
        }
        self.made.get(&key).cloned()
    }

    fn make(&self, shader: &Shader, links: Links, bindings: &[Bind]) -> Pipelines {
        let layout = self.layout(shader.stem, bindings);
        let [decode, prefill] =
            [self.tuning.decode, self.tuning.prefill].map(|wanted| shader.form(links, wanted));
        let decode = (decode, self.compile(shader, links, decode, &layout));
        let prefill = if prefill == decode.0 {
            decode.clone()
        } else {
            (prefill, self.compile(shader, links, prefill, &layout))
        };
        Pipelines {
            layout,
            decode,
            prefill,
        }
    }

    fn layout(&self, label: &str, bindings: &[Bind]) -> wgpu::BindGroupLayout {
        let buffer = |ty| wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let uniforms = [buffer(wgpu::BufferBindingType::Uniform); 2];
        let storage = bindings.iter().map(|bind| {
            let read_only = !matches!(bind, Bind::Write(_));
            buffer(wgpu::BufferBindingType::Storage { read_only })
        });
        let entries: Vec<wgpu::BindGroupLayoutEntry> = (uniforms.into_iter().chain(storage).enumerate())
            .map(|(index, ty)| wgpu::BindGroupLayoutEntry {
                binding: index as u32,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty,
                count: None,
            })
            .collect();
        let descriptor = wgpu::BindGroupLayoutDescriptor {
            label: Some(label),
            entries: &entries,
        };
        self.device.create_bind_group_layout(&descriptor)
    }

    fn compile(
        &self,
        shader: &Shader,
        links: Links,
        form: Form,
        layout: &wgpu::BindGroupLayout,
    ) -> wgpu::ComputePipeline {
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(shader.stem),
            source: wgpu::ShaderSource::Wgsl(shader.link(links, form).into()),
        });
        let layout = self
            .device
            .create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(shader.stem),
                bind_group_layouts: &[Some(layout)],
                ..Default::default()
            });
        self.device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(shader.stem),
                layout: Some(&layout),
                module: &module,
                entry_point: Some(shader.stem),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &[("LANES", f64::from(self.tuning.lanes))],
                    ..Default::default()
                },
                cache: None,
            })
    }
}
