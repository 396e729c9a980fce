//! A model as large as real ones are, of random weights: the demo model's tokenizer and template, more
//! and wider layers and experts.

use std::path::Path;

use moescope_engine::gguf::Gguf;
use moescope_engine::source::FileSource;

use crate::gguf_bytes::Builder;
use crate::native::demo_model;
use crate::rng::Rng;

const D_MODEL: u64 = 512;
const N_LAYERS: u64 = 12;
const N_EXPERTS: u64 = 32;
const D_EXPERT: u64 = 256;
const N_HEADS: u64 = 8;
const N_KV_HEADS: u64 = 2;
const HEAD_DIM: u64 = 64;
const F32: u32 = 0;
const Q8_0: u32 = 8;

/// Writes it: about 160 MB.
pub fn write(path: &Path) {
    let demo = pollster::block_on(Gguf::read(
        &FileSource::open(demo_model()).expect("the demo model"),
    ));
    let metadata = demo.expect("a good file").metadata;
    let text = |key: &str| metadata.str(key).expect(key).to_owned();
    let tokens = metadata.strings("tokenizer.ggml.tokens").expect("tokens");
    let vocab = tokens.len() as u64;
    let mut file = Builder::new()
        .text("general.architecture", "qwen3moe")
        .text("general.name", "a large model of random weights")
        .text("tokenizer.ggml.model", &text("tokenizer.ggml.model"))
        .text("tokenizer.ggml.pre", &text("tokenizer.ggml.pre"))
        .text("tokenizer.chat_template", &text("tokenizer.chat_template"))
        .texts("tokenizer.ggml.tokens", tokens)
        .i32s(
            "tokenizer.ggml.token_type",
            &metadata.i32s("tokenizer.ggml.token_type").expect("types"),
        )
        .texts(
            "tokenizer.ggml.merges",
            metadata.strings("tokenizer.ggml.merges").expect("merges"),
        )
        .u32(
            "tokenizer.ggml.eos_token_id",
            metadata.u32("tokenizer.ggml.eos_token_id").expect("an id"),
        )
        .f32("qwen3moe.attention.layer_norm_rms_epsilon", 1e-6);
    for (key, value) in [
        ("context_length", 4096),
        ("embedding_length", D_MODEL),
        ("block_count", N_LAYERS),
        ("feed_forward_length", D_EXPERT),
        ("attention.head_count", N_HEADS),
        ("attention.head_count_kv", N_KV_HEADS),
        ("attention.key_length", HEAD_DIM),
        ("attention.value_length", HEAD_DIM),
        ("expert_count", N_EXPERTS),
        ("expert_used_count", 2),
        ("expert_feed_forward_length", D_EXPERT),
    ] {
        file = file.u32(&format!("qwen3moe.{key}"), value as u32);
    }
    let mut rng = Rng::new(3);
    let mut file = matrix(file, "token_embd", &[D_MODEL, vocab], &mut rng);
    file = norm(file, "output_norm", D_MODEL);
    for layer in 0..N_LAYERS {
        let name = |part: &str| format!("blk.{layer}.{part}");
        for (part, len) in [
            ("attn_norm", D_MODEL),
            ("ffn_norm", D_MODEL),
            ("attn_q_norm", HEAD_DIM),
            ("attn_k_norm", HEAD_DIM),
        ] {
            file = norm(file, &name(part), len);
        }
        for (part, dims) in [
            ("attn_q", &[D_MODEL, N_HEADS * HEAD_DIM][..]),
            ("attn_k", &[D_MODEL, N_KV_HEADS * HEAD_DIM]),
            ("attn_v", &[D_MODEL, N_KV_HEADS * HEAD_DIM]),
            ("attn_output", &[N_HEADS * HEAD_DIM, D_MODEL]),
            ("ffn_gate_inp", &[D_MODEL, N_EXPERTS]),
            ("ffn_gate_exps", &[D_MODEL, D_EXPERT, N_EXPERTS]),
            ("ffn_up_exps", &[D_MODEL, D_EXPERT, N_EXPERTS]),
            ("ffn_down_exps", &[D_EXPERT, D_MODEL, N_EXPERTS]),
        ] {
            file = matrix(file, &name(part), dims, &mut rng);
        }
    }
    std::fs::write(path, file.bytes()).expect("there is room for the model");
}

fn norm(file: Builder, name: &str, len: u64) -> Builder {
    let ones: Vec<u8> = (0..len).flat_map(|_| 1f32.to_le_bytes()).collect();
    file.tensor(&format!("{name}.weight"), &[len], F32, &ones)
}

/// Q8_0 blocks: a half float of the scale, then 32 random bytes. Outputs are about as large as inputs.
fn matrix(file: Builder, name: &str, dims: &[u64], rng: &mut Rng) -> Builder {
    let n_blocks = dims.iter().product::<u64>() / 32;
    let scale = half::f16::from_f32(1.7 / (127.0 * (dims[0] as f32).sqrt()) * 1.7);
    let mut bytes = Vec::with_capacity(n_blocks as usize * 34);
    for _ in 0..n_blocks {
        bytes.extend(scale.to_le_bytes());
        (0..4).for_each(|_| bytes.extend(rng.bits().to_le_bytes()));
    }
    file.tensor(&format!("{name}.weight"), dims, Q8_0, &bytes)
}
