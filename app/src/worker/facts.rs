//! What the file says of itself, and what can be counted in it.

use moescope_engine::Model;
use moescope_engine::cost::parameters::Counted;
use moescope_engine::plan::KvLayer;
use moescope_engine::session::Session;

use crate::protocol::{KvLayerFacts, ModelFacts, SizeFacts};

/// The facts of a model on screen.
pub fn model_facts(model: &Model, session: &Session) -> ModelFacts {
    let moe = &session.plan().moe;
    ModelFacts {
        name: model.spec.name.clone(),
        architecture: model.spec.architecture.clone(),
        file_bytes: model.gguf.file_bytes,
        quantization: model.quantization(),
        licence: model.licence().map(str::to_owned),
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
        sizes: SizeFacts::from(&Counted::of(&model.spec)),
        has_chat: model.has_chat(),
    }
}

fn kv_layer(layer: &KvLayer) -> KvLayerFacts {
    KvLayerFacts {
        layer: layer.layer.0,
        kind: layer.name(),
        reserved_bytes: layer.reserved_bytes(),
    }
}
