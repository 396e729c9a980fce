//! The plan as text, and what files are refused before anything is computed.

use std::path::Path;

use moescope_engine::arch::Spec;
use moescope_engine::gguf::Gguf;
use moescope_engine::kernels::Batch;
use moescope_engine::plan::{KvKind, Limits, Plan, PlanOptions};
use moescope_engine::source::FileSource;
use moescope_engine::{KvFormat, MemorySource};
use moescope_tests::gguf_bytes::Builder;

const OPTIONS: PlanOptions = PlanOptions {
    context: 64,
    batch: 8,
    logit_rows: 1,
    kv: KvFormat::F16,
};
const F32: u32 = 0;
const F16: u32 = 1;

/// A one-layer qwen3moe of the smallest sizes; `change` may alter keys and tensors.
struct Tiny {
    architecture: &'static str,
    head_count_kv: u32,
    experts_used: u32,
    scaling: Option<&'static str>,
    norm_format: u32,
    up_format: u32,
    without: &'static str,
    router_cols: u64,
    kv_heads_width: u64,
}

impl Default for Tiny {
    fn default() -> Self {
        Self {
            architecture: "qwen3moe",
            head_count_kv: 1,
            experts_used: 2,
            scaling: None,
            norm_format: F32,
            up_format: F32,
            without: "",
            router_cols: 32,
            kv_heads_width: 16,
        }
    }
}

impl Tiny {
    fn bytes(&self) -> Vec<u8> {
        let mut file = Builder::new()
            .text("general.architecture", self.architecture)
            .u32("qwen3moe.block_count", 1)
            .u32("qwen3moe.context_length", 64)
            .u32("qwen3moe.embedding_length", 32)
            .u32("qwen3moe.attention.head_count", 2)
            .u32("qwen3moe.attention.head_count_kv", self.head_count_kv)
            .u32("qwen3moe.attention.key_length", 16)
            .u32("qwen3moe.expert_count", 4)
            .u32("qwen3moe.expert_used_count", self.experts_used)
            .u32("qwen3moe.expert_feed_forward_length", 32)
            .f32("qwen3moe.attention.layer_norm_rms_epsilon", 1e-6);
        if let Some(scaling) = self.scaling {
            file = file.text("qwen3moe.rope.scaling.type", scaling);
        }
        let tensors: [(&str, &[u64], u32); 14] = [
            ("token_embd.weight", &[32, 10], F32),
            ("output_norm.weight", &[32], self.norm_format),
            ("blk.0.attn_norm.weight", &[32], F32),
            ("blk.0.attn_q.weight", &[32, 32], F32),
            ("blk.0.attn_k.weight", &[32, self.kv_heads_width], F32),
            ("blk.0.attn_v.weight", &[32, 16], F32),
            ("blk.0.attn_output.weight", &[32, 32], F32),
            ("blk.0.attn_q_norm.weight", &[16], F32),
            ("blk.0.attn_k_norm.weight", &[16], F32),
            ("blk.0.ffn_norm.weight", &[32], F32),
            ("blk.0.ffn_gate_inp.weight", &[self.router_cols, 4], F32),
            ("blk.0.ffn_gate_exps.weight", &[32, 32, 4], F32),
            ("blk.0.ffn_up_exps.weight", &[32, 32, 4], self.up_format),
            ("blk.0.ffn_down_exps.weight", &[32, 32, 4], F32),
        ];
        for (name, dims, format) in tensors.iter().filter(|(name, ..)| *name != self.without) {
            let bytes = dims.iter().product::<u64>() as usize * if *format == F32 { 4 } else { 2 };
            file = file.tensor(name, dims, *format, &vec![0; bytes]);
        }
        file.bytes()
    }

    fn plan(&self, limits: Limits) -> Result<Plan, String> {
        let gguf =
            pollster::block_on(Gguf::read(&MemorySource(self.bytes()))).map_err(|err| err.to_string())?;
        let spec = Spec::read(&gguf).map_err(|err| err.to_string())?;
        Plan::build(&spec, OPTIONS, limits).map_err(|err| err.to_string())
    }

    #[track_caller]
    fn is_refused_with(&self, words: &[&str]) {
        let sentence = self.plan(Limits::CPU).expect_err("must be refused");
        for word in words {
            assert!(sentence.contains(word), "{sentence:?} does not say {word:?}");
        }
    }
}

#[test]
fn the_plan_of_a_small_model_reads_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let source = FileSource::open(folder.join("qwen3moe/k-q4_k_m.gguf")).expect("fixture");
    let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
    let spec = Spec::read(&gguf).expect("spec");
    let text = Plan::build(&spec, OPTIONS, Limits::CPU)
        .expect("plan")
        .to_string();
    let golden = folder.join("plan/k-q4_k_m.txt");
    if std::env::var_os("MOESCOPE_BLESS").is_some() {
        std::fs::write(&golden, &text).expect("written");
    }
    let expected = std::fs::read_to_string(&golden).expect("golden; MOESCOPE_BLESS=1 writes it");
    assert_eq!(
        text, expected,
        "run with MOESCOPE_BLESS=1 if the new plan is meant"
    );
}

#[test]
fn tied_embeddings_are_held_once_and_steps_are_few() {
    let plan = Tiny::default().plan(Limits::CPU).expect("plan");
    let names: Vec<String> = plan.packs.iter().map(|pack| pack.name()).collect();
    assert_eq!(
        names.iter().filter(|name| *name == "token_embd.weight").count(),
        1
    );
    assert_eq!(plan.active_steps(ONE_TOKEN).count(), 4 + 9);
}

/// A decoded token whose cache is shared out.
const ONE_TOKEN: Batch = Batch {
    n_tokens: 1,
    start: 1000,
    logits_from: 0,
    n_logits: 1,
    n_draws: 1,
    n_splits: 4,
    by_expert: 0,
};

