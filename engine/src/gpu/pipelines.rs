//! One pipeline per linked shader, shared by all steps that link the same files.

use std::collections::HashMap;

use crate::kernels::{Bind, Kernel, Links, PREFILL_TILE, Shader};

/// A kernel in its forms for one token and for several; the same pipeline where it has one form.
#[derive(Clone, Debug)]
pub(super) struct Pipelines {
    pub layout: wgpu::BindGroupLayout,
    decode: wgpu::ComputePipeline,
    prefill: wgpu::ComputePipeline,
    is_tiled: bool,
}

impl Pipelines {
    /// The form for a number of tokens, and how many tokens one of its workgroups serves.
    pub fn for_tokens(&self, tokens: u32) -> (&wgpu::ComputePipeline, u32) {
        match tokens {
            1 => (&self.decode, 1),
            _ if self.is_tiled => (&self.prefill, PREFILL_TILE),
            _ => (&self.prefill, 1),
        }
    }
}

/// Makes pipelines, each once.
#[derive(Debug)]
pub(super) struct PipelineCache<'a> {
    device: &'a wgpu::Device,
    lanes: u32,
    made: HashMap<(&'static str, Links), Pipelines>,
}

impl<'a> PipelineCache<'a> {
    pub fn new(device: &'a wgpu::Device, lanes: u32) -> Self {
        Self {
            device,
            lanes,
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
        let decode = self.compile(shader, links, 1, &layout);
        let is_tiled = shader.is_tiled();
        let prefill = if is_tiled {
            self.compile(shader, links, PREFILL_TILE, &layout)
        } else {
            decode.clone()
        };
        Pipelines {
            layout,
            decode,
            prefill,
            is_tiled,
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
        tile: u32,
        layout: &wgpu::BindGroupLayout,
    ) -> wgpu::ComputePipeline {
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(shader.stem),
            source: wgpu::ShaderSource::Wgsl(shader.link(links, tile).into()),
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
                    constants: &[("LANES", f64::from(self.lanes))],
                    ..Default::default()
                },
                cache: None,
            })
    }
}
