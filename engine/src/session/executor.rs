//! The two ways to run a plan, behind one face.

use std::rc::Rc;

use crate::cpu::executor::{CpuExecutor, CpuKernels};
use crate::error::Error;
use crate::fast;
use crate::gpu::{GpuContext, executor::GpuExecutor};
use crate::kernels::sample::Draw;
use crate::kernels::{Batch, Form};
use crate::plan::{BufferId, Limits, PackId, Plan};
use crate::team::Lead;
#[cfg(not(target_arch = "wasm32"))]
use crate::{arch::Spec, team};

/// Which kind of executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutorKind {
    Gpu,
    Cpu,
}

/// Where plans can run.
#[derive(Clone, Debug)]
pub enum Device {
    Gpu(GpuContext),
    Cpu,
    /// The CPU, several workers together.
    Team(Rc<Lead>),
    /// The CPU with the kernels' twins: exact, readable and slow. What others are held against.
    Twins,
}

impl Device {
    /// A GPU through WebGPU, Vulkan, Metal or Direct3D 12.
    pub async fn gpu() -> Result<Self, Error> {
        Ok(Self::Gpu(GpuContext::request(Default::default()).await?))
    }

    /// The CPU with some threads, for sessions of one model.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn cpu(spec: &Spec, threads: usize) -> Self {
        match threads {
            0 | 1 => Self::Cpu,
            _ => Self::Team(team::threads(spec, threads)),
        }
    }

    /// Which kind it is.
    pub fn kind(&self) -> ExecutorKind {
        match self {
            Self::Gpu(_) => ExecutorKind::Gpu,
            Self::Cpu | Self::Team(_) | Self::Twins => ExecutorKind::Cpu,
        }
    }

    /// What to call it on screen.
    pub fn name(&self) -> String {
        match self {
            Self::Gpu(context) => context.name(),
            Self::Cpu => format!("CPU, {}", fast::simd::name()),
            Self::Team(lead) => format!("CPU, {}, {} threads", fast::simd::name(), lead.size()),
            Self::Twins => "CPU, twins".into(),
        }
    }

    /// Whether a GPU interface is only emulated on the CPU.
    pub fn is_software(&self) -> bool {
        match self {
            Self::Gpu(context) => context.is_software(),
            Self::Cpu | Self::Team(_) | Self::Twins => false,
        }
    }

    /// Whether time per step group can be measured.
    pub fn has_timestamps(&self) -> bool {
        match self {
            Self::Gpu(context) => context.has_timestamps(),
            Self::Cpu | Self::Team(_) | Self::Twins => true,
        }
    }

    /// What plans for it must stay within.
    pub fn limits(&self) -> Limits {
        match self {
            Self::Gpu(context) => context.limits(),
            Self::Cpu | Self::Team(_) | Self::Twins => Limits::CPU,
        }
    }
}

/// One pass's input.
#[derive(Clone, Debug)]
pub struct PassInput<'a> {
    pub batch: Batch,
    /// `(n_tokens)`; `None`: the one token that the pass before chose.
    pub tokens: Option<&'a [u32]>,
    /// For each of the plan's rotations: `(n_tokens, n_rot / 2, 2)`
    pub ropes: Vec<Vec<f32>>,
    /// How to choose the next token; wanted where the batch has a draw.
    pub draw: Option<Draw>,
    /// Routing and device times are wanted too.
    pub is_traced: bool,
}

/// One pass's output: what comes back in a single readback.
#[derive(Clone, Debug, Default)]
pub struct PassOutput {
    pub logits: Vec<f32>,         // (n_logits, vocab)
    pub ids: Vec<u32>,            // (n_tokens, moe_layers, top_k)
    pub expert_weights: Vec<f32>, // (n_tokens, moe_layers, top_k)
    pub probs: Vec<f32>,          // (n_tokens, moe_layers, n_experts)
    /// The next token, where it was to be chosen.
    pub chosen: Option<u32>,
    pub wall_micros: f64,
    pub group_micros: Option<[f64; 5]>,
    /// Of every step that ran, where the plan is a scout's.
    pub step_micros: Option<Vec<f64>>,
    pub dispatches: u32,
}

/// A plan made ready on a device.
#[derive(Debug)]
pub enum Executor {
    Gpu(Box<GpuExecutor>),
    Cpu(Box<CpuExecutor>),
}

