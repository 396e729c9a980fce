//! A conversation as a run: every generation there was, also those whose prompt was written anew later.

use std::rc::Rc;

use moescope_run_file::{Branch, Generation, Info, KIND_REASONED, KIND_SAID, KIND_TEMPLATE, Run, f16};

use super::{FINISHES, examined, facts};
use crate::protocol::{Examined, Pass};
use crate::state::{Conversation, Mark, MarkKind, Model, Role, Row, Turn};

/// What is not in the conversation itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub title: String,
    /// RFC 3339.
    pub date: String,
    /// Empty: this page.
    pub recorder: String,
    /// Of the model's file, where it is known.
    pub sha256: Option<String>,
    /// Leave the routers' whole distributions out: nine tenths of a large run.
    pub without_distributions: bool,
    /// Tokens that were looked at closely, in the order of their positions.
    pub examined: Vec<Rc<Examined>>,
}

/// The run of a conversation.
pub fn run(model: &Model, conversation: &Conversation, about: &About) -> Run {
    let mut writing = Writing::new(model, conversation, about);
    while writing.step() {}
    writing.finish()
}

/// A run as it is written, step by step: a long one takes more than a frame.
pub struct Writing<'a> {
    writer: Writer<'a>,
    examined: &'a [Rc<Examined>],
    left: std::vec::IntoIter<Step<'a>>,
}

/// What is written without a stop.
enum Step<'a> {
    /// What a generation was asked, and its tokens.
    Generation(&'a Turn, &'a Turn),
    Passes(&'a [Rc<Pass>]),
}

/// Passes of one step.
const PASSES: usize = 16;

impl<'a> Writing<'a> {
    pub fn new(model: &'a Model, conversation: &'a Conversation, about: &'a About) -> Self {
        let generations = generations(conversation);
        let steps = generations.iter().flat_map(|(prompt, answer)| {
            let passes = answer.passes.chunks(PASSES).map(Step::Passes);
            [Step::Generation(prompt, answer)].into_iter().chain(passes)
        });
        let mut writer = Writer {
            run: Run {
                info: info(model, &generations, about),
                ..Run::default()
            },
            ids: generations
                .iter()
                .map(|(prompt, _)| prompt.generation_id)
                .collect(),
            conversation,
            model,
            with_distributions: !about.without_distributions,
        };
        writer.make_room(&generations);
        Self {
            left: steps.collect::<Vec<_>>().into_iter(),
            writer,
            examined: &about.examined,
        }
    }

    /// Writes a little; false once all is written.
    pub fn step(&mut self) -> bool {
        match self.left.next() {
            Some(Step::Generation(prompt, answer)) => self.writer.generation(prompt, answer),
            Some(Step::Passes(passes)) => passes.iter().for_each(|pass| self.writer.pass(pass)),
            None => return false,
        }
        true
    }

    /// What was written.
    pub fn finish(mut self) -> Run {
        examined::write(&mut self.writer.run, self.examined);
        self.writer.finish()
    }
}

/// What a conversation is called that nobody has named: how it began.
pub fn title(conversation: &Conversation) -> String {
    const MOST_LETTERS: usize = 80;
    let first = conversation.turns.first();
    let asked = first.map(|turn| {
        turn.asked
            .as_ref()
            .map_or_else(|| turn.text(), |asked| asked.prompt.clone())
    });
    let asked = asked.unwrap_or_default();
    asked
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MOST_LETTERS)
        .collect()
}

/// Prompt and answer of every generation, in the order they were asked.
fn generations(conversation: &Conversation) -> Vec<(&Turn, &Turn)> {
    let replaced = conversation.replaced.iter().flat_map(|replaced| &replaced.turns);
    let mut turns: Vec<&Turn> = replaced.chain(&conversation.turns).collect();
    turns.sort_by_key(|turn| (turn.generation_id, turn.role == Role::Model));
    let (pairs, _) = turns.as_chunks::<2>();
    pairs.iter().map(|[prompt, answer]| (*prompt, *answer)).collect()
}

fn info(model: &Model, generations: &[(&Turn, &Turn)], about: &About) -> Info {
    let mut passes = generations.iter().flat_map(|(_, answer)| &answer.passes);
    Info {
        title: about.title.clone(),
        date: about.date.clone(),
        recorder: match about.recorder.as_str() {
            "" => concat!("moescope ", env!("CARGO_PKG_VERSION")).into(),
            other => other.into(),
        },
        model: moescope_run_file::Model {
            sha256: about.sha256.clone(),
            ..facts::model_to_file(model)
        },
        device: Some(facts::executor_to_file(&model.executor)),
        groups: passes
            .next()
            .map(|pass| pass.groups.iter().map(|group| group.name.clone()).collect())
            .unwrap_or_default(),
        ..Info::default()
    }
}

struct Writer<'a> {
    run: Run,
    conversation: &'a Conversation,
    model: &'a Model,
    /// Of the generations, in order.
    ids: Vec<u32>,
    with_distributions: bool,
}

