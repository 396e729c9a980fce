//! The GGUF reader: what it reads, what it refuses and with which sentence, and that nothing in a
//! file can make it panic or allocate beyond the file's size.

use moescope_engine::gguf::{Array, Gguf, GgufError, Looks, Value};
use moescope_engine::quant::Format;
use moescope_engine::source::{Parts, SourceError, part_names};
use moescope_engine::{ByteSource, MemorySource};
use moescope_tests::gguf_bytes::{Builder, array, string, value_type};

const F32: u32 = 0;
const F16: u32 = 1;
const Q4_0: u32 = 2;

fn read(bytes: Vec<u8>) -> Result<Gguf, GgufError> {
    pollster::block_on(Gguf::read(&MemorySource(bytes)))
}

/// The error of a file, and that its sentence mentions what a person needs.
#[track_caller]
fn refused(bytes: Vec<u8>, mentions: &[&str]) -> GgufError {
    let err = read(bytes).expect_err("the file should be refused");
    let sentence = err.to_string();
    for word in mentions {
        assert!(sentence.contains(word), "{sentence:?} does not mention {word:?}");
    }
    err
}

/// A small file with every kind of value and two tensors.
fn sample() -> Builder {
    let pair_of_bools = array(value_type::BOOL, 2, &[1, 0]);
    let nested = array(value_type::ARRAY, 1, &array(value_type::U8, 2, &[7, 8]));
    Builder::new()
        .text("general.architecture", "qwen3moe")
        .u32("qwen3moe.block_count", 3)
        .pair("qwen3moe.expert_count", value_type::U16, 128u16.to_le_bytes())
        .pair("qwen3moe.expert_used_count", value_type::I64, 8i64.to_le_bytes())
        .pair("negative", value_type::I8, [0xff])
        .pair("large", value_type::U64, u64::MAX.to_le_bytes())
        .pair("double", value_type::F64, 1e-6f64.to_le_bytes())
        .f32("qwen3moe.rope.freq_base", 1e6)
        .bool("tokenizer.ggml.add_bos_token", false)
        .texts("tokenizer.ggml.tokens", &["a", "", "Ġß"])
        .i32s("tokenizer.ggml.token_type", &[1, -1, 3])
        .pair("flags", value_type::ARRAY, pair_of_bools)
        .pair("nested", value_type::ARRAY, nested)
        .tensor("output_norm.weight", &[3], F32, &[0; 12])
        .tensor("token_embd.weight", &[64, 2, 2], Q4_0, &[1; 144])
}

// What is read.

#[test]
fn reads_metadata_of_every_type() {
    let gguf = read(sample().bytes()).expect("a good file");
    let metadata = &gguf.metadata;
    assert_eq!(gguf.version, 3);
    assert_eq!(metadata.str("general.architecture").expect("text"), "qwen3moe");
    assert_eq!(metadata.u32("qwen3moe.expert_count").expect("u16 fits"), 128);
    assert_eq!(metadata.u32("qwen3moe.expert_used_count").expect("i64 fits"), 8);
    assert_eq!(metadata.u64("large").expect("u64"), u64::MAX);
    assert_eq!(metadata.f32("double").expect("f64"), 1e-6);
    assert_eq!(metadata.f32("qwen3moe.rope.freq_base").expect("f32"), 1e6);
    assert_eq!(
        metadata
            .f32("qwen3moe.block_count")
            .expect("a whole number is a number"),
        3.0
    );
    assert!(!metadata.bool("tokenizer.ggml.add_bos_token").expect("bool"));
    assert_eq!(
        metadata
            .strings("tokenizer.ggml.tokens")
            .expect("texts")
            .join("|"),
        "a||Ġß"
    );
    assert_eq!(
        metadata.i32s("tokenizer.ggml.token_type").expect("i32s"),
        [1, -1, 3]
    );
    assert_eq!(
        metadata.f32s("tokenizer.ggml.token_type").expect("numbers"),
        [1.0, -1.0, 3.0]
    );
    let nested = Array::Scalars {
        of: moescope_engine::gguf::ValueType::U8,
        bytes: [7, 8].into(),
    };
    assert_eq!(
        metadata.get("nested"),
        Some(&Value::Array(Array::Arrays(vec![nested])))
    );
    assert_eq!(metadata.iter().map(|(key, _)| key).nth(4), Some("negative"));
}

