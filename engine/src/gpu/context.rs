//! A device, what it can do, and the first thing that went wrong with it.

use std::sync::{Arc, Mutex};

use super::GpuError;
use super::tuning::Tuning;
use crate::plan::Limits;

/// How matrices are multiplied with activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActivationOption {
    /// In single floats, exact to their rounding.
    #[default]
    F32,
    /// Rounded to bytes in blocks of 32, as llama.cpp does, where the weights' format and the device allow
    /// it. `REJECTED.md` says why it is not the default.
    Int8,
}

/// How to open a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContextOptions {
    /// Stay within WebGPU's default limits even where the adapter offers more.
    pub default_limits: bool,
    /// Do without timestamp queries even where they exist.
    pub no_timestamps: bool,
    /// Invocations per matrix row, a power of two up to 64; 0 lets the device decide.
    pub lanes: u32,
    /// Matrix rows per invocation, 1 or 4; 0 lets the device decide.
    pub rows: u32,
    pub activations: ActivationOption,
}

/// A shared handle: clones refer to the same device.
#[derive(Clone, Debug)]
pub struct GpuContext {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) tuning: Tuning,
    info: Arc<wgpu::AdapterInfo>,
    fault: Arc<Mutex<Option<GpuError>>>,
}

/// More KV cache and buffers than this is taken for a mistake; real shortage shows at allocation.
const MAX_STATE_BYTES: u64 = 64 << 30;

impl GpuContext {
    /// Asks for the fastest adapter and a device on it.
    pub async fn request(options: ContextOptions) -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = request_adapter(&instance).await?;
        let info = Arc::new(adapter.get_info());
        let (device, queue) = request_device(&adapter, options).await?;
        let fault = Arc::new(Mutex::new(None));
        watch(&device, &fault);
        let is_software = info.device_type == wgpu::DeviceType::Cpu;
        let language = instance.wgsl_language_features();
        let has_packed_dot = language.contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct);
        Ok(Self {
            device,
            queue,
            tuning: Tuning::of(is_software, has_packed_dot, options),
            info,
            fault,
        })
    }

    /// Name of the adapter, as far as the browser tells it.
    pub fn name(&self) -> String {
        let backend = match self.info.backend {
            wgpu::Backend::BrowserWebGpu => "WebGPU".to_owned(),
            other => other.to_string(),
        };
        let kind = if self.is_software() { ", software" } else { "" };
        match self.info.name.as_str() {
            "" => format!("{backend}{kind}"),
            name => format!("{backend}: {name}{kind}"),
        }
    }

    /// Whether the adapter is emulated on the CPU.
    pub fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    /// Whether passes can be timed on the device.
    pub fn has_timestamps(&self) -> bool {
        self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// What plans must stay within.
    pub fn limits(&self) -> Limits {
        let limits = self.device.limits();
        Limits {
            max_binding_bytes: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
            max_state_bytes: MAX_STATE_BYTES,
        }
    }

    /// The first fault since the device was opened, if any.
    pub(super) fn check(&self) -> Result<(), GpuError> {
        let fault = self.fault.lock().map(|fault| fault.clone()).unwrap_or_default();
        fault.map_or(Ok(()), Err)
    }
}

/// The first request may come back empty-handed right after a browser starts, so ask twice.
async fn request_adapter(instance: &wgpu::Instance) -> Result<wgpu::Adapter, GpuError> {
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    if let Ok(adapter) = instance.request_adapter(&options).await {
        return Ok(adapter);
    }
    let second = instance.request_adapter(&options).await;
    second.map_err(|err| GpuError::NoAdapter {
        why: err.to_string().into(),
    })
}

async fn request_device(
    adapter: &wgpu::Adapter,
    options: ContextOptions,
) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    let offered = adapter.limits();
    let mut required_limits = wgpu::Limits::default();
    if !options.default_limits {
        required_limits.max_buffer_size = offered.max_buffer_size;
        required_limits.max_storage_buffer_binding_size = offered.max_storage_buffer_binding_size;
    }
    let wanted = if options.no_timestamps {
        wgpu::Features::empty()
    } else {
        wgpu::Features::TIMESTAMP_QUERY
    };
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("moescope"),
        required_features: adapter.features() & wanted,
        required_limits,
        ..Default::default()
    };
    let device = adapter.request_device(&descriptor).await;
    device.map_err(|err| GpuError::NoDevice {
        why: err.to_string().into(),
    })
}

/// Keeps the first error that no scope caught, and the loss of the device.
fn watch(device: &wgpu::Device, fault: &Arc<Mutex<Option<GpuError>>>) {
    let keep = |fault: &Mutex<Option<GpuError>>, err| {
        if let Ok(mut first) = fault.lock() {
            first.get_or_insert(err);
        }
    };
    let uncaught = fault.clone();
    device.on_uncaptured_error(Arc::new(move |err| {
        let err = match err {
            wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory,
            other => GpuError::Fault {
                what: other.to_string().into(),
            },
        };
        keep(&uncaught, err);
    }));
    let lost = fault.clone();
    device.set_device_lost_callback(move |reason, why| {
        if reason != wgpu::DeviceLostReason::Destroyed {
            keep(&lost, GpuError::Lost { why: why.into() });
        }
    });
}
