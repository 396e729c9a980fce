//! Runs of other programs: each format gives the choices that its fixture was made of
//! (`fixtures/imports.py`), and whatever is broken becomes a sentence, never a panic.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use moescope_run_file::import::{FORMATS, ImportError, import, open};
use moescope_run_file::{Run, read, write};
use moescope_tests::rng::Rng;
use serde_json::{Value, json};

/// Every fixture, what its format is called, how many tokens it tells, and whether it tells weights.
const FIXTURES: [(&str, &str, usize, bool); 7] = [
    ("llama_cpp_moe_trace.csv", "llama.cpp moe-trace", 6, false),
    ("moe_atlas.jsonl", "MoE Atlas", 6, true),
    ("sglang.json", "SGLang routed experts", 7, false),
    ("sglang_generate.json", "SGLang routed experts", 7, false),
    ("vllm.json", "vLLM routed experts", 7, false),
    ("vllm_lists.json", "vLLM routed experts", 7, false),
    ("vllm_u16.json", "vLLM routed experts", 7, false),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/imports")
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the fixture is committed")
}

fn expected() -> Value {
    serde_json::from_str(&fixture("expected.json")).expect("it is JSON")
}

/// Numbers of nested lists, in order.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

#[track_caller]
fn refused(text: &str) -> String {
    let told = import(text).expect_err("it is broken").to_string();
    assert!(told.split_whitespace().count() >= 5, "{told:?} is no sentence");
    told
}

#[test]
fn every_format_gives_the_choices_of_its_fixture() {
    let expected = expected();
    let ids: Vec<u16> = flat(&expected["ids"]).into_iter().map(|id| id as u16).collect();
    for (name, format, n_tokens, has_weights) in FIXTURES {
        let (run, known) = import(&fixture(name)).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(known, format, "{name}");
        assert_eq!(run.rows.expert_ids, ids, "{name}");
        assert_eq!(run.rows.positions, [0, 1, 2, 3, 4, 5], "{name}");
        assert_eq!(run.tokens.ids.len(), n_tokens, "{name}");
        let model = &run.info.model;
        assert_eq!((model.moe_layers.len(), model.top_k), (3, 2), "{name}");
        assert!(model.n_experts <= 8 && model.n_experts > u32::from(*ids.iter().max().expect("some")));
        assert_eq!(!run.rows.expert_weights.is_empty(), has_weights, "{name}");
        assert!(
            run.passes.wall_micros.iter().all(|micros| micros.is_nan()),
            "{name} tells no time"
        );
    }
}

#[test]
fn a_format_without_a_fixture_is_missed_here() {
    for format in FORMATS {
        assert!(
            FIXTURES.iter().any(|fixture| fixture.1 == format.name),
            "{}",
            format.name
        );
    }
    let files = std::fs::read_dir(folder()).expect("the folder").count();
    assert_eq!(files, FIXTURES.len() + 1, "a fixture is in no test");
}

#[test]
fn weights_and_texts_are_taken_where_they_are_told() {
    let (atlas, _) = import(&fixture("moe_atlas.jsonl")).expect("it is whole");
    let told = flat(&expected()["weights"]);
    for (weight, told) in atlas.rows.expert_weights.iter().zip(told) {
        assert!((f64::from(*weight) - told).abs() < 1e-6, "{weight} is not {told}");
    }
    assert_eq!(
        (atlas.tokens.texts.get(0), atlas.info.model.n_experts),
        ("What".into(), 8)
    );
    let (vllm, _) = import(&fixture("vllm.json")).expect("it is whole");
    let generation = &vllm.info.generations[0];
    assert_eq!((generation.prompt_tokens, generation.sampled_tokens), (5, 2));
    assert_eq!(
        (vllm.tokens.texts.get(5), vllm.info.model.name.as_str()),
        ("85".into(), "tiny-moe")
    );
    assert!((f64::from(vllm.tokens.probs[5]) - (-0.25_f64).exp()).abs() < 1e-6);
    assert!(vllm.tokens.probs[0].is_nan(), "a prompt is not drawn");
}

#[test]
fn what_is_imported_can_be_saved_and_opened() {
    for (name, ..) in FIXTURES {
        let (run, _) = import(&fixture(name)).expect("it is whole");
        let bytes = write(&run).unwrap_or_else(|err| panic!("{name}: {err}"));
        let again: Run = read(&bytes).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(again.rows.expert_ids, run.rows.expert_ids);
        assert_eq!(open(&bytes).expect("a run file").1, "moescope run");
        assert!(open(fixture(name).as_bytes()).is_ok(), "{name} as a file");
    }
}