#[test]
fn finds_tensors_with_their_bytes() {
    let file = sample().bytes();
    let gguf = read(file.clone()).expect("a good file");
    let tensor = gguf.tensor("token_embd.weight").expect("a tensor of that name");
    assert_eq!(
        (tensor.format, tensor.cols(), tensor.rows(), tensor.elements()),
        (Format::Q4_0, 64, 4, 256)
    );
    assert_eq!(tensor.range.end, file.len() as u64);
    assert_eq!(file[tensor.range.start as usize..], [1; 144]);
    assert_eq!(gguf.data_start % gguf.alignment, 0);
    assert_eq!(gguf.tensors.len(), 2);
    assert_eq!(gguf.tensor("blk.0.attn_q.weight"), None);
}

#[test]
fn reads_version_2() {
    assert_eq!(
        read(
            Builder {
                version: 2,
                ..sample()
            }
            .bytes()
        )
        .expect("version 2")
        .version,
        2
    );
}

#[test]
fn reads_other_alignments() {
    let builder = Builder {
        alignment: 8,
        ..Builder::new()
    }
    .u32("general.alignment", 8);
    let gguf = read(
        builder
            .tensor("a", &[1], F32, &[0; 4])
            .tensor("b", &[1], F32, &[0; 4])
            .bytes(),
    )
    .expect("alignment 8");
    assert_eq!(gguf.tensors[1].range.start - gguf.data_start, 8);
}

#[test]
fn reads_a_header_of_many_chunks_in_few_requests() {
    let tokens: Vec<String> = (0..150_000).map(|i| format!("token number {i}")).collect();
    let file = sample()
        .texts("many", &tokens)
        .tensor("more", &[1 << 20], F32, &vec![0; 4 << 20])
        .bytes();
    let source = Counting {
        bytes: MemorySource(file),
        requests: 0.into(),
        asked: 0.into(),
    };
    let gguf = pollster::block_on(Gguf::read(&source)).expect("a good file");
    assert_eq!(gguf.metadata.strings("many").expect("texts").len(), tokens.len());
    assert!(source.requests.get() <= 6, "{} requests", source.requests.get());
    assert!(
        source.asked.get() <= 2 * gguf.data_start,
        "{} of {} bytes",
        source.asked.get(),
        gguf.data_start
    );
}

/// Counts what is asked of it.
struct Counting {
    bytes: MemorySource,
    requests: std::cell::Cell<u32>,
    asked: std::cell::Cell<u64>,
}

impl ByteSource for Counting {
    fn length(&self) -> u64 {
        self.bytes.length()
    }

