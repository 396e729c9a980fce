//! One answer: prompt, passes, tokens, end; cancelled between two tokens.

use moescope_engine::chat::channels::Channels;
use moescope_engine::chat::shown;
use moescope_engine::generate::{Finish, Generated, Generation, GenerationOptions, Outcome, Step};
use moescope_engine::sampler::SamplerOptions;
use moescope_engine::trace::{StepCost, StepGroup, TokenTrace};
use moescope_engine::utf8::Utf8Decoder;
use moescope_engine::{Error, TokenId};

use super::cancel::Cancelled;
use super::chat::{Chat, Prompt, piece};
use super::load::Loaded;
use super::post::Post;
use crate::pause::Pauses;
use crate::protocol::{
    self, Event, GenerateOptions, GroupCost, Likely, Pass, Piece, PieceKind, Sampling, Told,
};

/// Why there is no answer.
enum NoAnswer {
    TooLong { tokens: usize, capacity: u32 },
    NoBranch,
    Engine(Error),
}

impl From<Error> for NoAnswer {
    fn from(err: Error) -> Self {
        Self::Engine(err)
    }
}

impl From<NoAnswer> for Told {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::TooLong { tokens, capacity } => Self::TooLong {
                tokens: tokens as u64,
                capacity: u64::from(capacity),
            },
            NoAnswer::NoBranch => Self::NoBranch,
            NoAnswer::Engine(err) => Self::NoAnswer(err.to_string()),
        }
    }
}

/// Answers a prompt and tells how it went.
pub async fn generate(
    generation_id: u32,
    prompt: String,
    options: GenerateOptions,
    loaded: Option<&mut Loaded>,
    cancelled: &Cancelled,
    post: &Post,
) {
    let Some(loaded) = loaded else {
        let reason = Told::NoModel;
        return post.events(vec![Event::GenerationFailed {
            generation_id,
            reason,
        }]);
    };
    let mut run = Run {
        generation_id,
        loaded,
        cancelled,
        post,
    };
    if let Err(why) = run.answer(&prompt, &options).await {
        let reason = why.into();
        post.events(vec![Event::GenerationFailed {
            generation_id,
            reason,
        }]);
    }
}

/// The beginning of an answer that goes on.
struct Answered {
    pieces: Vec<Piece>,
    channels: Channels,
}

struct Run<'a> {
    generation_id: u32,
    loaded: &'a mut Loaded,
    cancelled: &'a Cancelled,
    post: &'a Post,
}

impl Run<'_> {
    async fn answer(&mut self, typed: &str, options: &GenerateOptions) -> Result<(), NoAnswer> {
        let fresh = options.fresh || options.raw;
        let (nothing_said, model) = (Chat::default(), &self.loaded.model);
        let replaced = options.replaces.filter(|_| !fresh);
        let replaced = replaced.map(|generation_id| self.loaded.chat.before(generation_id));
        let chat = match &replaced {
            _ if fresh => &nothing_said,
            Some(before) => before,
            None => &self.loaded.chat,
        };
        let mut prompt = match options.branch {
            Some(branch) => {
                let from = options.replaces;
                let branched = from.and_then(|from| self.loaded.chat.branch(model, from, branch));
                branched.ok_or(NoAnswer::NoBranch)?
            }
            _ if options.raw => chat.raw(model, typed)?,
            _ => chat.prompt(model, typed)?,
        };
        let answered = self.answered(&prompt);
        prompt.pieces.extend(answered.pieces.last().cloned());
        let (tokens, capacity) = (prompt.tokens.len(), self.loaded.session.capacity());
        if tokens > capacity as usize {
            return Err(NoAnswer::TooLong { tokens, capacity });
        }
        let options_of_engine = engine_options(options);
        let mut generation =
            Generation::start(&mut self.loaded.session, prompt.tokens.clone(), options_of_engine)?;
        if fresh {
            self.loaded.chat.clear();
        }
        if let Some(before) = replaced {
            self.loaded.chat = before;
        }
        if let Some(note) = &prompt.note {
            let told = Told::OddTemplate(note.clone());
            self.post.events(vec![Event::Notice { told }]);
        }
        self.post.events(vec![Event::Started {
            generation_id: self.generation_id,
            fresh,
            seed: options.sampling.seed,
            reused: generation.reused(),
            first_position: prompt.first_position,
            pieces: prompt.pieces.clone(),
        }]);
        self.steps(&mut generation, prompt, answered).await
    }

    /// What an answer that goes on had said.
    fn answered(&self, prompt: &Prompt) -> Answered {
        let tokenizer = &self.loaded.model.tokenizer;
        let (mut channels, mut text) = (Channels::after(&prompt.text), Utf8Decoder::new());
        let tokens = prompt.answered.iter();
        let pieces = tokens.map(|&token| {
            let text = text.push(tokenizer.piece_bytes(token));
            piece(shown::sampled(tokenizer, token, &text, &mut channels))
        });
        let pieces = pieces.collect();
        Answered { pieces, channels }
    }

    fn likeliest(&self, token: &Generated) -> Vec<Likely> {
        let tokenizer = &self.loaded.model.tokenizer;
        let likely = |&(token, prob): &(TokenId, f32)| Likely {
            token,
            text: String::from_utf8_lossy(tokenizer.token_bytes(token)).into_owned(),
            prob,
        };
        token.prediction.likeliest.iter().map(likely).collect()
    }

    async fn steps(
        &mut self,
        generation: &mut Generation,
        prompt: Prompt,
        answered: Answered,
    ) -> Result<(), NoAnswer> {
        let generation_id = self.generation_id;
        let Answered { pieces, mut channels } = answered;
        let said = pieces.iter().filter(|piece| piece.kind == PieceKind::Said);
        let mut answer: String = said.map(|piece| piece.text.as_str()).collect();
        let mut has_reasoning = pieces.iter().any(|piece| piece.kind == PieceKind::Reasoned);
        let mut pauses = Pauses::default();
        let finish = loop {
            pauses.when_due().await;
            if self.cancelled.is_generation(generation_id) {
                break protocol::Finish::Cancelled;
            }
            let Step { traces, outcome } = generation
                .step(&self.loaded.model.tokenizer, &mut self.loaded.session)
                .await?;
            let mut events = Vec::with_capacity(2);
            events.extend(pass(&traces).map(|pass| Event::Pass { generation_id, pass }));
            let finish = match outcome {
                Outcome::Prefilling { done, total } => {
                    events.push(Event::Prefilling {
                        generation_id,
                        done,
                        total,
                    });
                    None
                }
                Outcome::Token(token) => {
                    let tokenizer = &self.loaded.model.tokenizer;
                    let piece = piece(shown::sampled(tokenizer, token.token, &token.text, &mut channels));
                    match piece.kind {
                        PieceKind::Said => answer.push_str(&piece.text),
                        PieceKind::Reasoned => has_reasoning = true,
                        PieceKind::Template => {}
                    }
                    events.push(Event::Token {
                        generation_id,
                        position: token.position,
                        piece,
                        prob: token.prob,
                        entropy_bits: token.prediction.entropy_bits,
                        likeliest: self.likeliest(&token),
                    });
                    None
                }
                Outcome::Finished(finish) => Some(finish),
            };
            self.post.events(events);
            if let Some(finish) = finish {
                break of_engine(finish);
            }
        };
        let chat = &mut self.loaded.chat;
        let sequence = generation.sequence();
        chat.keep(generation_id, prompt, sequence, &answer, has_reasoning);
        self.post.events(vec![Event::Finished {
            generation_id,
            finish,
        }]);
        Ok(())
    }
}

