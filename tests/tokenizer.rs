//! The tokenizer: token for token that of Hugging Face's `tokenizers` (goldens by
//! `fixtures/tokenizer.py`), and what it refuses.

use moescope_engine::gguf::Gguf;
use moescope_engine::tokenizer::{Tokenizer, TokenizerError, pre};
use moescope_engine::{MemorySource, TokenId};
use moescope_tests::gguf_bytes::Builder;
use serde_json::Value;

/// The fixture.
struct Fixture(Value);

impl Fixture {
    fn load() -> Self {
        Self(serde_json::from_str(include_str!("fixtures/tokenizer.json")).expect("the fixture is JSON"))
    }

    fn texts(&self, key: &str) -> Vec<&str> {
        self.0[key]
            .as_array()
            .expect("an array")
            .iter()
            .map(|text| text.as_str().expect("a text"))
            .collect()
    }

    fn types(&self) -> Vec<i32> {
        self.0["types"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|of| of.as_i64().expect("a number") as i32)
            .collect()
    }

    /// A GGUF header with this vocabulary.
    fn gguf(&self, pre: &str) -> Builder {
        Builder::new()
            .text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", pre)
            .texts("tokenizer.ggml.tokens", &self.texts("tokens"))
            .i32s("tokenizer.ggml.token_type", &self.types())
            .texts("tokenizer.ggml.merges", &self.texts("merges"))
    }

    fn id(&self, token: &str) -> TokenId {
        self.texts("tokens")
            .iter()
            .position(|&known| known == token)
            .expect("a known token") as TokenId
    }
}

fn tokenizer(file: &Builder) -> Result<Tokenizer, TokenizerError> {
    let gguf = pollster::block_on(Gguf::read(&MemorySource(file.bytes()))).expect("a good header");
    Tokenizer::from_gguf(&gguf.metadata)
}

#[track_caller]
fn refused(file: &Builder, mentions: &[&str]) {
    let sentence = tokenizer(file)
        .expect_err("the tokenizer should be refused")
        .to_string();
    for word in mentions {
        assert!(sentence.contains(word), "{sentence:?} does not mention {word:?}");
    }
}

