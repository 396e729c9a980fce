//! Weight formats: decoded values are the very bits the `gguf` Python package gives, repacking
//! loses nothing, and every shader part is valid WGSL that defines `weights_unit`.

use moescope_engine::kernels::UNIT_BYTES_WGSL;
use moescope_engine::quant::{Format, UNIT_ELEMENTS};
use serde_json::Value;

/// Blocks of one format and the values they hold, from `fixtures/quants.py`.
struct Golden {
    format: Format,
    blocks: &'static [u8],
    values: Vec<f32>,
}

fn goldens() -> Vec<Golden> {
    let data: &'static [u8] = include_bytes!("fixtures/quants/goldens.bin");
    let index: Vec<Value> =
        serde_json::from_str(include_str!("fixtures/quants/index.json")).expect("index is JSON");
    let golden = |entry: &Value| {
        let number = |key: &str| entry[key].as_u64().expect("a number") as usize;
        let name = entry["format"].as_str().expect("a name");
        let (blocks, values) = (number("blocks_at"), number("values_at"));
        Golden {
            format: *Format::ALL
                .iter()
                .find(|format| format.name() == name)
                .expect("a format of ours"),
            blocks: &data[blocks..blocks + number("blocks_bytes")],
            values: f32s(&data[values..values + 4 * number("values")]),
        }
    };
    index.iter().map(golden).collect()
}

#[test]
fn every_format_has_goldens() {
    let mut with_goldens: Vec<_> = goldens().iter().map(|golden| golden.format).collect();
    with_goldens.sort();
    assert_eq!(with_goldens, Format::ALL);
}

#[test]
fn decoded_values_are_the_bits_of_the_gguf_package() {
    for Golden {
        format,
        blocks,
        values,
    } in goldens()
    {
        let mut decoded = vec![0.0; values.len()];
        format.to_f32(blocks, &mut decoded);
        for (i, (got, expected)) in decoded.iter().zip(&values).enumerate() {
            // infinity × 0 is a NaN whose sign and payload the standard leaves open.
            let same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
            assert!(same, "{format} element {i}: got {got:e}, expected {expected:e}");
        }
    }
}

#[test]
fn list_is_sorted_by_name_and_knows_its_ggml_numbers() {
    let names: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
    assert!(names.is_sorted(), "{names:?}");
    let from_ggml: Vec<_> = [30, 1, 0, 20, 23, 39, 10, 11, 2, 3, 12, 6, 7, 13, 14, 8]
        .into_iter()
        .map(Format::from_ggml)
        .collect();
    assert_eq!(
        from_ggml,
        Format::ALL.iter().copied().map(Some).collect::<Vec<_>>()
    );
    assert_eq!(Format::from_ggml(16), None);
}

#[test]
fn bytes_for_refuses_parts_of_blocks_and_overflow() {
    assert_eq!(Format::Q6_K.bytes_for(512), Some(420));
    assert_eq!(Format::Q6_K.bytes_for(511), None);
    assert_eq!(Format::F32.bytes_for(1 << 62), None);
}

#[test]
fn repacking_keeps_every_byte_of_a_group() {
    for Golden { format, blocks, .. } in goldens() {
        let whole_groups = blocks.len() / format.group_bytes() * format.group_bytes();
        let mut words = Vec::new();
        format.repack(&blocks[..whole_groups], &mut words);
        assert_eq!(words.len(), whole_groups / 4, "{format}");
        assert_eq!(
            sorted(bytemuck::cast_slice(&words)),
            sorted(&blocks[..whole_groups]),
            "{format}"
        );
    }
}

#[test]
fn repacking_in_pieces_of_whole_groups_equals_repacking_at_once() {
    for Golden { format, blocks, .. } in goldens() {
        let (mut at_once, mut in_pieces) = (Vec::new(), Vec::new());
        format.repack(blocks, &mut at_once);
        blocks
            .chunks(format.group_bytes())
            .for_each(|group| format.repack(group, &mut in_pieces));
        assert_eq!(at_once, in_pieces, "{format}");
    }
}

#[test]
fn an_incomplete_last_group_is_filled_with_zeros() {
    for Golden { format, blocks, .. } in goldens() {
        let one_block = &blocks[..format.block_bytes()];
        let mut padded = one_block.to_vec();
        padded.resize(format.group_bytes(), 0);
        let (mut from_block, mut from_padded) = (Vec::new(), Vec::new());
        format.repack(one_block, &mut from_block);
        format.repack(&padded, &mut from_padded);
        assert_eq!(from_block, from_padded, "{format}");
        assert_eq!(from_block.len(), format.group_words(), "{format}");
        assert_eq!(
            format.group_elements(),
            format.group_units() * UNIT_ELEMENTS,
            "{format}"
        );
    }
}

#[test]
fn every_shader_part_is_valid_and_decodes_units() {
    for format in Format::ALL {
        // The smallest kernel a part can be joined to.
        let kernel = "
            @group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;
            @group(0) @binding(1) var<storage, read_write> out: array<vec4<f32>>;
            @compute @workgroup_size(64)
            fn decode(@builtin(global_invocation_id) id: vec3<u32>) {
                var elements: array<vec4<f32>, 8> = weights_unit(id.x);
                for (var i = 0u; i < 8u; i++) { out[8u * id.x + i] = elements[i]; }
            }";
        let text = [UNIT_BYTES_WGSL, format.wgsl(), kernel].join("\n");
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|err| panic!("{format}: {}", err.emit_to_string(&text)));
        // Half floats in a word are read by WebGPU itself, without shader-f16.
        let core = naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32;
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), core);
        validator
            .validate(&module)
            .unwrap_or_else(|err| panic!("{format}: {}", err.emit_to_string(&text)));
    }
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect()
}

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.sort_unstable();
    bytes
}