    async fn read(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>, SourceError> {
        self.requests.update(|n| n + 1);
        self.asked.update(|n| n + range.end - range.start);
        self.bytes.read(range).await
    }
}

// What typed access refuses.

#[test]
fn access_names_key_expected_and_found() {
    let gguf = read(sample().bytes()).expect("a good file");
    let sentence = |err: GgufError| err.to_string();
    let missing = sentence(gguf.metadata.u32("absent").expect_err("missing"));
    assert!(missing.contains("\"absent\""), "{missing}");
    assert_eq!(gguf.metadata.opt_u32("absent").expect("absent is fine"), None);
    let wrong = sentence(gguf.metadata.u32("general.architecture").expect_err("a text"));
    assert!(
        wrong.contains("general.architecture") && wrong.contains("whole number") && wrong.contains("a text"),
        "{wrong}"
    );
    let narrow = sentence(gguf.metadata.u32("negative").expect_err("−1 is no u32"));
    assert!(narrow.contains("-1 does not fit"), "{narrow}");
    let wide = sentence(gguf.metadata.u32("large").expect_err("too large"));
    assert!(wide.contains("18446744073709551615"), "{wide}");
    let items = sentence(gguf.metadata.u32s("tokenizer.ggml.tokens").expect_err("texts"));
    assert!(items.contains("array of texts"), "{items}");
    assert!(
        gguf.metadata.u32s("tokenizer.ggml.token_type").is_err(),
        "−1 is no u32"
    );
    assert!(gguf.metadata.opt_strings("flags").is_err());
}

// Files that are no GGUF.

#[test]
fn rejects_empty_file() {
    assert!(matches!(refused(vec![], &["empty"]), GgufError::Empty));
}

#[test]
fn says_what_other_files_look_like() {
    let safetensors = [&80u64.to_le_bytes()[..], b"{\"__metadata__\":{}}"].concat();
    let cases: [(&[u8], Looks, &str); 11] = [
        (b"<!DOCTYPE html><html>", Looks::Html, "web page"),
        (b"\n <html lang=en>", Looks::Html, "web page"),
        (&safetensors, Looks::Safetensors, "safetensors"),
        (b"\x08\x07\x12\x07pytorch", Looks::Onnx, "ONNX"),
        (b"\x1f\x8b\x08\0\0\0", Looks::Gzip, "gzip"),
        (b"PK\x03\x04", Looks::Zip, "zip"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            Looks::GitLfsPointer,
            "git lfs pull",
        ),
        (b"{\"error\":\"Repository not found\"}", Looks::Json, "JSON"),
        (b"tjgg\x03\0\0\0", Looks::OldGgml, "before GGUF"),
        (b"\x28\xb5\x2f\xfd", Looks::Zstd, "zstd"),
        (b"GG", Looks::Unknown([b'G', b'G', 0, 0]), "nothing known"),
    ];
    for (bytes, expected, words) in cases {
        match refused(bytes.to_vec(), &["not a GGUF", words]) {
            GgufError::NotGguf(looks) => assert_eq!(looks, expected),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn rejects_big_endian() {
    let mut bytes = sample().bytes();
    bytes[4..8].reverse();
    refused(bytes, &["big-endian", "gguf_convert_endian"]);
}

#[test]
fn rejects_versions_1_and_4() {
    for version in [0, 1, 4] {
        refused(Builder { version, ..sample() }.bytes(), &["version", "2 and 3"]);
    }
}

#[test]
fn rejects_one_part_of_a_split_model() {
    let file =
        sample()
            .pair("split.no", value_type::U16, [1, 0])
            .pair("split.count", value_type::U16, [3, 0]);
    refused(file.bytes(), &["part 2", "split into 3", "1 came"]);
}

/// A part of two, with one tensor of 32 floats of that value.
fn part(number: u8, name: &str, value: f32) -> MemorySource {
    let data: Vec<u8> = (0..32).flat_map(|_| value.to_le_bytes()).collect();
    let part = Builder::new()
        .pair("split.no", value_type::U16, [number, 0])
        .pair("split.count", value_type::U16, [2, 0]);
    MemorySource(part.tensor(name, &[32], F32, &data).bytes())
}

#[test]
fn parts_of_a_split_model_are_one() {
    let source = Parts(vec![part(0, "a", 1.0), part(1, "b", 2.0)]);
    let gguf = pollster::block_on(Gguf::read(&source)).expect("two good parts");
    assert_eq!(gguf.file_bytes, source.length());
    for (name, value) in [("a", 1.0f32), ("b", 2.0)] {
        let tensor = gguf.tensor(name).expect("it is there");
        let bytes = pollster::block_on(source.read(tensor.range.clone())).expect("its bytes");
        assert_eq!(bytes, value.to_le_bytes().repeat(32), "{name}");
    }
    let across = pollster::block_on(source.read(0..source.length())).expect("all of it");
    assert_eq!(across.len() as u64, source.length());
    assert!(pollster::block_on(source.read(1..source.length() + 1)).is_err());
}

#[test]
fn parts_in_another_order_or_twice_are_refused() {
    let read = |parts| {
        let err = pollster::block_on(Gguf::read(&Parts(parts))).expect_err("refused");
        err.to_string()
    };
    let told = read(vec![part(1, "b", 2.0), part(0, "a", 1.0)]);
    assert!(told.contains("number 2 stands where number 1 should"), "{told}");
    let told = read(vec![part(0, "a", 1.0), part(1, "a", 2.0)]);
    assert!(told.contains("\"a\""), "{told}");
    let told = read(vec![part(0, "a", 1.0), part(1, "b", 1.0), part(1, "c", 1.0)]);
    assert!(told.contains("split into 2, and 3 came"), "{told}");
}

#[test]
fn names_of_parts_follow_from_one() {
    let names = part_names("model-Q4_K_M-00002-of-00003.gguf").expect("a part");
    assert_eq!(names.len(), 3);
    assert_eq!(names[0], "model-Q4_K_M-00001-of-00003.gguf");
    for other in [
        "model.gguf",
        "a-of-b.gguf",
        "m-1-of-3.gguf",
        "m-00001-of-00001.gguf",
        "m-00001-of-99999.gguf",
        "m-00001-of-00003.bin",
    ] {
        assert_eq!(part_names(other), None, "{other}");
    }
}

// Damaged headers.

#[test]
fn rejects_header_cut_anywhere() {
    let file = sample().bytes();
    let header = read(file.clone()).expect("a good file").data_start;
    for length in 0..header as usize {
        assert!(read(file[..length].to_vec()).is_err(), "cut at {length}");
    }
}

#[test]
fn rejects_more_pairs_than_possible() {
    refused(
        Builder {
            n_pairs: Some(u64::MAX),
            ..sample()
        }
        .bytes(),
        &["key-value pairs", "damaged"],
    );
}

#[test]
fn rejects_more_tensors_than_possible() {
    refused(
        Builder {
            n_tensors: Some(1 << 40),
            ..sample()
        }
        .bytes(),
        &["tensors", "damaged"],
    );
}

#[test]
fn rejects_more_tensors_than_the_file_holds() {
    refused(
        Builder {
            n_tensors: Some(3),
            ..sample()
        }
        .bytes(),
        &[],
    );
}

#[test]
fn rejects_string_longer_than_file() {
    for length in [1 << 20, 1 << 40, u64::MAX] {
        refused(
            Builder::new()
                .pair("a", value_type::TEXT, length.to_le_bytes())
                .bytes(),
            &["truncated"],
        );
    }
}

#[test]
fn rejects_array_longer_than_file() {
    for item_type in 0..=12 {
        for count in [1 << 20, 1 << 61, u64::MAX] {
            let value = array(item_type, count, &[0; 64]);
            refused(
                Builder::new().pair("a", value_type::ARRAY, value).bytes(),
                &["truncated"],
            );
        }
    }
}

#[test]
fn rejects_header_larger_than_the_cap() {
    /// A huge file of which only the beginning is ever there.
    struct Huge(Vec<u8>);
    impl ByteSource for Huge {
        fn length(&self) -> u64 {
            1 << 50
        }
        async fn read(&self, range: std::ops::Range<u64>) -> Result<Vec<u8>, SourceError> {
            let mut bytes = self.0.clone();
            bytes.resize(range.end as usize, 0);
            Ok(bytes.split_off(range.start as usize))
        }
    }
    let value = array(value_type::U8, 1 << 40, &[]);
    let huge = Huge(Builder::new().pair("a", value_type::ARRAY, value).bytes());
    let err = pollster::block_on(Gguf::read(&huge)).expect_err("a header of a terabyte");
    assert!(matches!(err, GgufError::HeaderTooLarge { .. }), "{err}");
}

#[test]
fn rejects_deeply_nested_arrays() {
    let mut value = array(value_type::U8, 0, &[]);
    for _ in 0..100_000 {
        value = [&value_type::ARRAY.to_le_bytes()[..], &1u64.to_le_bytes(), &value].concat();
        if value.len() > 4096 {
            break;
        }
    }
    refused(
        Builder::new().pair("a", value_type::ARRAY, value).bytes(),
        &["\"a\"", "nested"],
    );
}

#[test]
fn rejects_unknown_value_type() {
    refused(Builder::new().pair("a", 13, []).bytes(), &["\"a\"", "13"]);
    refused(
        Builder::new()
            .pair("a", value_type::ARRAY, array(99, 0, &[]))
            .bytes(),
        &["\"a\"", "99"],
    );
}

#[test]
fn rejects_truth_value_that_is_neither() {
    refused(
        Builder::new().pair("a", value_type::BOOL, [2]).bytes(),
        &["\"a\"", "2"],
    );
}

#[test]
fn rejects_text_that_is_not_utf8() {
    refused(
        Builder::new()
            .pair("a", value_type::TEXT, string(&[0xff]))
            .bytes(),
        &["UTF-8"],
    );
}

#[test]
fn rejects_duplicate_keys() {
    refused(
        Builder::new().u32("a", 1).u32("a", 1).bytes(),
        &["\"a\"", "twice"],
    );
}

#[test]
fn rejects_overlong_key() {
    refused(Builder::new().u32(&"k".repeat(70_000), 1).bytes(), &["70000"]);
}

#[test]
fn rejects_alignment_that_is_no_power_of_two() {
    for alignment in [0, 3, 48] {
        refused(
            Builder::new().u32("general.alignment", alignment).bytes(),
            &["general.alignment", "power of two"],
        );
    }
    refused(
        Builder::new().text("general.alignment", "32").bytes(),
        &["general.alignment", "a text"],
    );
}

// Damaged tensors.

#[test]
fn rejects_duplicate_tensors() {
    let file = Builder::new()
        .tensor("a", &[1], F32, &[0; 4])
        .tensor("a", &[1], F32, &[0; 4]);
    refused(file.bytes(), &["\"a\"", "twice"]);
}

#[test]
fn rejects_dimension_counts_other_than_1_to_4() {
    refused(
        Builder::new().tensor("a", &[], F32, &[0; 4]).bytes(),
        &["\"a\"", "0 dimensions"],
    );
    refused(
        Builder::new().tensor("a", &[1; 5], F32, &[0; 4]).bytes(),
        &["\"a\"", "5 dimensions"],
    );
}

#[test]
fn rejects_shapes_that_are_empty_or_overflow() {
    let shapes: [&[u64]; 4] = [
        &[4, 0],
        &[1 << 32, 1 << 32],
        &[u64::MAX, u64::MAX, 2, 2],
        &[1 << 62],
    ];
    for dims in shapes {
        refused(
            Builder::new().tensor("a", dims, F32, &[0; 64]).bytes(),
            &["\"a\"", "sizes"],
        );
    }
}

#[test]
fn rejects_rows_that_are_no_whole_blocks() {
    refused(
        Builder::new().tensor("a", &[48, 2], Q4_0, &[0; 54]).bytes(),
        &["\"a\"", "48", "32", "Q4_0"],
    );
}

#[test]
fn rejects_unsupported_formats_by_name() {
    let sentence = refused(
        Builder::new().tensor("a", &[256], 16, &[0; 66]).bytes(),
        &["\"a\"", "IQ2_XXS"],
    )
    .to_string();
    assert!(sentence.ends_with("Q5_1, Q5_K, Q6_K, Q8_0"), "{sentence}");
    refused(
        Builder::new().tensor("a", &[256], 4711, &[0; 66]).bytes(),
        &["4711"],
    );
}

#[test]
fn rejects_unaligned_offset() {
    refused(
        Builder::new()
            .tensor("a", &[1], F32, &[0; 64])
            .info("b", &[1], F32, 4)
            .bytes(),
        &["\"b\"", "offset 4"],
    );
}

#[test]
fn rejects_tensor_past_the_end_and_says_how_much_is_missing() {
    let mut file = sample().bytes();
    file.truncate(file.len() - 100);
    refused(file, &["token_embd.weight", "100 bytes", "download"]);
    for offset in [1 << 40, u64::MAX - 31] {
        refused(
            Builder::new().info("a", &[1], F16, offset).bytes(),
            &["\"a\"", "past the end"],
        );
    }
}

// Anything at all.

#[test]
fn no_mutation_makes_the_reader_panic() {
    let files = [
        sample().bytes(),
        Builder::new().bytes(),
        sample().u32("general.alignment", 64).bytes(),
    ];
    let mut random = SplitMix(0x6d6f_6573);
    let started = std::time::Instant::now();
    let (mut read_well, mut refused) = (0u32, 0u32);
    while started.elapsed().as_secs_f32() < 2.0 {
        let mut bytes = files[random.below(files.len())].clone();
        for _ in 0..=random.below(4) {
            random.mutate(&mut bytes);
        }
        match read(bytes) {
            Ok(gguf) => {
                assert!(
                    gguf.tensors
                        .iter()
                        .all(|tensor| tensor.range.end <= gguf.file_bytes)
                );
                read_well += 1;
            }
            Err(err) => {
                assert!(!err.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(
        read_well > 100 && refused > 100,
        "{read_well} read, {refused} refused: the mutations do not reach far"
    );
}

/// A seeded generator (splitmix64).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Changes one byte, writes a telling number, cuts, or doubles a stretch.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => {
                let stretch = bytes[at..(at + self.below(40)).min(bytes.len())].to_vec();
                bytes.splice(at..at, stretch);
            }
            2 | 3 => {
                let numbers = [
                    0,
                    1,
                    9,
                    32,
                    255,
                    1 << 16,
                    1 << 31,
                    1 << 32,
                    1 << 62,
                    1 << 63,
                    u64::MAX,
                ];
                let number = numbers[self.below(numbers.len())].to_le_bytes();
                bytes[at..]
                    .iter_mut()
                    .zip(number)
                    .for_each(|(to, from)| *to = from);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}