#[test]
fn every_cut_is_a_sentence_or_a_shorter_run() {
    for (name, ..) in FIXTURES {
        let text = fixture(name);
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            match import(&text[..end]) {
                Ok((run, _)) => assert!(run.rows.positions.len() <= 6, "{name} cut at {end}"),
                Err(err) => assert!(!err.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn no_damage_makes_an_importer_panic() {
    const DAMAGES: usize = 4000;
    let mut rng = Rng::new(5);
    let letters = b"0123456789-{}[],:\"e. \nAz+/=\\\x00";
    for (name, ..) in FIXTURES {
        let text = fixture(name);
        let mut refused = 0;
        for _ in 0..DAMAGES / FIXTURES.len() {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len() as u32) as usize;
                let letter = letters[rng.below(letters.len() as u32) as usize];
                match rng.below(3) {
                    0 => bytes[at] = letter,
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, letter),
                }
            }
            refused += usize::from(open(&bytes).is_err());
        }
        assert!(refused > 20, "{name}: only {refused} damages were seen");
    }
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn vllm(array: &[u8]) -> String {
    json!({ "choices": [{ "routed_experts": STANDARD.encode(array) }] }).to_string()
}

#[test]
fn a_numpy_array_that_is_none_is_told_apart() {
    assert!(import(&vllm(&npy("<i4", "(1, 1, 2)", &[1, 0, 0, 0, 2, 0, 0, 0]))).is_ok());
    for (bytes, why) in [
        (npy("<f4", "(1, 1, 2)", &[0; 8]), "whole numbers"),
        (npy("|O", "(1, 1, 2)", &[0; 8]), "whole numbers"),
        (npy("<i4", "(1, 1, 3)", &[0; 8]), "shape does not fit"),
        (
            npy("<i4", "(18446744073709551615, 9, 9)", &[0; 8]),
            "shape does not fit",
        ),
        (npy("<i4", "(0, 1099511627776, 1099511627776)", &[]), "no token"),
        (npy("<i4", "(2,)", &[0; 8]), "routed_experts"),
        (npy("<i4", "(x, 1)", &[0; 8]), "shape cannot be read"),
        (b"\x93NUMPY\x01\x00\xff\xff".to_vec(), "ends within its header"),
        (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "version"),
        (b"PK\x03\x04 and some more".to_vec(), "does not begin"),
    ] {
        let told = refused(&vllm(&bytes));
        assert!(told.contains(why), "{told:?} does not say {why:?}");
    }
    let told = refused(r#"{"choices":[{"routed_experts":"%%%"}]}"#);
    assert!(told.contains("base64"), "{told}");
    let uneven = refused(r#"{"choices":[{"routed_experts":[[[1,2],[3]]]}]}"#);
    assert!(uneven.contains("routed_experts"), "{uneven}");
    refused(r#"{"choices":[{"routed_experts":[]}]}"#);
}

#[test]
fn numbers_that_no_model_has_are_refused() {
    let huge = vllm(&npy("<i8", "(1, 1, 2)", &[0xff; 16]));
    // All −1: nothing was told of the only token.
    assert!(matches!(import(&huge), Err(ImportError::Empty)));
    let mut ids = i64::MAX.to_le_bytes().to_vec();
    ids.extend(1_i64.to_le_bytes());
    let told = refused(&vllm(&npy("<i8", "(1, 1, 2)", &ids)));
    assert!(told.contains("which no model has"), "{told}");
    refused("layer,expert\n4294967295,1\n");
    refused("layer,expert\n0,-5\n");
    let told = refused("layer,expert\n0,1\n0,two\n");
    assert!(told.contains("line 3"), "{told}");
    let atlas = |token: u64, expert: i64, n_experts: u64| {
        json!({
            "model_id": "m", "num_experts": n_experts, "top_k": 1,
            "activations": [{ "layer": 0, "token_idx": token, "expert_idx": expert, "gate_weight": 1.0 }],
        })
        .to_string()
    };
    assert!(import(&atlas(0, 3, 8)).is_ok());
    refused(&atlas(u64::MAX / 2, 3, 8));
    refused(&atlas(0, -7, 8));
    refused(&atlas(0, 3, 4_000_000_000));
}

#[test]
fn an_sglang_response_without_counts_asks_for_the_shape() {
    let packed = STANDARD.encode([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
    let response = |more: Value| {
        let mut response = json!({ "meta_info": { "routed_experts": packed } });
        let object = response.as_object_mut().expect("an object");
        object.extend(more.as_object().expect("an object").clone());
        response.to_string()
    };
    let told = refused(&response(json!({})));
    assert!(told.contains("\"moe_layers\" and \"top_k\""), "{told}");
    let (run, _) = import(&response(json!({ "moe_layers": 1, "top_k": 2 }))).expect("its shape is told");
    assert_eq!((run.rows.positions.len(), run.rows.expert_ids.len()), (2, 4));
    refused(&response(json!({ "moe_layers": 3, "top_k": 1 })));
    refused(&response(json!({ "moe_layers": u64::MAX, "top_k": u64::MAX })));
    let odd = STANDARD.encode([1, 0, 0]);
    let told = refused(&json!({ "meta_info": { "routed_experts": odd } }).to_string());
    assert!(told.contains("do not divide"), "{told}");
}

#[test]
fn what_is_something_else_is_told_what_is_read() {
    for text in [
        "",
        "hello",
        "{}",
        "[1, 2]",
        "null",
        "\u{feff}",
        "{\"choices\": []}",
        "a,b\nc,d",
    ] {
        let told = refused(text);
        assert!(
            told.contains("MoE Atlas") && told.contains("SGLang"),
            "{text:?}: {told}"
        );
    }
}
