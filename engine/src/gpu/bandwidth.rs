//! Bytes a GPU moves per second when it copies a large buffer and does nothing else.

use futures_channel::oneshot;

use super::{GpuContext, GpuError};
use crate::clock::Clock;

/// Copies in one submission, so that its start weighs little.
const COPIES: u64 = 8;

impl GpuContext {
    /// Each copied byte is read and written.
    pub(crate) async fn bandwidth(&self, bytes: u64, tries: u32) -> Result<f64, GpuError> {
        let bytes = bytes.min(self.limits().max_binding_bytes);
        let buffer = |label| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage: wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let (from, to) = (buffer("bandwidth from"), buffer("bandwidth to"));
        let mut shortest = f64::INFINITY;
        // The first one also clears both buffers.
        for _ in 0..=tries {
            let clock = Clock::start();
            let mut encoder = self.device.create_command_encoder(&Default::default());
            for _ in 0..COPIES {
                encoder.copy_buffer_to_buffer(&from, 0, &to, 0, bytes);
            }
            self.queue.submit([encoder.finish()]);
            self.done().await?;
            shortest = shortest.min(clock.micros());
        }
        Ok((2 * COPIES * bytes) as f64 / (shortest.max(1.0) / 1e6))
    }

    /// Until all that was submitted is done.
    async fn done(&self) -> Result<(), GpuError> {
        let (sender, done) = oneshot::channel();
        self.queue.on_submitted_work_done(move || _ = sender.send(()));
        // A failed poll means a lost device, which `check` reports.
        let _ = self.device.poll(wgpu::PollType::Wait {
            submission_index: None,
            timeout: None,
        });
        let _ = done.await;
        self.check()
    }
}