impl Writer<'_> {
    /// For the columns that are by far the largest: growing them would copy them again and again.
    fn make_room(&mut self, generations: &[(&Turn, &Turn)]) {
        let passes = generations.iter().flat_map(|(_, answer)| &answer.passes);
        let (mut chosen, mut positions) = (0, 0);
        for pass in passes {
            chosen += pass.ids.len();
            positions += pass.positions as usize;
        }
        let facts = &self.model.facts;
        let rows = &mut self.run.rows;
        rows.expert_ids.reserve_exact(chosen);
        rows.expert_weights.reserve_exact(chosen);
        if self.with_distributions {
            let slots = facts.moe_layers.len() * facts.n_experts as usize;
            rows.router_probs.reserve_exact(positions * slots);
        }
    }

    fn generation(&mut self, prompt: &Turn, answer: &Turn) {
        prompt
            .marks()
            .chain(answer.marks())
            .for_each(|mark| self.token(mark));
        let asked = prompt.asked.as_deref();
        let options = asked.map(|asked| &asked.options);
        let replaces = options.and_then(|options| options.replaces);
        let sampling = options.map(|options| facts::sampling_to_file(&options.sampling));
        let name = |finish| FINISHES.iter().find(|(known, _)| *known == finish);
        self.run.info.generations.push(Generation {
            prompt: asked.map(|asked| asked.prompt.clone()),
            sampling: moescope_run_file::Sampling {
                seed: answer.seed,
                ..sampling.unwrap_or_default()
            },
            raw: options.is_some_and(|options| options.raw),
            // A conversation is of one piece: what was before its beginning is not in it.
            fresh: self.run.info.generations.is_empty(),
            replaces: replaces.and_then(|own| Some(self.ids.iter().position(|id| *id == own)? as u32)),
            branch: options.and_then(|options| options.branch).map(|own| Branch {
                position: own.position,
                token: own.token,
            }),
            reused: answer.reused,
            first_position: answer.first_position,
            prompt_tokens: prompt.marks().count() as u32,
            sampled_tokens: answer.marks().count() as u32,
            passes: answer.passes.len() as u32,
            finish: answer.finish.and_then(name).map(|(_, name)| (*name).to_owned()),
        });
    }

    fn token(&mut self, mark: &Mark) {
        let tokens = &mut self.run.tokens;
        tokens.ids.push(mark.token);
        tokens.kinds.push(match mark.kind {
            MarkKind::Prompt | MarkKind::Generated => KIND_SAID,
            MarkKind::Reasoned => KIND_REASONED,
            MarkKind::Template => KIND_TEMPLATE,
        });
        tokens.texts.push(&mark.text);
        tokens.probs.push(mark.prob.unwrap_or(f32::NAN));
        tokens.entropy_bits.push(mark.prediction_bits.unwrap_or(f32::NAN));
        for likely in mark.likeliest.iter() {
            tokens.likely.ids.push(likely.token);
            tokens.likely.probs.push(likely.prob);
            tokens.likely.texts.push(&likely.text);
        }
        tokens.likely.offsets.push(tokens.likely.ids.len() as u32);
    }

    fn pass(&mut self, pass: &Rc<Pass>) {
        let (rows, passes) = (&mut self.run.rows, &mut self.run.passes);
        rows.positions
            .extend(pass.first_position..pass.first_position + pass.positions);
        rows.expert_ids.extend(&pass.ids);
        rows.expert_weights.extend(&pass.weights);
        rows.kv_held_bytes.extend(&pass.kv_held_bytes);
        rows.kv_read_bytes.extend(&pass.kv_read_bytes);
        passes.rows.push(pass.positions);
        passes.batch_tokens.push(pass.batch_tokens);
        passes.wall_micros.push(pass.wall_micros);
        passes.dispatches.push(pass.dispatches);
        passes.kv_capacity.push(pass.kv_capacity);
        passes.kv_reserved_bytes.push(pass.kv_reserved_bytes);
        passes.kv_bytes_per_position.push(pass.kv_bytes_per_position);
        for group in &pass.groups {
            passes.group_micros.push(group.micros.unwrap_or(f64::NAN));
            passes.group_weight_bytes.push(group.weight_bytes);
            passes.group_kv_read_bytes.push(group.kv_read_bytes);
            passes.group_kv_write_bytes.push(group.kv_write_bytes);
            passes.group_operations.push(group.operations);
        }
        for position in pass.first_position..pass.first_position + pass.positions {
            let row = self.conversation.row(position);
            // A position that was computed anew later keeps its choices, but not what its routers thought.
            self.routers(row.filter(|row| Rc::ptr_eq(&row.pass, pass)));
        }
    }

    fn routers(&mut self, row: Option<&Row>) {
        let (rows, facts) = (&mut self.run.rows, &self.model.facts);
        let layers = facts.moe_layers.len();
        match row.map(Row::routers).filter(|routers| routers.len() == layers) {
            Some(routers) => {
                let bits = routers.iter().map(|router| router.entropy_bits);
                rows.router_entropy_bits.extend(bits);
                let margins = routers.iter().map(|router| router.margin.unwrap_or(f32::NAN));
                rows.router_margins.extend(margins);
            }
            None => {
                rows.router_entropy_bits
                    .extend(std::iter::repeat_n(f32::NAN, layers));
                rows.router_margins.extend(std::iter::repeat_n(f32::NAN, layers));
            }
        }
        if self.with_distributions {
            let size = layers * facts.n_experts as usize;
            match row.and_then(Row::half_probs).filter(|probs| probs.len() == size) {
                Some(probs) => rows.router_probs.extend(probs),
                None => rows.router_probs.extend(std::iter::repeat_n(f16::NAN, size)),
            }
        }
    }

    /// Arrays of which nothing is known are left out.
    fn finish(mut self) -> Run {
        let rows = &mut self.run.rows;
        if rows.router_probs.iter().all(|prob| prob.is_nan()) {
            rows.router_probs.clear();
        }
        if rows.router_entropy_bits.iter().all(|bits| bits.is_nan()) {
            rows.router_entropy_bits.clear();
            rows.router_margins.clear();
        }
        self.run
    }
}
