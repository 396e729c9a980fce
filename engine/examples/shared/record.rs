//! A native run as a run file: what the page's worker would tell of it, in the same columns.

use std::io::Read;

use moescope_engine::chat::channels::Channels;
use moescope_engine::chat::clock;
use moescope_engine::chat::shown::{self, Part, Shown};
use moescope_engine::generate::{Finish, Generated, Generation};
use moescope_engine::kernels::{Form, Links, Shader};
use moescope_engine::sampler::SamplerOptions;
use moescope_engine::session::{Device, Examination, ExecutorKind, Session};
use moescope_engine::{Model, StepGroup, TokenTrace};
use moescope_run_file::{self as file, Info, KIND_REASONED, KIND_SAID, KIND_TEMPLATE, Run, f16, router};
use sha2::{Digest, Sha256};

use crate::cli;

/// What a recording is asked for.
pub struct Recorder {
    run: Run,
    channels: Channels,
}

/// What was asked, for the header.
pub struct Asked<'a> {
    pub typed: &'a str,
    /// As the template rendered it.
    pub rendered: &'a str,
    pub raw: bool,
    pub sampler: &'a SamplerOptions,
    pub max_tokens: u32,
}

impl Recorder {
    pub fn start(
        path: &str,
        model: &Model,
        session: &Session,
        device: &Device,
        generation: &Generation,
        asked: &Asked<'_>,
    ) -> cli::Result<Self> {
        let prompt = generation.sequence();
        let mut run = Run {
            info: Info {
                title: asked.typed.into(),
                date: clock::strftime("%Y-%m-%dT%H:%M:%SZ", clock::now()),
                recorder: concat!("moescope generate ", env!("CARGO_PKG_VERSION")).into(),
                model: facts(path, model, session)?,
                device: Some(file::Device {
                    executor: match device.kind() {
                        ExecutorKind::Cpu => "cpu".into(),
                        ExecutorKind::Gpu => "gpu".into(),
                    },
                    name: device.name(),
                    has_timestamps: true,
                    reason: "it was asked for natively".into(),
                    ..file::Device::default()
                }),
                groups: StepGroup::ALL.map(|group| group.name().into()).to_vec(),
                generations: vec![file::Generation {
                    prompt: Some(asked.typed.into()),
                    sampling: sampling(asked),
                    raw: asked.raw,
                    fresh: true,
                    reused: generation.reused(),
                    prompt_tokens: prompt.len() as u32,
                    ..file::Generation::default()
                }],
                ..Info::default()
            },
            ..Run::default()
        };
        for shown in shown::prompt(&model.tokenizer, prompt, asked.typed) {
            push_token(&mut run, &shown, None);
        }
        let channels = Channels::after(asked.rendered);
        Ok(Self { run, channels })
    }

    /// A pass was computed.
    pub fn pass(&mut self, traces: &[TokenTrace]) {
        let Some((first, last)) = traces.first().zip(traces.last()) else {
            return;
        };
        traces.iter().for_each(|trace| push_row(&mut self.run, trace));
        let (passes, cost) = (&mut self.run.passes, &first.cost);
        self.run.info.generations[0].passes += 1;
        passes.rows.push(traces.len() as u32);
        passes.batch_tokens.push(cost.batch_tokens);
        passes.wall_micros.push(cost.wall_micros);
        passes.dispatches.push(cost.dispatches);
        passes.kv_capacity.push(last.kv.capacity);
        passes.kv_reserved_bytes.push(last.kv.reserved_bytes);
        passes.kv_bytes_per_position.push(last.kv.bytes_per_position);
        for (at, work) in cost.groups.iter().enumerate() {
            passes
                .group_micros
                .push(cost.group_micros.map_or(f64::NAN, |micros| micros[at]));
            passes.group_weight_bytes.push(work.weight_bytes);
            passes.group_kv_read_bytes.push(work.kv_read_bytes);
            passes.group_kv_write_bytes.push(work.kv_write_bytes);
            passes.group_operations.push(work.operations);
        }
    }

    /// A token was sampled.
    pub fn token(&mut self, model: &Model, token: &Generated) {
        self.run.info.generations[0].sampled_tokens += 1;
        let shown = shown::sampled(&model.tokenizer, token.token, &token.text, &mut self.channels);
        push_token(&mut self.run, &shown, Some((model, token)));
    }

    /// A token was looked at closely; tokens come in the order of their positions.
    pub fn examined(&mut self, found: &Examination) {
        let (info, columns) = (&mut self.run.info, &mut self.run.examined);
        if columns.positions.is_empty() {
            (info.steps, info.kernels) = steps(found);
            info.attention_layers = found.attention.iter().map(|(layer, _)| layer.0).collect();
        }
        columns.positions.push(found.position);
        columns.runs.push(found.runs);
        columns.wall_micros.push(found.wall_micros);
        let mass = found.attention.iter().flat_map(|(_, mass)| mass);
        columns.attention.extend(mass);
        for step in &found.steps {
            columns.step_micros.push(step.micros.unwrap_or(f64::NAN));
            columns.step_weight_bytes.push(step.work.weight_bytes);
            columns.step_kv_read_bytes.push(step.work.kv_read_bytes);
            columns.step_kv_write_bytes.push(step.work.kv_write_bytes);
            columns.step_operations.push(step.work.operations);
        }
    }

