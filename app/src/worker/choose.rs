//! Which executor answers: the one asked for, or a GPU where there is one.
//!
//! A software WebGPU adapter is a program on the same processor that the CPU executor uses directly, and
//! many times slower at it: see the table in README.md. So it answers only when it is asked for.

use moescope_engine::gpu::GpuError;
use moescope_engine::session::{Device, Session, SessionOptions};
use moescope_engine::{Error, Model};

use super::post::Post;
use super::source::Source;
use super::team;
use crate::protocol::{Executor, ExecutorFacts, Why};

/// A session, and what runs it and why.
pub struct Chosen {
    pub session: Session,
    pub device: Device,
    pub facts: ExecutorFacts,
}

/// What is needed to open a session.
pub struct Opener<'a> {
    pub model: &'a Model,
    pub source: &'a Source,
    pub post: &'a Post,
    /// Hears bytes done and bytes in all.
    pub progress: &'a mut dyn FnMut(u64, u64),
    pub options: SessionOptions,
    /// Workers on the CPU, if it matters how many.
    pub threads: Option<u32>,
}

impl Opener<'_> {
    /// Opens a session on the executor asked for, or on the one that suits the device.
    pub async fn choose(&mut self, forced: Option<Executor>) -> Result<Chosen, Error> {
        match forced {
            Some(Executor::Cpu) => self.on_cpu(Why::AskedFor(Executor::Cpu)).await,
            Some(Executor::Gpu) => self.on(&Device::gpu().await?, Why::AskedFor(Executor::Gpu)).await,
            None => self.fitting().await,
        }
    }

    async fn fitting(&mut self) -> Result<Chosen, Error> {
        let gpu = match Device::gpu().await {
            Ok(gpu) => gpu,
            Err(err) => return self.on_cpu(why(&err)).await,
        };
        if !gpu.is_software() {
            return match self.on(&gpu, Why::GpuIsThere).await {
                Err(err @ (Error::Gpu(_) | Error::Plan(_))) => self.on_cpu(why(&err)).await,
                chosen => chosen,
            };
        }
        self.on_cpu(Why::SoftwareAdapter).await
    }

    /// On several workers where that can be, or on this one.
    async fn on_cpu(&mut self, reason: Why) -> Result<Chosen, Error> {
        if let Some(lead) = team::start(self.model, self.source, self.threads).await {
            match self.on(&Device::Team(lead), reason.clone()).await {
                Err(err) if team::is_of_team(&err) => {}
                chosen => return chosen,
            }
        }
        self.on(&Device::Cpu, reason).await
    }

    async fn on(&mut self, device: &Device, reason: Why) -> Result<Chosen, Error> {
        let session =
            Session::open(&self.model.spec, self.source, device, self.options, self.progress).await?;
        let executor = if matches!(device, Device::Gpu(_)) {
            Executor::Gpu
        } else {
            Executor::Cpu
        };
        let facts = ExecutorFacts {
            executor,
            device: device.name(),
            is_software: device.is_software(),
            has_timestamps: device.has_timestamps(),
            clock_micros: self.post.clock_micros(),
            wasm_bytes: wasm_bytes(),
            reason,
        };
        Ok(Chosen {
            session,
            device: device.clone(),
            facts,
        })
    }
}

/// The engine's memory so far.
fn wasm_bytes() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return core::arch::wasm32::memory_size(0) as u64 * (64 << 10);
    #[cfg(not(target_arch = "wasm32"))]
    0
}

/// Why the GPU was not taken.
fn why(err: &Error) -> Why {
    match err {
        Error::Gpu(GpuError::NoAdapter { .. }) => Why::NoAdapter,
        other => Why::Text(other.to_string()),
    }
}
