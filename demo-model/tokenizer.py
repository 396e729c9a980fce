"""Byte-level BPE with Qwen2's pre-tokenizer (digits stand alone), trained on the corpus itself."""

import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import conversation, messages

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# llama.cpp's `qwen2` splitter, and the one of Qwen2's own tokenizer
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def train(path, seed, mixture, n_vocab, n_conversations=30000):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tok.decoder = decoders.ByteLevel()
    rng = random.Random(f"{seed}/tokenizer")

    def texts():
        for _ in range(n_conversations):
            for role, text, _ in messages(*conversation(rng, mixture)):
                yield role + "\n"
                yield text

    trainer = trainers.BpeTrainer(vocab_size=n_vocab, special_tokens=SPECIALS, show_progress=False, min_frequency=2,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tok.train_from_iterator(texts(), trainer)
    tok.save(str(path))
    return tok


def load(path):
    return Tokenizer.from_file(str(path))