/// What sorting the uses of experts adds to a layer that computes several tokens.
const MORE_IN_A_LAYER_OF_A_PREFILL: usize = 2;

/// Most dispatches of one decoded token: in a MoE layer, and in all that is outside of layers.
const MOST_IN_A_LAYER: usize = 11;
const MOST_OUTSIDE: usize = 4;
/// What a shared expert and latent attention may add to a layer.
const MOST_OF_A_SHARED_EXPERT: usize = 4;
const MOST_OF_LATENTS: usize = 3;

#[test]
fn a_decoded_token_takes_few_dispatches() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders =
        ["architectures", "qwen3moe"].map(|name| std::fs::read_dir(folder.join(name)).expect("fixtures"));
    let files = folders
        .into_iter()
        .flatten()
        .map(|file| file.expect("fixture").path());
    let ggufs: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "gguf"))
        .collect();
    assert!(ggufs.len() > 10, "only {} fixtures", ggufs.len());
    for path in ggufs {
        let source = FileSource::open(&path).expect("fixture");
        let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
        let spec = Spec::read(&gguf).expect("spec");
        let plan = Plan::build(&spec, OPTIONS, Limits::CPU).expect("plan");
        let dispatches = |layer: Option<u32>| {
            let layers = plan
                .active_steps(ONE_TOKEN)
                .map(|(_, step)| step.layer.map(|layer| layer.0));
            layers.filter(|of| *of == layer).count()
        };
        let name = path.display();
        let has_shared = spec.moe_blocks().any(|block| block.shared.is_some());
        let has_latents = plan.kv_layers.iter().any(|layer| layer.kind == KvKind::Latent);
        let most = MOST_IN_A_LAYER
            + if has_shared { MOST_OF_A_SHARED_EXPERT } else { 0 }
            + if has_latents { MOST_OF_LATENTS } else { 0 };
        for layer in &plan.moe.layers {
            let n = dispatches(Some(*layer));
            assert!((5..=most).contains(&n), "{name}: {n} in layer {layer}");
            let several = Batch {
                n_tokens: 32,
                n_splits: 1,
                by_expert: 1,
                ..ONE_TOKEN
            };
            let steps = plan.active_steps(several).map(|(_, step)| step);
            let in_layer = steps.filter(|step| step.layer.is_some_and(|of| of.0 == *layer));
            // One token's attention was merged, where there is attention.
            let (n_prefill, more) = (in_layer.count(), n + MORE_IN_A_LAYER_OF_A_PREFILL);
            assert!(
                (more - 1..=more).contains(&n_prefill),
                "{name}: {n_prefill} in layer {layer}"
            );
        }
        let outside = dispatches(None);
        assert!((4..=MOST_OUTSIDE).contains(&outside), "{name}: {outside} outside");
    }
}

#[test]
fn an_unknown_architecture_is_named_and_the_known_are_listed() {
    Tiny {
        architecture: "mamba9",
        ..Tiny::default()
    }
    .is_refused_with(&["mamba9", "qwen3moe"]);
}

#[test]
fn a_missing_tensor_is_named() {
    let without = "blk.0.ffn_down_exps.weight";
    Tiny {
        without,
        ..Tiny::default()
    }
    .is_refused_with(&[without, "missing"]);
}

#[test]
fn a_tensor_of_another_shape_is_named_with_both_shapes() {
    Tiny {
        router_cols: 16,
        ..Tiny::default()
    }
    .is_refused_with(&["ffn_gate_inp", "[16, 4]", "[32, 4]"]);
    Tiny {
        kv_heads_width: 48,
        ..Tiny::default()
    }
    .is_refused_with(&["attn_k", "[32, 48]", "[32, 16]"]);
}

#[test]
fn contradicting_sizes_name_the_key() {
    Tiny {
        experts_used: 5,
        ..Tiny::default()
    }
    .is_refused_with(&["expert_used_count", "5"]);
    Tiny {
        experts_used: 0,
        ..Tiny::default()
    }
    .is_refused_with(&["expert_used_count", "0"]);
    Tiny {
        head_count_kv: 0,
        ..Tiny::default()
    }
    .is_refused_with(&["head_count_kv", "0"]);
    Tiny {
        head_count_kv: 3,
        ..Tiny::default()
    }
    .is_refused_with(&["head_count_kv", "3"]);
}

#[test]
fn an_unknown_variation_names_the_key() {
    Tiny {
        scaling: Some("longrope"),
        ..Tiny::default()
    }
    .is_refused_with(&["rope.scaling.type", "longrope"]);
    assert!(
        Tiny {
            scaling: Some("none"),
            ..Tiny::default()
        }
        .plan(Limits::CPU)
        .is_ok()
    );
}

#[test]
fn formats_that_do_not_fit_together_are_named() {
    Tiny {
        norm_format: F16,
        ..Tiny::default()
    }
    .is_refused_with(&["output_norm", "F16", "F32"]);
    Tiny {
        up_format: F16,
        ..Tiny::default()
    }
    .is_refused_with(&["ffn_gate_exps", "ffn_up_exps"]);
}

#[test]
fn limits_of_the_device_are_a_sentence() {
    let small = Limits {
        max_binding_bytes: 1000,
        ..Limits::CPU
    };
    let sentence = Tiny::default().plan(small).expect_err("too large");
    assert!(sentence.contains("binds at most 1000"), "{sentence}");
    let poor = Limits {
        max_state_bytes: 1000,
        ..Limits::CPU
    };
    let sentence = Tiny::default().plan(poor).expect_err("too much");
    assert!(sentence.contains("shorter context"), "{sentence}");
}
