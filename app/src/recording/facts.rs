//! Facts of model and executor, as the header of a run file has them.

use moescope_run_file as file;

use crate::protocol::{Executor, ExecutorFacts, KvLayerFacts, ModelFacts, Sampling, SizeFacts, Why};
use crate::state::Model;
use crate::words::Language;

pub fn model_to_file(model: &Model) -> file::Model {
    let facts = model.facts.clone();
    file::Model {
        name: facts.name,
        architecture: facts.architecture,
        origin: model.origin.clone(),
        sha256: None,
        licence: facts.licence,
        quantization: facts.quantization,
        file_bytes: facts.file_bytes,
        parameters: facts.parameters,
        active_parameters: facts.active_parameters,
        n_layers: facts.n_layers,
        moe_layers: facts.moe_layers,
        n_experts: facts.n_experts,
        top_k: facts.top_k,
        d_model: facts.d_model,
        n_vocab: facts.n_vocab,
        context: facts.context,
        has_chat: facts.has_chat,
        kv_layers: facts.kv_layers.into_iter().map(kv_to_file).collect(),
    }
}

fn kv_to_file(facts: KvLayerFacts) -> file::KvLayer {
    let KvLayerFacts {
        layer,
        kind,
        reserved_bytes,
    } = facts;
    file::KvLayer {
        layer,
        kind,
        reserved_bytes,
    }
}

pub fn model_from_file(info: &file::Info) -> Model {
    let facts = info.model.clone();
    Model {
        origin: facts.origin,
        executor: executor_from_file(info.device.as_ref()),
        facts: ModelFacts {
            name: facts.name,
            architecture: facts.architecture,
            file_bytes: facts.file_bytes,
            quantization: facts.quantization,
            licence: facts.licence,
            parameters: facts.parameters,
            active_parameters: facts.active_parameters,
            n_layers: facts.n_layers,
            moe_layers: facts.moe_layers,
            n_experts: facts.n_experts,
            top_k: facts.top_k,
            d_model: facts.d_model,
            n_vocab: facts.n_vocab,
            context: facts.context,
            has_chat: facts.has_chat,
            kv_layers: facts.kv_layers.into_iter().map(kv_from_file).collect(),
            // A run file does not tell parameters by role.
            sizes: SizeFacts::default(),
        },
    }
}

fn kv_from_file(told: file::KvLayer) -> KvLayerFacts {
    let file::KvLayer {
        layer,
        kind,
        reserved_bytes,
    } = told;
    KvLayerFacts {
        layer,
        kind,
        reserved_bytes,
    }
}

pub fn executor_to_file(facts: &ExecutorFacts) -> file::Device {
    file::Device {
        executor: match facts.executor {
            Executor::Gpu => "gpu".into(),
            Executor::Cpu => "cpu".into(),
        },
        name: facts.device.clone(),
        is_software: facts.is_software,
        has_timestamps: facts.has_timestamps,
        clock_micros: facts.clock_micros,
        wasm_bytes: facts.wasm_bytes,
        // A file is in one language.
        reason: (Language::ALL[0].words().worker.why)(&facts.reason),
    }
}

fn executor_from_file(device: Option<&file::Device>) -> ExecutorFacts {
    let told = device.cloned().unwrap_or_default();
    ExecutorFacts {
        executor: if told.executor == "gpu" {
            Executor::Gpu
        } else {
            Executor::Cpu
        },
        device: told.name,
        is_software: told.is_software,
        has_timestamps: told.has_timestamps,
        clock_micros: told.clock_micros,
        wasm_bytes: told.wasm_bytes,
        reason: Why::Text(told.reason),
    }
}

pub fn sampling_to_file(sampling: &Sampling) -> file::Sampling {
    file::Sampling {
        seed: sampling.seed,
        temperature: sampling.temperature,
        top_k: sampling.top_k,
        top_p: sampling.top_p,
        min_p: sampling.min_p,
        repetition_penalty: sampling.repetition_penalty,
        max_tokens: sampling.max_tokens,
    }
}

pub fn sampling_from_file(sampling: &file::Sampling) -> Sampling {
    Sampling {
        seed: sampling.seed,
        temperature: sampling.temperature,
        top_k: sampling.top_k,
        top_p: sampling.top_p,
        min_p: sampling.min_p,
        repetition_penalty: sampling.repetition_penalty,
        max_tokens: sampling.max_tokens,
    }
}
