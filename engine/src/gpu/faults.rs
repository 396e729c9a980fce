//! What a device says, later, of what was made on it: nobody waits for it before weights may stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::GpuError;

/// Catches what a device refuses.
pub(super) struct Watch {
    memory: wgpu::ErrorScopeGuard,
    validation: wgpu::ErrorScopeGuard,
}

impl Watch {
    /// Of all that is made from now on.
    pub fn start(device: &wgpu::Device) -> Self {
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        Self { memory, validation }
    }

    /// Until now. The device answers once it has made it all.
    pub fn stop(self) -> Verdict {
        let (validation, memory) = (self.validation.pop(), self.memory.pop());
        Verdict(Some(Box::pin(async move {
            if let Some(err) = validation.await {
                let what = err.to_string().into();
                return Err(GpuError::Fault { what });
            }
            match memory.await {
                Some(_) => Err(GpuError::OutOfMemory),
                None => Ok(()),
            }
        })))
    }
}

/// What the device will have refused; nothing once that has been heard.
pub(super) struct Verdict(Option<Answer>);

type Answer = Pin<Box<dyn Future<Output = Result<(), GpuError>>>>;

impl Verdict {
    /// If the device has answered by now.
    pub fn so_far(&mut self) -> Result<(), GpuError> {
        let Some(answer) = &mut self.0 else { return Ok(()) };
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Ok(()),
            Poll::Ready(heard) => {
                self.0 = None;
                heard
            }
        }
    }

    /// Waits for the answer.
    pub async fn heard(&mut self) -> Result<(), GpuError> {
        match self.0.take() {
            Some(answer) => answer.await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if self.0.is_some() { "awaited" } else { "heard" };
        f.debug_tuple("Verdict").field(&answer).finish()
    }
}

/// A fault of our own telling.
pub(super) fn fault(what: &str) -> GpuError {
    GpuError::Fault { what: what.into() }
}