    /// The whole run as bytes of a file.
    pub fn finish(mut self, finish: Finish) -> cli::Result<Vec<u8>> {
        let name = match finish {
            Finish::Stop => "stop",
            Finish::MaxTokens => "maxTokens",
            Finish::ContextFull => "contextFull",
        };
        self.run.info.generations[0].finish = Some(name.into());
        Ok(file::write(&self.run)?)
    }
}

/// The steps of a decode, and the kernels they run.
fn steps(found: &Examination) -> (Vec<file::Step>, Vec<file::Kernel>) {
    let mut linked: Vec<(&str, Links, Form)> = Vec::new();
    let steps = found.steps.iter().map(|step| {
        let key = (step.stem, step.links, step.form);
        let known = linked.iter().position(|known| *known == key);
        let kernel = known.unwrap_or_else(|| {
            linked.push(key);
            linked.len() - 1
        });
        file::Step {
            group: step.group.name().into(),
            layer: step.layer.map(|layer| layer.0),
            kernel: kernel as u32,
        }
    });
    let steps = steps.collect();
    let kernel = |(stem, links, form): (&str, Links, Form)| {
        let shader = Shader::of(stem)?;
        let files = shader.files(links, form).into_iter();
        Some(file::Kernel {
            stem: stem.into(),
            files: files.map(|file| file.path.into_owned()).collect(),
            twin: shader.twin_file().path.into_owned(),
        })
    };
    (steps, linked.into_iter().filter_map(kernel).collect())
}

fn push_token(run: &mut Run, shown: &Shown, sampled: Option<(&Model, &Generated)>) {
    let tokens = &mut run.tokens;
    tokens.ids.push(shown.token);
    tokens.kinds.push(match shown.part {
        Part::Said => KIND_SAID,
        Part::Reasoned => KIND_REASONED,
        Part::Template => KIND_TEMPLATE,
    });
    tokens.texts.push(&shown.text);
    let of = |value: fn(&Generated) -> f32| sampled.map_or(f32::NAN, |(_, token)| value(token));
    tokens.probs.push(of(|token| token.prob));
    tokens
        .entropy_bits
        .push(of(|token| token.prediction.entropy_bits));
    if let Some((model, token)) = sampled {
        for &(id, prob) in &token.prediction.likeliest {
            tokens.likely.ids.push(id);
            tokens.likely.probs.push(prob);
            let bytes = model.tokenizer.token_bytes(id);
            tokens.likely.texts.push(&String::from_utf8_lossy(bytes));
        }
    }
    tokens.likely.offsets.push(tokens.likely.ids.len() as u32);
}

fn push_row(run: &mut Run, trace: &TokenTrace) {
    let (rows, routing) = (&mut run.rows, &trace.routing);
    rows.positions.push(trace.position);
    rows.expert_ids.extend(&routing.ids);
    rows.expert_weights.extend(&routing.weights);
    rows.router_probs
        .extend(routing.probs.iter().map(|&prob| f16::from_f32(prob)));
    let (n_experts, top_k) = (routing.n_experts.max(1) as usize, routing.top_k.max(1) as usize);
    for (probs, ids) in routing.probs.chunks(n_experts).zip(routing.ids.chunks(top_k)) {
        rows.router_entropy_bits.push(router::entropy_bits(probs));
        rows.router_margins
            .push(router::margin(probs, ids).unwrap_or(f32::NAN));
    }
    rows.kv_held_bytes.extend(&trace.kv.held_bytes);
    rows.kv_read_bytes.extend(&trace.kv.read_bytes);
}

fn facts(path: &str, model: &Model, session: &Session) -> cli::Result<file::Model> {
    let (plan, spec) = (session.plan(), &model.spec);
    let origin = std::path::Path::new(path).file_name();
    Ok(file::Model {
        name: spec.name.clone(),
        architecture: spec.architecture.clone(),
        origin: origin
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        sha256: Some(sha256(path)?),
        licence: model.licence().map(str::to_owned),
        quantization: model.quantization(),
        file_bytes: model.gguf.file_bytes,
        parameters: model.gguf.tensors.iter().map(|tensor| tensor.elements()).sum(),
        active_parameters: spec.active_parameters(&model.gguf),
        n_layers: spec.n_layers,
        moe_layers: plan.moe.layers.clone(),
        n_experts: plan.moe.n_experts,
        top_k: plan.moe.top_k,
        d_model: spec.d_model,
        n_vocab: spec.vocab,
        context: session.capacity(),
        has_chat: model.has_chat(),
        kv_layers: plan
            .kv_layers
            .iter()
            .map(|layer| file::KvLayer {
                layer: layer.layer.0,
                kind: layer.name(),
                reserved_bytes: layer.reserved_bytes(),
            })
            .collect(),
    })
}

/// Of one file; of a split model, of the part that was named.
fn sha256(path: &str) -> cli::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&piece[..read]);
    }
}

fn sampling(asked: &Asked<'_>) -> file::Sampling {
    let sampler = asked.sampler;
    file::Sampling {
        seed: sampler.seed,
        temperature: sampler.temperature,
        top_k: sampler.top_k,
        top_p: sampler.top_p,
        min_p: sampler.min_p,
        repetition_penalty: sampler.repetition_penalty,
        max_tokens: asked.max_tokens,
    }
}
