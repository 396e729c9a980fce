//! A model at work: runs passes on an executor, owns the KV cache and the positions in it.
//!
//! A session knows tokens, not text, and nothing of a screen.

mod bandwidth;
mod examine;
mod executor;
mod kv_format;

use std::collections::VecDeque;
use std::rc::Rc;

pub(crate) use bandwidth::read_rate;
pub use examine::{Examination, ExaminedStep};
pub use executor::{Device, Executor, ExecutorKind, PassInput, PassOutput};
pub use kv_format::KvFormat;

use crate::arch::Spec;
use crate::error::Error;
use crate::gguf::TensorInfo;
use crate::ids::TokenId;
use crate::kernels::attention::splits_of;
use crate::kernels::sample::Draw;
use crate::kernels::{Batch, Pass};
use crate::load::load_weights;
use crate::plan::{KvLayer, Limits, Plan, PlanOptions};
use crate::source::ByteSource;
use crate::trace::{KvTrace, Routing, StepCost, TokenTrace};

/// Positions reserved when the caller does not say: enough for a conversation, small for a GPU.
const DEFAULT_CONTEXT: u32 = 4096;
/// Tokens per prefill pass.
const DEFAULT_BATCH: u32 = 32;

/// What a session refuses to do.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(
        "the context is full: {capacity} positions are held and {wanted} more were asked for; start a new chat"
    )]
    ContextFull { capacity: u32, wanted: u32 },
    #[error("token {token} is not in the vocabulary of {vocab} entries")]
    UnknownToken { token: TokenId, vocab: u32 },
    #[error("nothing to compute: the prompt is empty")]
    Empty,
    #[error(
        "the model produced logits that are not numbers at position {position}; its weights may be damaged"
    )]
    NotFinite { position: u32 },
    #[error("position {position} cannot be examined: {held} positions are held")]
    NotHeld { position: u32, held: u32 },
    #[error("position {position} cannot be examined: some layers have let go of what it saw")]
    LetGo { position: u32 },
}

/// How a session is sized. Zero means the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionOptions {
    /// Positions the KV cache holds; by default the model's context, at most 4,096.
    pub context: u32,
    /// Tokens per prefill pass; by default 32.
    pub batch: u32,
    /// Rows of logits a pass can return; by default 1, the last token's.
    pub logit_rows: u32,
    /// How cache entries are stored.
    pub kv: KvFormat,
    /// Most bytes of one binding; by default what the device allows. WebGPU guarantees 128 MiB.
    pub max_binding_bytes: u64,
}

impl SessionOptions {
    /// The sizes of a plan for a model.
    fn plan_options(self, spec: &Spec) -> PlanOptions {
        let or = |value: u32, default: u32| if value == 0 { default } else { value };
        let context = or(self.context, DEFAULT_CONTEXT).min(spec.context_length);
        PlanOptions {
            context,
            batch: or(self.batch, DEFAULT_BATCH).min(context),
            logit_rows: or(self.logit_rows, 1),
            kv: self.kv,
        }
    }
}

/// Memory a session takes, counted before anything is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Weights as the GPU holds them.
    pub weight_bytes: u64,
    /// KV cache, and what stands for it in layers that have none.
    pub kv_bytes: u64,
    /// Buffers of a pass.
    pub buffer_bytes: u64,
    /// Positions of the KV cache.
    pub context: u32,
}

impl Needs {
    /// What a model would take on a device without limits.
    pub fn of(spec: &Spec, options: SessionOptions) -> Result<Self, Error> {
        let plan = Plan::build(spec, options.plan_options(spec), Limits::NONE)?;
        let all: u64 = plan.buffers.iter().map(|buffer| buffer.bytes()).sum();
        Ok(Self {
            weight_bytes: plan.packs.iter().map(|pack| pack.gpu_bytes()).sum(),
            kv_bytes: plan.kv_bytes(),
            buffer_bytes: all - plan.kv_bytes(),
            context: plan.options.context,
        })
    }
}

/// What one pass returned.
#[derive(Clone, Debug)]
pub struct Forward {
    /// `(rows wanted, vocab)`
    pub logits: Vec<f32>,
    /// One per token of the pass; none where the session is not traced.
    pub traces: Vec<TokenTrace>,
    /// The next token, where the device was to choose it.
    pub chosen: Option<TokenId>,
}

