//! The executors a kernel or a model is tried on.

use moescope_engine::gpu::{ActivationOption, ContextOptions, GpuContext};
use moescope_engine::session::Device;

/// The CPU twins, and the GPU at WebGPU's default limits and in exact arithmetic: with four rows per
/// invocation, as on software adapters, and with rows shared by 16 lanes, as on hardware. Without a GPU
/// the tests say so, and fail where one is required.
pub fn all() -> Vec<(String, Device)> {
    let exact = ActivationOption::F32;
    with_cpu(&[(1, 4, exact), (16, 1, exact)])
}

/// The same and the forms that no kind of adapter is given unasked.
pub fn every_exact_form() -> Vec<(String, Device)> {
    let exact = ActivationOption::F32;
    with_cpu(&[(1, 1, exact), (1, 4, exact), (16, 1, exact), (16, 4, exact)])
}

/// The GPU with activations rounded to bytes.
pub fn int8() -> Vec<(String, Device)> {
    let rounded = ActivationOption::Int8;
    gpus(&[(1, 4, rounded), (16, 1, rounded)])
}

/// The GPU in the form the page picks on a software adapter, as browsers are tested on.
pub fn as_in_browser() -> Option<Device> {
    let exact = ActivationOption::F32;
    gpus(&[(1, 4, exact)])
        .into_iter()
        .next()
        .map(|(_, device)| device)
}

fn with_cpu(forms: &[(u32, u32, ActivationOption)]) -> Vec<(String, Device)> {
    let mut devices = vec![("cpu".to_owned(), Device::Twins)];
    devices.extend(gpus(forms));
    devices
}

/// By lanes, rows and arithmetic.
fn gpus(forms: &[(u32, u32, ActivationOption)]) -> Vec<(String, Device)> {
    let mut devices = Vec::new();
    for (lanes, rows, activations) in forms.iter().copied() {
        let name = format!("gpu with {lanes} lanes, {rows} rows, {activations:?}");
        let options = ContextOptions {
            default_limits: true,
            lanes,
            rows,
            activations,
            ..ContextOptions::default()
        };
        match gpu(options) {
            Some(device) => devices.push((name, device)),
            None => println!("SKIPPED: 1 executor ({name}): no adapter"),
        }
    }
    devices
}

fn gpu(options: ContextOptions) -> Option<Device> {
    match pollster::block_on(GpuContext::request(options)) {
        Ok(context) => Some(Device::Gpu(context)),
        Err(err) => {
            let is_required = std::env::var_os("MOESCOPE_REQUIRE_GPU").is_some();
            assert!(!is_required, "MOESCOPE_REQUIRE_GPU is set, but: {err}");
            None
        }
    }
}
