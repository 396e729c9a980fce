//! Runs a plan on the processor, one step after another, timing each with the clock.

use crate::clock::Clock;
use crate::cpu::{Memory, Weights};
use crate::fast;
use crate::plan::{BufferId, PackId, Plan};
use crate::session::{PassInput, PassOutput};

/// Which kernels run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuKernels {
    /// Those of [`crate::fast`].
    Fast,
    /// The twins: exact, readable and slow.
    Twins,
}

/// See the module.
#[derive(Debug)]
pub struct CpuExecutor {
    memory: Memory,
    /// What the fast kernels work in; none for the twins.
    scratch: Option<fast::Scratch>,
    /// What the last pass gave, until it is collected.
    output: Option<PassOutput>,
}

impl CpuExecutor {
    /// Zeroed memory for a plan.
    pub fn new(plan: &Plan, kernels: CpuKernels) -> Self {
        let words = plan.buffers.iter().map(|buffer| buffer.words() as usize);
        let packs = plan
            .packs
            .iter()
            .map(|pack| Weights::new(pack.format, pack.rows as usize, pack.cols as usize));
        Self {
            memory: Memory::new(words, packs.collect()),
            scratch: (kernels == CpuKernels::Fast).then(fast::Scratch::default),
            output: None,
        }
    }

    /// Another with the same weights, and a copy of everything else. The plan's buffers begin with ours.
    pub fn fork(&self, plan: &Plan) -> Self {
        let more = plan.buffers.iter().skip(self.memory.n_buffers());
        Self {
            memory: self.memory.fork(more.map(|buffer| buffer.words() as usize)),
            scratch: self.scratch.as_ref().map(|_| fast::Scratch::default()),
            output: None,
        }
    }

    pub(crate) fn write_weights(&mut self, pack: PackId, rows: &[u8]) {
        if let Some(weights) = self.memory.weights_mut(pack) {
            weights.extend(rows);
        }
    }

    pub(crate) fn finish_weights(&mut self, plan: &Plan, pack: PackId) {
        if let Some(weights) = self.memory.weights_mut(pack) {
            weights.finish(plan.packs[pack.0].rows as usize);
        }
    }

    pub(crate) fn write_buffer(&mut self, id: BufferId, words: &[u32]) {
        self.memory.u32_mut(id)[..words.len()].copy_from_slice(words);
    }

    pub(crate) fn read_buffer(&self, id: BufferId) -> Vec<u32> {
        self.memory.u32(id).to_vec()
    }

    /// Runs one pass and keeps what it gave.
    pub fn submit(&mut self, plan: &Plan, input: &PassInput<'_>) {
        self.output = Some(self.run(plan, input));
    }

    /// What the last pass gave.
    pub fn collect(&mut self) -> PassOutput {
        self.output.take().unwrap_or_default()
    }

    /// Forgets it.
    pub fn discard(&mut self) {
        self.output = None;
    }

    fn run(&mut self, plan: &Plan, input: &PassInput<'_>) -> PassOutput {
        let started = Clock::start();
        let chosen_before = [self.memory.u32(plan.ports.chosen)[0]];
        self.write_buffer(plan.ports.tokens, input.tokens.unwrap_or(&chosen_before));
        if let Some(draw) = &input.draw {
            self.write_buffer(plan.ports.draw, bytemuck::cast_slice(bytemuck::bytes_of(draw)));
        }
        for ((_, buffer), table) in plan.ports.ropes.iter().zip(&input.ropes) {
            self.write_buffer(*buffer, bytemuck::cast_slice(table));
        }
        let mut group_micros = [0.0; 5];
        let mut step_micros = Vec::new();
        let mut dispatches = 0;
        for (_, step) in plan.active_steps(input.batch) {
            let step_started = Clock::start();
            match &mut self.scratch {
                Some(scratch) => step.kernel.run_fast(&self.memory, input.batch, scratch),
                None => step.kernel.run_cpu(&self.memory, input.batch),
            }
            let micros = step_started.micros();
            group_micros[step.group as usize] += micros;
            step_micros.push(micros);
            dispatches += 1;
        }
        let (tokens, layers) = (input.batch.n_tokens as usize, plan.moe.layers.len());
        let chosen = tokens * layers * plan.moe.top_k as usize;
        let probs = tokens * layers * plan.moe.n_experts as usize;
        let logits = (input.batch.n_logits * plan.vocab) as usize;
        let ports = &plan.ports;
        PassOutput {
            logits: self.memory.f32(ports.logits)[..logits].to_vec(),
            ids: self.memory.u32(ports.ids)[..chosen].to_vec(),
            expert_weights: self.memory.f32(ports.expert_weights)[..chosen].to_vec(),
            probs: self.memory.f32(ports.probs)[..probs].to_vec(),
            chosen: input.draw.map(|_| self.memory.u32(ports.chosen)[0]),
            wall_micros: started.micros(),
            group_micros: Some(group_micros),
            step_micros: plan.taps.as_ref().map(|_| step_micros),
            dispatches,
        }
    }
}