/// The tokens of a pass.
#[derive(Clone, Copy, Debug)]
pub enum Feed<'a> {
    Tokens(&'a [TokenId]),
    /// The one that the pass before chose on the device.
    Chosen,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    plan: Rc<Plan>,
    executor: Executor,
    /// The tokens whose keys and values the cache holds.
    tokens: Vec<TokenId>,
    /// Positions ever written since the cache was empty.
    written: u32,
    /// Passes submitted and not collected, the oldest first; their tokens, where they are known.
    under_way: VecDeque<(Batch, Option<Vec<TokenId>>)>,
    /// What the last pass collected chose.
    chosen: Option<TokenId>,
    /// Most passes to have under way.
    most_under_way: usize,
    /// Passes are traced.
    is_traced: bool,
    moe_layers: Rc<[u32]>,
    /// What divides the speed of each rotating pair; empty: nothing.
    rope_factors: Vec<f32>,
}

impl Session {
    /// Plans the model for the device and loads its weights.
    pub async fn open(
        spec: &Spec,
        source: &impl ByteSource,
        device: &Device,
        options: SessionOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, Error> {
        let plan_options = options.plan_options(spec);
        let mut limits = device.limits();
        if options.max_binding_bytes > 0 {
            limits.max_binding_bytes = limits.max_binding_bytes.min(options.max_binding_bytes);
        }
        let plan = Plan::build(spec, plan_options, limits)?;
        let mut executor = Executor::new(device, &plan).await?;
        load_weights(&plan, source, &mut executor, progress).await?;
        executor.settle().await?;
        let rope_factors = match spec.rope_factors.of(plan.options.context) {
            Some(tensor) => read_floats(source, tensor).await?,
            None => Vec::new(),
        };
        let moe_layers = plan.moe.layers.as_slice().into();
        Ok(Self {
            plan: Rc::new(plan),
            most_under_way: executor.most_under_way(),
            is_traced: true,
            executor,
            tokens: Vec::new(),
            written: 0,
            under_way: VecDeque::new(),
            chosen: None,
            moe_layers,
            rope_factors,
        })
    }

    /// Another session of the same model that goes on from the same tokens. Weights and pipelines are
    /// shared, the KV cache is copied.
    pub async fn fork(&self) -> Result<Self, Error> {
        Ok(Self {
            plan: Rc::clone(&self.plan),
            executor: self.executor.fork(&self.plan).await?,
            tokens: self.tokens.clone(),
            written: self.written,
            under_way: VecDeque::new(),
            chosen: None,
            most_under_way: self.most_under_way,
            is_traced: self.is_traced,
            moe_layers: Rc::clone(&self.moe_layers),
            rope_factors: self.rope_factors.clone(),
        })
    }

    /// The plan it runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The tokens the cache holds.
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    /// Positions held.
    pub fn position(&self) -> u32 {
        self.tokens.len() as u32
    }

    /// Positions reserved.
    pub fn capacity(&self) -> u32 {
        self.plan.options.context
    }

    /// Forgets every position from `position` on. Layers that hold only what a token sees may have
    /// lost what comes before it; then everything is forgotten. Returns the positions kept.
    pub fn truncate(&mut self, position: u32) -> u32 {
        self.discard();
        let is_held = |layer: &KvLayer| layer.holds_what_is_seen_from(position, self.written);
        if position >= self.position() || self.plan.kv_layers.iter().all(is_held) {
            self.tokens.truncate(position as usize);
        } else {
            self.tokens.clear();
        }
        if self.tokens.is_empty() {
            self.written = 0;
        }
        self.position()
    }

    /// Keeps the longest beginning that the cache and `tokens` share, short of all of `tokens`:
    /// the last one must be computed for its logits. Returns the positions kept.
    pub fn keep_prefix(&mut self, tokens: &[TokenId]) -> u32 {
        let shared = self
            .tokens
            .iter()
            .zip(tokens)
            .take_while(|(held, wanted)| held == wanted)
            .count();
        self.truncate(shared.min(tokens.len().saturating_sub(1)) as u32)
    }

    /// Most tokens one [`Session::forward`] takes.
    pub fn batch_tokens(&self) -> usize {
        self.plan.options.batch as usize
    }

    /// Runs `tokens` (at most a batch) through the model after what the cache holds, and returns
    /// logits for the last `logit_rows` of them. Passes under way are discarded first.
    pub async fn forward(&mut self, tokens: &[TokenId], logit_rows: u32) -> Result<Forward, Error> {
        self.discard();
        self.submit(Feed::Tokens(tokens), logit_rows, None)?;
        self.collect().await
    }

    /// How many passes are worth having under way at a time.
    pub fn most_under_way(&self) -> usize {
        self.most_under_way
    }

    /// Changes it, up to what the device is good for; 1 waits for every pass.
    pub fn set_most_under_way(&mut self, passes: usize) {
        self.most_under_way = passes.clamp(1, self.executor.most_under_way());
    }

    /// Whether passes give traces, which they do until told otherwise. Those under way are discarded.
    pub fn set_traced(&mut self, is_traced: bool) {
        self.discard();
        self.is_traced = is_traced;
    }

    /// How many there are.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Positions held once those under way are collected.
    pub fn position_ahead(&self) -> u32 {
        self.under_way
            .back()
            .map_or(self.position(), |(batch, _)| batch.start + batch.n_tokens)
    }

    /// Starts a pass after those under way. `draw`: how to choose the next token, which
    /// needs logits.
    pub fn submit(&mut self, feed: Feed<'_>, logit_rows: u32, draw: Option<Draw>) -> Result<(), Error> {
        let tokens = match feed {
            Feed::Tokens(tokens) => Some(tokens),
            Feed::Chosen => None,
        };
        let n_draws = u32::from(draw.is_some());
        let batch = Batch {
            n_draws,
            ..self.batch_of(feed, logit_rows)?
        };
        let positions = batch.start..batch.start + batch.n_tokens;
        let ropes = self
            .plan
            .ports
            .ropes
            .iter()
            .map(|(rope, _)| rope.table(positions.clone(), &self.rope_factors))
            .collect();
        let input = PassInput {
            batch,
            tokens,
            ropes,
            draw,
            is_traced: self.is_traced,
        };
        self.executor.submit(&self.plan, &input)?;
        self.under_way.push_back((batch, tokens.map(<[TokenId]>::to_vec)));
        self.written = self.written.max(positions.end);
        Ok(())
    }

    /// Waits for the oldest pass under way. Where it fails, those after it are discarded.
    pub async fn collect(&mut self) -> Result<Forward, Error> {
        let collected = self.collect_oldest().await;
        if collected.is_err() {
            self.discard();
        }
        let (batch, output) = collected?;
        let traces = match self.is_traced {
            true => self.traces(batch, &output),
            false => Vec::new(),
        };
        Ok(Forward {
            logits: output.logits,
            traces,
            chosen: output.chosen,
        })
    }

    async fn collect_oldest(&mut self) -> Result<(Batch, PassOutput), Error> {
        let (batch, tokens) = self.under_way.pop_front().ok_or(SessionError::Empty)?;
        let tokens = tokens.unwrap_or_else(|| self.chosen.into_iter().collect());
        let output = self.executor.collect(&self.plan).await?;
        if output.logits.iter().any(|logit| !logit.is_finite()) {
            return Err(SessionError::NotFinite {
                position: batch.start + batch.n_tokens - 1,
            }
            .into());
        }
        self.tokens.extend_from_slice(&tokens);
        self.chosen = output.chosen;
        Ok((batch, output))
    }

    /// Forgets the passes under way, as if they had not been submitted.
    pub fn discard(&mut self) {
        if !self.under_way.is_empty() {
            self.under_way.clear();
            self.executor.discard();
        }
    }

    fn batch_of(&self, feed: Feed<'_>, logit_rows: u32) -> Result<Batch, SessionError> {
        let (tokens, n_tokens) = match feed {
            Feed::Tokens(tokens) => (tokens, tokens.len() as u32),
            Feed::Chosen => (&[][..], 1),
        };
        let start = self.position_ahead();
        if n_tokens == 0 {
            return Err(SessionError::Empty);
        }
        if n_tokens > self.capacity() - start || n_tokens > self.plan.options.batch {
            return Err(SessionError::ContextFull {
                capacity: self.capacity(),
                wanted: n_tokens,
            });
        }
        if let Some(token) = tokens.iter().find(|token| **token >= self.plan.vocab) {
            return Err(SessionError::UnknownToken {
                token: *token,
                vocab: self.plan.vocab,
            });
        }
        let n_logits = logit_rows.min(n_tokens).min(self.plan.options.logit_rows);
        Ok(Batch {
            n_tokens,
            start,
            logits_from: n_tokens - n_logits,
            n_logits,
            n_draws: 0,
            n_splits: match n_tokens {
                1 if self.executor.shares_out_caches() => splits_of(start + 1),
                _ => 1,
            },
            by_expert: u32::from(n_tokens > 1 && self.sorts_uses(n_tokens)),
        })
    }

    fn sorts_uses(&self, n_tokens: u32) -> bool {
        let moe = &self.plan.moe;
        self.executor.sorts_uses(n_tokens * moe.top_k, moe.n_experts)
    }

    fn traces(&self, batch: Batch, output: &PassOutput) -> Vec<TokenTrace> {
        let distinct_experts = self.distinct_experts(batch, &output.ids);
        let cost = Rc::new(StepCost {
            batch_tokens: batch.n_tokens,
            wall_micros: output.wall_micros,
            group_micros: output.group_micros,
            groups: self.plan.work(Pass {
                batch,
                distinct_experts: &distinct_experts,
            }),
            dispatches: output.dispatches,
        });
        let trace = |token: u32| TokenTrace {
            position: batch.start + token,
            routing: self.routing(token as usize, output),
            kv: self.kv_trace(batch.start + token),
            cost: cost.clone(),
        };
        (0..batch.n_tokens).map(trace).collect()
    }

    /// How many different experts each MoE layer used over the batch.
    fn distinct_experts(&self, batch: Batch, ids: &[u32]) -> Vec<u32> {
        let (layers, k) = (self.moe_layers.len(), self.plan.moe.top_k as usize);
        let count = |layer: usize| {
            let mut used = vec![false; self.plan.moe.n_experts as usize];
            for token in 0..batch.n_tokens as usize {
                let slot = (token * layers + layer) * k;
                ids[slot..slot + k]
                    .iter()
                    .for_each(|id| used[*id as usize] = true);
            }
            used.iter().filter(|used| **used).count() as u32
        };
        (0..layers).map(count).collect()
    }

    fn routing(&self, token: usize, output: &PassOutput) -> Routing {
        let (layers, moe) = (self.moe_layers.len(), &self.plan.moe);
        let chosen = layers * moe.top_k as usize;
        let probs = layers * moe.n_experts as usize;
        Routing {
            layers: self.moe_layers.clone(),
            n_experts: moe.n_experts,
            top_k: moe.top_k,
            ids: output.ids[token * chosen..][..chosen]
                .iter()
                .map(|id| *id as u16)
                .collect(),
            weights: output.expert_weights[token * chosen..][..chosen].to_vec(),
            probs: output.probs[token * probs..][..probs].to_vec(),
        }
    }

    /// The cache once `position` has been written.
    fn kv_trace(&self, position: u32) -> KvTrace {
        let positions = position + 1;
        let layers = &self.plan.kv_layers;
        let bytes = |layer: &KvLayer, rows: u32| layer.bytes_per_position * u64::from(positions.min(rows));
        KvTrace {
            positions,
            capacity: self.capacity(),
            held_bytes: layers.iter().map(|layer| bytes(layer, layer.rows)).collect(),
            read_bytes: layers.iter().map(|layer| bytes(layer, layer.reach)).collect(),
            reserved_bytes: self.plan.kv_bytes(),
            bytes_per_position: layers
                .iter()
                .filter(|layer| positions < layer.rows || layer.rows == self.capacity())
                .map(|layer| layer.bytes_per_position)
                .sum(),
        }
    }
}

/// A small tensor, decoded here.
async fn read_floats(source: &impl ByteSource, tensor: &TensorInfo) -> Result<Vec<f32>, Error> {
    let bytes = source.read(tensor.range.clone()).await?;
    let mut floats = vec![0.0; tensor.elements() as usize];
    tensor.format.to_f32(&bytes, &mut floats);
    Ok(floats)
}
