//! Models of random weights with the demo model's tokenizer and template: one as large as real ones are,
//! and a small one in two files.

use std::path::{Path, PathBuf};

use moescope_engine::gguf::Gguf;
use moescope_engine::source::FileSource;

use crate::gguf_bytes::{Builder, value_type};
use crate::native::demo_model;
use crate::rng::Rng;

/// What differs between them.
#[derive(Clone, Copy)]
struct Size {
    d_model: u64,
    n_layers: u64,
    n_experts: u64,
    d_expert: u64,
}

const LARGE: Size = Size {
    d_model: 512,
    n_layers: 12,
    n_experts: 32,
    d_expert: 256,
};
const SMALL: Size = Size {
    d_model: 64,
    n_layers: 3,
    n_experts: 8,
    d_expert: 32,
};
const N_HEADS: u64 = 8;
const N_KV_HEADS: u64 = 2;
const HEAD_DIM: u64 = 64;
/// Of the demo model.
const VOCAB: u64 = 2560;
const F32: u32 = 0;
const Q8_0: u32 = 8;

/// Writes the large one: about 170 MB.
pub fn write(path: &Path) {
    let [file] = files(LARGE);
    std::fs::write(path, file.bytes()).expect("there is room for the model");
}

/// Writes the small one as two files, named as llama.cpp names them.
pub fn write_split(folder: &Path) -> [PathBuf; 2] {
    let mut number = 0;
    files(SMALL).map(|file| {
        number += 1;
        let path = folder.join(format!("small-0000{number}-of-00002.gguf"));
        std::fs::write(&path, file.bytes()).expect("there is room for the model");
        path
    })
}

/// The model in N files, tensors in turns.
fn files<const N: usize>(size: Size) -> [Builder; N] {
    let mut number = 0;
    let mut files = [(); N].map(|()| {
        number += 1;
        let file = if number == 1 { head(size) } else { Builder::new() };
        match N {
            1 => file,
            _ => file.pair("split.no", value_type::U16, [number - 1, 0]).pair(
                "split.count",
                value_type::U16,
                [N as u8, 0],
            ),
        }
    });
    for (index, (name, dims, bytes)) in tensors(size).into_iter().enumerate() {
        let format = if dims.len() == 1 { F32 } else { Q8_0 };
        let file = &mut files[index % N];
        *file = std::mem::take(file).tensor(&format!("{name}.weight"), &dims, format, &bytes);
    }
    files
}

/// Metadata.
fn head(size: Size) -> Builder {
    let demo = pollster::block_on(Gguf::read(
        &FileSource::open(demo_model()).expect("the demo model"),
    ));
    let metadata = demo.expect("a good file").metadata;
    let text = |key: &str| metadata.str(key).expect(key).to_owned();
    let tokens = metadata.strings("tokenizer.ggml.tokens").expect("tokens");
    assert_eq!(tokens.len() as u64, VOCAB);
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
        ("embedding_length", size.d_model),
        ("block_count", size.n_layers),
        ("feed_forward_length", size.d_expert),
        ("attention.head_count", N_HEADS),
        ("attention.head_count_kv", N_KV_HEADS),
        ("attention.key_length", HEAD_DIM),
        ("attention.value_length", HEAD_DIM),
        ("expert_count", size.n_experts),
        ("expert_used_count", 2),
        ("expert_feed_forward_length", size.d_expert),
    ] {
        file = file.u32(&format!("qwen3moe.{key}"), value as u32);
    }
    file
}

/// Names, shapes and bytes.
fn tensors(size: Size) -> Vec<(String, Vec<u64>, Vec<u8>)> {
    let Size {
        d_model,
        n_layers,
        n_experts,
        d_expert,
    } = size;
    let mut rng = Rng::new(3);
    let mut tensors = vec![
        matrix("token_embd", &[d_model, VOCAB], &mut rng),
        norm("output_norm", d_model),
    ];
    for layer in 0..n_layers {
        let name = |part: &str| format!("blk.{layer}.{part}");
        for (part, len) in [
            ("attn_norm", d_model),
            ("ffn_norm", d_model),
            ("attn_q_norm", HEAD_DIM),
            ("attn_k_norm", HEAD_DIM),
        ] {
            tensors.push(norm(&name(part), len));
        }
        for (part, dims) in [
            ("attn_q", &[d_model, N_HEADS * HEAD_DIM][..]),
            ("attn_k", &[d_model, N_KV_HEADS * HEAD_DIM]),
            ("attn_v", &[d_model, N_KV_HEADS * HEAD_DIM]),
            ("attn_output", &[N_HEADS * HEAD_DIM, d_model]),
            ("ffn_gate_inp", &[d_model, n_experts]),
            ("ffn_gate_exps", &[d_model, d_expert, n_experts]),
            ("ffn_up_exps", &[d_model, d_expert, n_experts]),
            ("ffn_down_exps", &[d_expert, d_model, n_experts]),
        ] {
            tensors.push(matrix(&name(part), dims, &mut rng));
        }
    }
    tensors
}

fn norm(name: &str, len: u64) -> (String, Vec<u64>, Vec<u8>) {
    let ones = (0..len).flat_map(|_| 1f32.to_le_bytes()).collect();
    (name.into(), vec![len], ones)
}

/// Q8_0 blocks: a half float of the scale, then 32 random bytes. Outputs are about as large as inputs.
fn matrix(name: &str, dims: &[u64], rng: &mut Rng) -> (String, Vec<u64>, Vec<u8>) {
    let n_blocks = dims.iter().product::<u64>() / 32;
    let scale = half::f16::from_f32(1.7 / (127.0 * (dims[0] as f32).sqrt()) * 1.7);
    let mut bytes = Vec::with_capacity(n_blocks as usize * 34);
    for _ in 0..n_blocks {
        bytes.extend(scale.to_le_bytes());
        (0..4).for_each(|_| bytes.extend(rng.bits().to_le_bytes()));
    }
    (name.into(), dims.to_vec(), bytes)
}
