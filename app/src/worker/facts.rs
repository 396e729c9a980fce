//! What the file says of itself, and what can be counted in it.

use std::collections::BTreeMap;

use moescope_engine::Model;
use moescope_engine::plan::{KvKind, KvLayer};
use moescope_engine::session::Session;

use crate::protocol::{KvLayerFacts, ModelFacts};

/// The facts of a model on screen.
pub fn model_facts(model: &Model, session: &Session) -> ModelFacts {
    let moe = &session.plan().moe;
    ModelFacts {
        name: model.spec.name.clone(),
        architecture: model.spec.architecture.clone(),
        file_bytes: model.gguf.file_bytes,
        quantization: quantization(model),
        parameters: model.gguf.tensors.iter().map(|tensor| tensor.elements()).sum(),
        active_parameters: model.spec.active_parameters(&model.gguf),
        n_layers: model.spec.n_layers,
        moe_layers: moe.layers.clone(),
        n_experts: moe.n_experts,
        top_k: moe.top_k,
        d_model: model.spec.d_model,
        n_vocab: model.spec.vocab,
        context: session.capacity(),
        kv_layers: session.plan().kv_layers.iter().map(kv_layer).collect(),
        has_chat: model
            .gguf
            .metadata
            .opt_str("tokenizer.chat_template")
            .is_ok_and(|template| template.is_some()),
    }
}

fn kv_layer(layer: &KvLayer) -> KvLayerFacts {
    KvLayerFacts {
        layer: layer.layer.0,
        kind: match layer.kind {
            KvKind::Full => "full".into(),
            KvKind::Window => format!("window of {}", layer.reach),
            KvKind::Latent => "latent".into(),
            KvKind::Convolution => format!("convolution of {}", layer.reach),
        },
        reserved_bytes: layer.reserved_bytes(),
    }
}

/// The formats of the weights, by bytes: those above a tenth of the file.
fn quantization(model: &Model) -> String {
    let mut bytes_of: BTreeMap<String, u64> = BTreeMap::new();
    for tensor in &model.gguf.tensors {
        *bytes_of.entry(tensor.format.to_string()).or_default() += tensor.bytes();
    }
    let total: u64 = bytes_of.values().sum();
    let mut formats: Vec<_> = bytes_of
        .into_iter()
        .filter(|(_, bytes)| *bytes * 10 >= total)
        .collect();
    formats.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    formats
        .into_iter()
        .map(|(format, _)| format)
        .collect::<Vec<_>>()
        .join(" + ")
}
