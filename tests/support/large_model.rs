//! Models of random weights with the demo model's tokenizer and template: one as large as real ones are,
//! and a small one in two files.

use std::path::{Path, PathBuf};

use moescope_engine::gguf::Gguf;
use moescope_engine::source::FileSource;

use crate::gguf_bytes::{Builder, value_type};
use crate::native::demo_model;
use crate::random_model::{Architecture, Mix, Shape};

const LARGE: Shape = Shape {
    architecture: Architecture::Qwen3Moe,
    d_model: 512,
    n_layers: 12,
    n_heads: 8,
    n_kv_heads: 2,
    head_dim: 64,
    n_experts: 32,
    top_k: 2,
    d_expert: 256,
    vocab: 2560, // of the demo model
    context: 4096,
    is_tied: true,
};
const SMALL: Shape = Shape {
    d_model: 64,
    n_layers: 3,
    n_experts: 8,
    d_expert: 32,
    ..LARGE
};
const SEED: u64 = 3;

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
fn files<const N: usize>(shape: Shape) -> [Builder; N] {
    let mut number = 0;
    let mut files = [(); N].map(|()| {
        number += 1;
        let file = if number == 1 { head(shape) } else { Builder::new() };
        match N {
            1 => file,
            _ => file.pair("split.no", value_type::U16, [number - 1, 0]).pair(
                "split.count",
                value_type::U16,
                [N as u8, 0],
            ),
        }
    });
    for (index, tensor) in shape.tensors(Mix::Q8_0, SEED).iter().enumerate() {
        let file = &mut files[index % N];
        *file = tensor.append(std::mem::take(file));
    }
    files
}

/// Metadata, with the demo model's vocabulary.
fn head(shape: Shape) -> Builder {
    let demo = pollster::block_on(Gguf::read(
        &FileSource::open(demo_model()).expect("the demo model"),
    ));
    let metadata = demo.expect("a good file").metadata;
    let text = |key: &str| metadata.str(key).expect(key).to_owned();
    let tokens = metadata.strings("tokenizer.ggml.tokens").expect("tokens");
    assert_eq!(tokens.len() as u64, shape.vocab);
    shape
        .head("a large model of random weights")
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
}
