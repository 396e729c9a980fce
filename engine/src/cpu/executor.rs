//! Runs a plan on the processor, one step after another, timing each with the clock.

use std::rc::Rc;

use crate::clock::Clock;
use crate::cpu::{Memory, Weights};
use crate::fast;
use crate::kernels::Batch;
use crate::plan::{BufferId, PackId, Plan, WeightPack};
use crate::session::{PassInput, PassOutput};
use crate::team::{Command, Lead, Place, Seat, TeamError, n_own, own_parts, splits};

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
    /// Rows of a matrix in each pack of which a team's worker holds only its own.
    splits: Rc<[Option<usize>]>,
    /// Rows written so far of the pack that is being loaded.
    written_rows: usize,
    /// As the lead of a team: this session there.
    place: Option<Place>,
    /// What the last pass gave, until it is collected.
    output: Option<PassOutput>,
}

impl CpuExecutor {
    /// Zeroed memory for a plan.
    pub fn new(plan: &Plan, kernels: CpuKernels) -> Self {
        let scratch = (kernels == CpuKernels::Fast).then(fast::Scratch::default);
        Self::with(plan, scratch, vec![None; plan.packs.len()].into())
    }

    /// The lead's part of a team.
    ///
    /// # Errors
    /// Another worker does not answer.
    pub fn leading(plan: &Plan, lead: &Rc<Lead>) -> Result<Self, TeamError> {
        let place = Place::new(lead);
        let open = Command::Open {
            session: place.session(),
            options: plan.options,
            max_binding_bytes: plan.limits.max_binding_bytes,
        };
        place.tell(open, &[])?;
        Ok(Self {
            place: Some(place),
            ..Self::seated(plan, lead.seat())
        })
    }

    /// A worker's part of a team.
    pub(crate) fn seated(plan: &Plan, seat: Seat) -> Self {
        Self::with(plan, Some(fast::Scratch::seated(seat)), splits(plan).into())
    }

    fn with(plan: &Plan, scratch: Option<fast::Scratch>, splits: Rc<[Option<usize>]>) -> Self {
        let seat = scratch
            .as_ref()
            .map(|scratch| scratch.seat.clone())
            .unwrap_or_default();
        let weights = |(pack, split): (&WeightPack, &Option<usize>)| {
            let (rows, cols) = (pack.rows as usize, pack.cols as usize);
            let (rank, size) = seat.place();
            let weights = match split {
                None => Weights::new(pack.format, rows, cols),
                Some(matrix) => Weights::new_share(pack.format, n_own(rows, *matrix, rank, size), cols),
            };
            match scratch {
                Some(_) => weights.in_lanes(),
                None => weights,
            }
        };
        let words = plan.buffers.iter().map(|buffer| buffer.words() as usize);
        let packs = plan.packs.iter().zip(splits.iter()).map(weights);
        Self {
            memory: Memory::new(words, packs.collect()),
            scratch,
            splits,
            written_rows: 0,
            place: None,
            output: None,
        }
    }

    /// Which kernels run here.
    pub fn kernels(&self) -> CpuKernels {
        match self.scratch {
            Some(_) => CpuKernels::Fast,
            None => CpuKernels::Twins,
        }
    }

    /// Another with the same weights, and a copy of everything else. The plan's buffers begin with ours, and
    /// its steps beyond ours are not shared out: other workers of a team stay with their plan.
    ///
    /// # Errors
    /// Another worker of the team does not answer.
    pub fn fork(&self, plan: &Plan) -> Result<Self, TeamError> {
        let mut copy = self.fork_own(plan);
        if let Some(place) = &self.place {
            let own = Place::new(place.lead());
            let fork = Command::Fork {
                session: place.session(),
                copy: own.session(),
            };
            place.tell(fork, &[])?;
            copy.place = Some(own);
        }
        Ok(copy)
    }

    /// This worker's part of a copy.
    pub(crate) fn fork_own(&self, plan: &Plan) -> Self {
        let more = plan.buffers.iter().skip(self.memory.n_buffers());
        let scratch = |scratch: &fast::Scratch| fast::Scratch::seated(scratch.seat.clone());
        Self {
            memory: self.memory.fork(more.map(|buffer| buffer.words() as usize)),
            scratch: self.scratch.as_ref().map(scratch),
            splits: Rc::clone(&self.splits),
            written_rows: 0,
            place: None,
            output: None,
        }
    }

    /// Takes the next rows of a pack, and gives the other workers theirs.
    pub(crate) fn write_weights(&mut self, plan: &Plan, pack: PackId, rows: &[u8]) -> Result<(), TeamError> {
        let Some(place) = &self.place else {
            self.write_own(pack, rows);
            return Ok(());
        };
        let Some(matrix) = self.splits[pack.0] else {
            place.send(pack, None, rows)?;
            self.write_own(pack, rows);
            return Ok(());
        };
        let row_bytes = (plan.packs[pack.0].row_bytes() as usize).max(1);
        let first = self.written_rows;
        let range = first..first + rows.len() / row_bytes;
        let size = place.lead().size();
        let part_of = |rank: usize| {
            let parts = own_parts(range.clone(), matrix, rank, size);
            parts.flat_map(|part| &rows[(part.start - first) * row_bytes..(part.end - first) * row_bytes])
        };
        for rank in 1..size {
            let part: Vec<u8> = part_of(rank).copied().collect();
            place.send(pack, Some(rank), &part)?;
        }
        let own: Vec<u8> = part_of(0).copied().collect();
        self.written_rows = range.end;
        self.write_own(pack, &own);
        Ok(())
    }

