//! Pre-tokenizers: how text is cut into words before byte-pair merging. A GGUF names one by
//! `tokenizer.ggml.pre`; the patterns themselves are not in the file.
//!
//! A pre-tokenizer is a list of patterns. Each cuts the pieces left by the one before into matches
//! and what lies between them. Patterns are those of the models' own `tokenizer.json`, names and
//! grouping those of llama.cpp (`src/llama-vocab.cpp`).

/// How one family of tokenizers cuts text.
#[derive(Debug)]
pub struct PreTokenizer {
    /// The name in `tokenizer.ggml.pre`.
    pub name: &'static str,
    /// Cuts, one after the other.
    pub patterns: &'static [&'static str],
    /// A word that is a token as a whole is that token, whatever the merges say.
    pub ignores_merges: bool,
}

/// The pre-tokenizer of that name.
pub fn by_name(name: &str) -> Option<&'static PreTokenizer> {
    ALL.binary_search_by(|known| known.name.cmp(name))
        .ok()
        .and_then(|index| ALL.get(index))
}

/// Known names for a sentence.
pub fn names() -> String {
    ALL.iter().map(|known| known.name).collect::<Vec<_>>().join(", ")
}

/// Every known pre-tokenizer, sorted by name.
#[rustfmt::skip]
pub const ALL: &[PreTokenizer] = &[
    pre("a.x-4.0", &[GPT2]),
    pre("bailingmoe", BAILING),
    pre("bailingmoe2", BAILING),
    pre("chatglm-bpe", LLAMA3),
    pre("command-r", DIGIT_THEN_GPT2),
    pre("dbrx", LLAMA3),
    pre("deepseek-coder", &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"]),
    pre("deepseek-llm", DEEPSEEK_LLM),
    pre("deepseek-r1-qwen", QWEN2),
    pre("deepseek-v3", DEEPSEEK_V3),
    pre("default", &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"]),
    pre("exaone", DIGIT_THEN_GPT2),
    pre("exaone4", &[GPT2]),
    merging_last("falcon-h1", LLAMA3),
    merging_last("falcon3", LLAMA3),
    pre("gigachat", &[GPT2]),
    pre("glm4", LLAMA3),
    pre("gpt-2", &[GPT2]),
    pre("gpt-4o", GPT4O),
    pre("grok-2", QWEN2),
    pre("hunyuan", QWEN2),
    pre("hunyuan-dense", DEEPSEEK_V3),
    pre("jais", &[GPT2]),
    pre("joyai-llm", DEEPSEEK_V3),
    pre("kanana2", GPT4O),
    pre("kimi-k2", KIMI_K2),
    merging_last("lfm2", LLAMA3),
    pre("llada-moe", BAILING),
    merging_last("llama-bpe", LLAMA3),
    merging_last("llama-v3", LLAMA3),
    merging_last("llama3", LLAMA3),
    pre("llama4", GPT4O),
    pre("megrez", QWEN2),
    pre("mellum", &[GPT2]),
    merging_last("midm-2.0", LLAMA3),
    pre("minimax-m2", GPT4O),
    pre("mpt", &[GPT2]),
    pre("olmo", &[GPT2]),
    pre("phi-2", &[GPT2]),
    merging_last("pixtral", LLAMA3),
    pre("qwen2", QWEN2),
    pre("qwen35", &[r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]),
    pre("refact", DIGIT_THEN_GPT2),
    pre("smaug-bpe", LLAMA3),
    pre("smollm", DIGIT_THEN_GPT2),
    pre("stablelm2", QWEN2),
    pre("starcoder", DIGIT_THEN_GPT2),
    merging_last("tekken", TEKKEN),
];

const fn pre(name: &'static str, patterns: &'static [&'static str]) -> PreTokenizer {
    PreTokenizer {
        name,
        patterns,
        ignores_merges: false,
    }
}

/// One that takes a word that is a token as it is, and whose models expect `bos` before a text.
const fn merging_last(name: &'static str, patterns: &'static [&'static str]) -> PreTokenizer {
    PreTokenizer {
        ignores_merges: true,
        ..pre(name, patterns)
    }
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

const DIGIT_THEN_GPT2: &[&str] = &[r"\p{N}", GPT2];

const QWEN2: &[&str] = &[
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
];

const LLAMA3: &[&str] = &[
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
];

const BAILING: &[&str] = &[
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
];

const GPT4O: &[&str] = &[concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)];

const TEKKEN: &[&str] = &[concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|",
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)];

/// Of Kimi K2 and Moonlight: Han characters apart, elsewhere much as [`GPT4O`].
const KIMI_K2: &[&str] = &[concat!(
    r"\p{Han}+|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)];

const DEEPSEEK_V3: &[&str] = &[
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    concat!(
        r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##,
        r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
];

const DEEPSEEK_LLM: &[&str] = &[
    r"[\r\n]",
    // Escaped are letters that normalization would replace by others.
    r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
    r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
    r"\s+$",
    "[一-龥ࠀ-一가-퟿]+",
    r"\p{N}+",
];
