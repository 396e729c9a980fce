"""Checkpoint -> GGUF (`qwen3moe`): matrices in Q8_0, norms and router in F32.

The output matrix is the embedding: llama.cpp uses `token_embd` when `output` is absent.
"""

import json
import os
import pathlib

import gguf
import numpy as np
import torch

from model import Shape

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ABOUT = "A very small mixture-of-experts model trained from nothing on generated text, made to be looked into: 6 layers of 16 experts, top-2."


def tensors(state, s: Shape):
    """(GGUF name, array, quantized?) for every tensor, in file order."""
    yield "token_embd.weight", state["embed"], True  # (n_vocab, d_model)
    for i in range(s.n_layers):
        def of(name):
            return state[f"layers.{i}.{name}"]

        gate_up = of("w_gate_up")  # (n_experts, 2 * d_expert, d_model)
        for name, value, quantized in [
            ("attn_norm", of("attn_norm"), False), ("attn_q", of("w_q"), True), ("attn_k", of("w_k"), True), ("attn_v", of("w_v"), True),
            ("attn_q_norm", of("q_norm"), False), ("attn_k_norm", of("k_norm"), False), ("attn_output", of("w_o"), True),
            ("ffn_norm", of("ffn_norm"), False), ("ffn_gate_inp", of("router"), False),
            ("ffn_gate_exps", gate_up[:, : s.d_expert], True), ("ffn_up_exps", gate_up[:, s.d_expert :], True), ("ffn_down_exps", of("w_down"), True),
        ]:
            yield f"blk.{i}.{name}.weight", value, quantized
    yield "output_norm.weight", state["out_norm"], False


def quantize(value):
    return gguf.quants.quantize(np.ascontiguousarray(value.float().numpy()), gguf.GGMLQuantizationType.Q8_0)


def as_shipped(state, s: Shape):
    """The state with every matrix sent through Q8_0 and back."""
    out = dict(state)

    def through(x):
        return torch.from_numpy(gguf.quants.dequantize(quantize(x), gguf.GGMLQuantizationType.Q8_0).copy())

    for name, value in state.items():
        if name == "embed" or ".w_" in name:
            out[name] = through(value)
    return out


def write(state, tokenizer_path, path, s: Shape):
    w = gguf.GGUFWriter(f"{path}.new", "qwen3moe")
    w.add_name("moescope-demo")
    w.add_author("the moescope authors")
    w.add_license("MIT OR Apache-2.0")
    w.add_description(ABOUT)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)
    w.add_block_count(s.n_layers)
    w.add_context_length(s.n_context)
    w.add_embedding_length(s.d_model)
    w.add_feed_forward_length(s.d_expert * s.top_k)
    w.add_expert_feed_forward_length(s.d_expert)
    w.add_expert_count(s.n_experts)
    w.add_expert_used_count(s.top_k)
    w.add_head_count(s.n_heads)
    w.add_head_count_kv(s.n_kv_heads)
    w.add_key_length(s.d_head)
    w.add_value_length(s.d_head)
    w.add_layer_norm_rms_eps(s.eps)
    w.add_rope_freq_base(s.rope_base)

    spec = json.loads(pathlib.Path(tokenizer_path).read_text())
    vocab = spec["model"]["vocab"]
    tokens = sorted(vocab, key=vocab.get)
    special = {t["content"] for t in spec["added_tokens"]}
    merges = [m if isinstance(m, str) else " ".join(m) for m in spec["model"]["merges"]]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list(tokens)
    w.add_token_types([gguf.TokenType.CONTROL if t in special else gguf.TokenType.NORMAL for t in tokens])
    w.add_token_merges(merges)
    w.add_eos_token_id(vocab["<|im_end|>"])
    w.add_pad_token_id(vocab["<|endoftext|>"])
    w.add_add_bos_token(False)
    w.add_chat_template(CHAT_TEMPLATE)

    for name, value, quantized in tensors(state, s):
        if quantized:
            w.add_tensor(name, quantize(value), raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            w.add_tensor(name, value.float().numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    os.replace(f"{path}.new", path)


def run(build, out):
    build = pathlib.Path(build)
    ckpt = torch.load(build / "checkpoint.pt", weights_only=False, map_location="cpu")
    state = ckpt["model"]
    write(state, build / "tokenizer.json", out, Shape(n_vocab=state["embed"].shape[0]))
    print("wrote", out, os.path.getsize(out), "bytes, step", ckpt["step"])