    /// Takes the next rows of what this worker holds of a pack.
    pub(crate) fn write_own(&mut self, pack: PackId, rows: &[u8]) {
        if let Some(weights) = self.memory.weights_mut(pack) {
            weights.extend(rows);
        }
    }

    pub(crate) fn finish_weights(&mut self, plan: &Plan, pack: PackId) -> Result<(), TeamError> {
        self.written_rows = 0;
        self.finish_own(plan, pack);
        let Some(place) = &self.place else { return Ok(()) };
        let session = place.session();
        place.tell(Command::Finish { session, pack }, &[])
    }

    pub(crate) fn finish_own(&mut self, plan: &Plan, pack: PackId) {
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
    ///
    /// # Errors
    /// Another worker of the team does not answer.
    pub fn submit(&mut self, plan: &Plan, input: &PassInput<'_>) -> Result<(), TeamError> {
        self.output = Some(self.run(plan, input)?);
        Ok(())
    }

    /// What the last pass gave.
    pub fn collect(&mut self) -> PassOutput {
        self.output.take().unwrap_or_default()
    }

    /// Forgets it.
    pub fn discard(&mut self) {
        self.output = None;
    }

    fn run(&mut self, plan: &Plan, input: &PassInput<'_>) -> Result<PassOutput, TeamError> {
        let started = Clock::start();
        self.feed(plan, input)?;
        let step_micros = self.run_steps(plan, input.batch);
        let mut group_micros = [0.0; 5];
        for ((_, step), micros) in plan.active_steps(input.batch).zip(&step_micros) {
            group_micros[step.group as usize] += micros;
        }
        if let Some(place) = &self.place {
            place.check()?;
        }
        let (tokens, layers) = (input.batch.n_tokens as usize, plan.moe.layers.len());
        let chosen = tokens * layers * plan.moe.top_k as usize;
        let probs = tokens * layers * plan.moe.n_experts as usize;
        let logits = (input.batch.n_logits * plan.vocab) as usize;
        let ports = &plan.ports;
        Ok(PassOutput {
            logits: self.memory.f32(ports.logits)[..logits].to_vec(),
            ids: self.memory.u32(ports.ids)[..chosen].to_vec(),
            expert_weights: self.memory.f32(ports.expert_weights)[..chosen].to_vec(),
            probs: self.memory.f32(ports.probs)[..probs].to_vec(),
            chosen: input.draw.map(|_| self.memory.u32(ports.chosen)[0]),
            wall_micros: started.micros(),
            group_micros: Some(group_micros),
            dispatches: step_micros.len() as u32,
            step_micros: plan.taps.as_ref().map(|_| step_micros),
        })
    }

    /// Writes what a pass is about, here and to the other workers.
    fn feed(&mut self, plan: &Plan, input: &PassInput<'_>) -> Result<(), TeamError> {
        let ports = &plan.ports;
        let chosen_before = [self.memory.u32(ports.chosen)[0]];
        self.write_buffer(ports.tokens, input.tokens.unwrap_or(&chosen_before));
        if let Some(draw) = &input.draw {
            self.write_buffer(ports.draw, bytemuck::cast_slice(bytemuck::bytes_of(draw)));
        }
        for ((_, buffer), table) in ports.ropes.iter().zip(&input.ropes) {
            self.write_buffer(*buffer, bytemuck::cast_slice(table));
        }
        let Some(place) = &self.place else { return Ok(()) };
        let mut words = Vec::new();
        for (buffer, length) in inputs(plan, input.batch) {
            words.extend(&self.memory.u32(buffer)[..length]);
        }
        let run = Command::Run {
            session: place.session(),
            batch: input.batch,
            words: words.len() as u32,
        };
        place.tell(run, &words)
    }

    /// The same as a worker was told it.
    pub(crate) fn feed_words(&mut self, plan: &Plan, batch: Batch, mut words: &[u32]) {
        for (buffer, length) in inputs(plan, batch) {
            let (own, rest) = words.split_at(length.min(words.len()));
            self.write_buffer(buffer, own);
            words = rest;
        }
    }

    /// Microseconds of each active step.
    pub(crate) fn run_steps(&mut self, plan: &Plan, batch: Batch) -> Vec<f64> {
        let mut step_micros = Vec::with_capacity(plan.steps.len());
        for (_, step) in plan.active_steps(batch) {
            let started = Clock::start();
            match &mut self.scratch {
                Some(scratch) => step.kernel.run_fast(&self.memory, batch, scratch),
                None => step.kernel.run_cpu(&self.memory, batch),
            }
            step_micros.push(started.micros());
        }
        step_micros
    }
}

/// The buffers a pass is fed through, and how many words of each it needs.
fn inputs(plan: &Plan, batch: Batch) -> impl Iterator<Item = (BufferId, usize)> {
    let ports = &plan.ports;
    let row_words = |id: BufferId| plan.buffers[id.0].row_words as usize;
    let per_token = move |id: BufferId| (id, batch.n_tokens as usize * row_words(id));
    let draw = (ports.draw, plan.buffers[ports.draw.0].words() as usize);
    let ropes = ports.ropes.iter().map(move |(_, rope)| per_token(*rope));
    [per_token(ports.tokens), draw].into_iter().chain(ropes)
}
