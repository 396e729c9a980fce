//! The executors a kernel or a model is tried on.

use moescope_engine::gpu::{ContextOptions, GpuContext};
use moescope_engine::session::Device;

/// The CPU twins, and the GPU with rows per invocation and with rows shared by 16 lanes, at
/// WebGPU's default limits. Without a GPU the tests say so, and fail where one is required.
pub fn all() -> Vec<(String, Device)> {
    let mut devices = vec![("cpu".to_owned(), Device::Twins)];
    for lanes in [1, 16] {
        match gpu(lanes) {
            Some(device) => devices.push((format!("gpu with {lanes} lanes"), device)),
            None => println!("SKIPPED: 1 executor (gpu with {lanes} lanes): no adapter"),
        }
    }
    devices
}

/// A GPU within the default limits.
pub fn gpu(lanes: u32) -> Option<Device> {
    let options = ContextOptions {
        default_limits: true,
        lanes,
        ..ContextOptions::default()
    };
    match pollster::block_on(GpuContext::request(options)) {
        Ok(context) => Some(Device::Gpu(context)),
        Err(err) => {
            let is_required = std::env::var_os("MOESCOPE_REQUIRE_GPU").is_some();
            assert!(!is_required, "MOESCOPE_REQUIRE_GPU is set, but: {err}");
            None
        }
    }
}