/// How the engine's end is told.
fn of_engine(finish: Finish) -> protocol::Finish {
    match finish {
        Finish::Stop => protocol::Finish::Stop,
        Finish::MaxTokens => protocol::Finish::MaxTokens,
        Finish::ContextFull => protocol::Finish::ContextFull,
    }
}

fn engine_options(options: &GenerateOptions) -> GenerationOptions {
    let Sampling {
        seed,
        temperature,
        top_k,
        top_p,
        min_p,
        repetition_penalty,
        max_tokens,
    } = options.sampling;
    GenerationOptions {
        sampler: SamplerOptions {
            seed,
            temperature,
            top_k,
            top_p,
            min_p,
            repetition_penalty,
            ..SamplerOptions::default()
        },
        max_tokens,
        ignore_eos: options.ignore_eos,
        cache_prompt: options.cache_prompt,
    }
}

/// The traces of one forward pass as one message.
fn pass(traces: &[TokenTrace]) -> Option<Pass> {
    let (first, last) = (traces.first()?, traces.last()?);
    Some(Pass {
        first_position: first.position,
        positions: traces.len() as u32,
        ids: traces
            .iter()
            .flat_map(|trace| &trace.routing.ids)
            .copied()
            .collect(),
        weights: traces
            .iter()
            .flat_map(|trace| &trace.routing.weights)
            .copied()
            .collect(),
        probs: traces
            .iter()
            .flat_map(|trace| &trace.routing.probs)
            .copied()
            .collect(),
        kv_held_bytes: traces
            .iter()
            .flat_map(|trace| &trace.kv.held_bytes)
            .copied()
            .collect(),
        kv_read_bytes: traces
            .iter()
            .flat_map(|trace| &trace.kv.read_bytes)
            .copied()
            .collect(),
        kv_capacity: last.kv.capacity,
        kv_reserved_bytes: last.kv.reserved_bytes,
        kv_bytes_per_position: last.kv.bytes_per_position,
        batch_tokens: first.cost.batch_tokens,
        wall_micros: first.cost.wall_micros,
        dispatches: first.cost.dispatches,
        groups: groups(&first.cost),
        ..Pass::default()
    })
}

fn groups(cost: &StepCost) -> Vec<GroupCost> {
    let group = |(at, group): (usize, StepGroup)| {
        let work = cost.groups[at];
        GroupCost {
            name: group.name().into(),
            micros: cost.group_micros.map(|micros| micros[at]),
            weight_bytes: work.weight_bytes,
            kv_read_bytes: work.kv_read_bytes,
            kv_write_bytes: work.kv_write_bytes,
            operations: work.operations,
        }
    };
    StepGroup::ALL.into_iter().enumerate().map(group).collect()
}