#[test]
fn ids_are_those_of_hugging_face() {
    let fixture = Fixture::load();
    let texts = fixture.texts("texts");
    let mut differing = Vec::new();
    for golden in fixture.0["goldens"].as_array().expect("goldens") {
        let pre = golden["pre"].as_str().expect("a name");
        let parse_special = golden["parse_special"].as_bool().expect("a truth value");
        let tokenizer = tokenizer(&fixture.gguf(pre)).expect("a good tokenizer");
        for (text, ids) in texts.iter().zip(golden["ids"].as_array().expect("ids")) {
            let expected: Vec<u64> = ids
                .as_array()
                .expect("ids")
                .iter()
                .map(|id| id.as_u64().expect("an id"))
                .collect();
            let got: Vec<u64> = tokenizer
                .encode(text, parse_special)
                .expect("text")
                .into_iter()
                .map(u64::from)
                .collect();
            if got != expected {
                differing.push(format!(
                    "{pre} {parse_special} {text:?}\n  got      {got:?}\n  expected {expected:?}"
                ));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn decoding_gives_the_text_back() {
    let fixture = Fixture::load();
    for pre in pre::ALL {
        let tokenizer = tokenizer(&fixture.gguf(pre.name)).expect("a good tokenizer");
        for text in fixture.texts("texts") {
            let ids = tokenizer.encode(text, false).expect("every byte has a token");
            assert_eq!(tokenizer.decode(&ids), text, "{}", pre.name);
        }
    }
}

#[test]
fn pre_tokenizers_are_sorted_by_name() {
    assert!(pre::ALL.is_sorted_by_key(|known| known.name));
    assert!(pre::ALL.iter().all(|known| pre::by_name(known.name).is_some()));
}

#[test]
fn control_tokens_have_text_only_on_request() {
    let fixture = Fixture::load();
    let tokenizer = tokenizer(&fixture.gguf("qwen2")).expect("a good tokenizer");
    let (end, tool) = (fixture.id("<|im_end|>"), fixture.id("<tool>"));
    assert!(tokenizer.is_control(end) && !tokenizer.is_control(tool));
    assert_eq!(tokenizer.piece_bytes(end), b"");
    assert_eq!(tokenizer.token_bytes(end), b"<|im_end|>");
    assert_eq!(tokenizer.piece_bytes(tool), b"<tool>");
    assert_eq!(tokenizer.piece_bytes(TokenId::MAX), b"");
    assert_eq!(tokenizer.vocab_size(), fixture.texts("tokens").len());
}

#[test]
fn ends_of_generation_are_known_by_id_and_by_text() {
    let fixture = Fixture::load();
    let (newline, start, end) = (
        fixture.id("Ċ"),
        fixture.id("<|im_start|>"),
        fixture.id("<|im_end|>"),
    );
    let file = fixture.gguf("qwen2").u32("tokenizer.ggml.eos_token_id", newline);
    let tokenizer = tokenizer(&file.u32("tokenizer.ggml.bos_token_id", start)).expect("a good tokenizer");
    assert_eq!(
        (tokenizer.eos, tokenizer.bos, tokenizer.add_bos),
        (Some(newline), Some(start), false)
    );
    let ends = [newline, end, fixture.id("<|endoftext|>")];
    assert!(ends.into_iter().all(|id| tokenizer.is_end_of_generation(id)));
    assert!(!tokenizer.is_end_of_generation(start));
}

#[test]
fn special_ids_outside_the_vocabulary_are_ignored() {
    let fixture = Fixture::load();
    let file = fixture
        .gguf("llama-bpe")
        .u32("tokenizer.ggml.bos_token_id", 1 << 30);
    let tokenizer = tokenizer(&file).expect("a good tokenizer");
    assert_eq!((tokenizer.bos, tokenizer.add_bos), (None, false));
}

#[test]
fn rejects_unknown_model_and_pre_by_name() {
    refused(
        &Builder::new().text("tokenizer.ggml.model", "bert"),
        &["\"bert\"", "gpt2", "llama"],
    );
    let unknown = Builder::new()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "viking");
    refused(&unknown, &["\"viking\"", "gpt-2", "qwen2", "llama-bpe"]);
    refused(&Builder::new(), &["tokenizer.ggml.model"]);
}

#[test]
fn rejects_inconsistent_vocabulary() {
    let vocabulary = |tokens: &[&str]| {
        Builder::new()
            .text("tokenizer.ggml.model", "gpt2")
            .texts("tokenizer.ggml.tokens", tokens)
    };
    refused(&vocabulary(&[]), &["empty"]);
    refused(
        &vocabulary(&["a", "b"]).i32s("tokenizer.ggml.token_type", &[1]),
        &["2 tokens", "1 token types"],
    );
    for merge in ["a b", "ab", "a c", " ", "a b c"] {
        refused(
            &vocabulary(&["a", "b"]).texts("tokenizer.ggml.merges", &[merge]),
            &["number 0"],
        );
    }
}

#[test]
fn a_byte_without_token_is_an_error_not_a_loss() {
    let file = Builder::new()
        .text("tokenizer.ggml.model", "gpt2")
        .texts("tokenizer.ggml.tokens", &["a", "b"]);
    let tokenizer = tokenizer(&file).expect("a small vocabulary");
    assert_eq!(tokenizer.encode("abba", true).expect("known bytes"), [0, 1, 1, 0]);
    let sentence = tokenizer
        .encode("abc", true)
        .expect_err("c has no token")
        .to_string();
    assert!(sentence.contains("abc"), "{sentence}");
}

/// The vocabulary of `fixtures/spm.py`.
fn sentence_piece() -> (Value, Builder) {
    let fixture: Value =
        serde_json::from_str(include_str!("fixtures/spm.json")).expect("the fixture is JSON");
    let list = |key: &str| fixture[key].as_array().expect("an array");
    let tokens: Vec<&str> = list("tokens").iter().filter_map(Value::as_str).collect();
    let scores: Vec<f32> = list("scores")
        .iter()
        .filter_map(Value::as_f64)
        .map(|score| score as f32)
        .collect();
    let types: Vec<i32> = list("types")
        .iter()
        .filter_map(Value::as_i64)
        .map(|of| of as i32)
        .collect();
    let file = Builder::new()
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", &tokens)
        .f32s("tokenizer.ggml.scores", &scores)
        .i32s("tokenizer.ggml.token_type", &types)
        .u32(
            "tokenizer.ggml.bos_token_id",
            fixture["bos"].as_u64().expect("an id") as u32,
        )
        .u32(
            "tokenizer.ggml.eos_token_id",
            fixture["eos"].as_u64().expect("an id") as u32,
        );
    (fixture, file)
}

#[test]
fn ids_are_those_of_sentence_piece() {
    let (fixture, file) = sentence_piece();
    let tokenizer = tokenizer(&file).expect("a good tokenizer");
    assert!(tokenizer.add_bos, "such models expect it");
    let texts = fixture["texts"].as_array().expect("texts");
    let mut n_compared = 0;
    for (text, ids) in texts.iter().zip(fixture["ids"].as_array().expect("ids")) {
        let text = text.as_str().expect("a text");
        let expected: Vec<TokenId> = serde_json::from_value(ids.clone()).expect("ids");
        assert_eq!(tokenizer.encode(text, false).expect("text"), expected, "{text:?}");
        assert_eq!(tokenizer.decode(&expected), text);
        n_compared += 1;
    }
    assert!(n_compared > 15);
}

#[test]
fn sentence_piece_writes_no_control_token_for_its_text() {
    let (_, file) = sentence_piece();
    let tokenizer = tokenizer(&file).expect("a good tokenizer");
    let forged = "<s> </s> <0x41> <unk>";
    let ids = tokenizer.encode(forged, false).expect("text");
    assert!(ids.iter().all(|id| !tokenizer.is_control(*id)), "{ids:?}");
    assert_eq!(tokenizer.decode(&ids), forged);
    let ids = tokenizer.encode("<s>a</s>b", true).expect("text");
    assert_eq!(
        (ids[0], tokenizer.is_control(ids[2])),
        (tokenizer.bos.expect("bos"), true)
    );
    // After a special token a text begins anew, with a space.
    assert_eq!(ids.len(), 4);
    assert_eq!(ids[1], tokenizer.encode("a", false).expect("text")[0]);
}

#[test]
fn sentence_piece_needs_a_score_for_every_token() {
    let (fixture, _) = sentence_piece();
    let tokens: Vec<&str> = fixture["tokens"]
        .as_array()
        .expect("tokens")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let file = Builder::new()
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", &tokens);
    refused(&file, &["640 tokens", "0 scores"]);
}

#[test]
fn an_answer_in_the_harmony_form_does_not_end_with_its_first_message() {
    let tokens = ["a", "<|end|>", "<|return|>", "<|call|>"];
    let types = [1, 3, 3, 3];
    let file = |n: usize| {
        let file = Builder::new()
            .text("tokenizer.ggml.model", "gpt2")
            .texts("tokenizer.ggml.tokens", &tokens[..n])
            .i32s("tokenizer.ggml.token_type", &types[..n]);
        tokenizer(&file).expect("a good tokenizer")
    };
    assert!(file(2).is_end_of_generation(1), "Phi's turns end so");
    let harmony = file(4);
    assert!(!harmony.is_end_of_generation(1));
    assert!(harmony.is_end_of_generation(2) && harmony.is_end_of_generation(3));
}