impl Executor {
    /// Reserves everything the plan names.
    pub async fn new(device: &Device, plan: &Plan) -> Result<Self, Error> {
        Ok(match device {
            Device::Gpu(context) => Self::Gpu(Box::new(GpuExecutor::new(context, plan)?)),
            Device::Cpu => Self::Cpu(Box::new(CpuExecutor::new(plan, CpuKernels::Fast))),
            Device::Team(lead) => Self::Cpu(Box::new(CpuExecutor::leading(plan, lead)?)),
            Device::Twins => Self::Cpu(Box::new(CpuExecutor::new(plan, CpuKernels::Twins))),
        })
    }

    /// Another that shares the weights and starts from a copy of the KV cache.
    pub async fn fork(&self, plan: &Plan) -> Result<Self, Error> {
        Ok(match self {
            Self::Gpu(executor) => Self::Gpu(Box::new(executor.fork(plan).await?)),
            Self::Cpu(executor) => Self::Cpu(Box::new(executor.fork(plan)?)),
        })
    }

    /// Appends whole rows to a pack.
    pub fn write_weights(&mut self, plan: &Plan, pack: PackId, rows: &[u8]) -> Result<(), Error> {
        match self {
            Self::Gpu(executor) => executor.write_weights(plan, pack, rows)?,
            Self::Cpu(executor) => executor.write_weights(plan, pack, rows)?,
        }
        Ok(())
    }

    /// Says that a pack is complete.
    pub fn finish_weights(&mut self, plan: &Plan, pack: PackId) -> Result<(), Error> {
        match self {
            Self::Gpu(executor) => executor.finish_weights(plan, pack),
            Self::Cpu(executor) => executor.finish_weights(plan, pack)?,
        }
        Ok(())
    }

    /// Waits until the device has taken everything, and reports what it refused.
    pub async fn settle(&mut self) -> Result<(), Error> {
        match self {
            Self::Gpu(executor) => Ok(executor.settle().await?),
            Self::Cpu(_) => Ok(()),
        }
    }

    /// Runs one pass. None may be under way.
    pub async fn run(&mut self, plan: &Plan, input: &PassInput<'_>) -> Result<PassOutput, Error> {
        self.submit(plan, input)?;
        self.collect(plan).await
    }

    /// How many passes are worth having under way at a time.
    pub fn most_under_way(&self) -> usize {
        match self {
            Self::Gpu(executor) => executor.most_under_way(),
            Self::Cpu(_) => 1,
        }
    }

    /// Whether several workgroups should share the walk over a long cache.
    pub fn shares_out_caches(&self) -> bool {
        match self {
            Self::Gpu(executor) => executor.shares_out_caches(),
            Self::Cpu(_) => false,
        }
    }

    /// Whether a pass sorts the uses of experts by steps of their own. The fast kernels of the CPU sort them
    /// within theirs.
    pub fn sorts_uses(&self, uses: u32, n_experts: u32) -> bool {
        let from = match self {
            Self::Gpu(executor) => executor.sorts_from(),
            Self::Cpu(executor) if executor.kernels() == CpuKernels::Twins => 1,
            Self::Cpu(_) => return false,
        };
        uses >= from * n_experts
    }

    /// Starts a pass. It runs after those under way.
    pub fn submit(&mut self, plan: &Plan, input: &PassInput<'_>) -> Result<(), Error> {
        match self {
            Self::Gpu(executor) => executor.submit(plan, input)?,
            Self::Cpu(executor) => executor.submit(plan, input)?,
        }
        Ok(())
    }

    /// What came of the oldest pass under way.
    pub async fn collect(&mut self, plan: &Plan) -> Result<PassOutput, Error> {
        match self {
            Self::Gpu(executor) => Ok(executor.collect(plan).await?),
            Self::Cpu(executor) => Ok(executor.collect()),
        }
    }

    /// Forgets the passes under way. What they write is written.
    pub fn discard(&mut self) {
        match self {
            Self::Gpu(executor) => executor.discard(),
            Self::Cpu(executor) => executor.discard(),
        }
    }

    /// The form a step's shader has for one token; the plainest where no shader runs.
    pub fn form(&self, step: usize) -> Form {
        match self {
            Self::Gpu(executor) => executor.form(step),
            Self::Cpu(_) => Form::PLAIN,
        }
    }

    /// Overwrites the beginning of a buffer; for tests and tools.
    pub fn write_buffer(&mut self, id: BufferId, words: &[u32]) {
        match self {
            Self::Gpu(executor) => executor.write_buffer(id, words),
            Self::Cpu(executor) => executor.write_buffer(id, words),
        }
    }

    /// Reads a whole buffer; for tests and tools.
    pub async fn read_buffer(&mut self, id: BufferId) -> Result<Vec<u32>, Error> {
        match self {
            Self::Gpu(executor) => Ok(executor.read_buffer(id).await?),
            Self::Cpu(executor) => Ok(executor.read_buffer(id)),
        }
    }
}
