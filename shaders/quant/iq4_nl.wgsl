// IQ4_NL weights: 32 four-bit codes of sixteen unevenly spaced values, and one half-precision scale d
// per block; w = d · value(code).
//
//   group   q₀ 4 words │ q₁ 4 words │ d₀ d₁ 1 word          9 words, 2 units (2 blocks of 18 bytes)
//   byte i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_iq4_nl, dequantize_row_iq4_nl. Host side: engine/src/quant/iq4_nl.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 36u * (unit / 8u);
    let which = unit % 8u;
    let d = unpack2x16float(word(group + 32u + which / 2u))[which % 2u];
    let codes = group + 4u * which;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(word(codes + i)) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = d * values(bytes & vec4(15u));
        elements[i + 4u] = d * values((bytes >> vec4(4u)) & vec4(15u));
    }
    return elements;
}

// The sixteen values as signed bytes, four to a word: −127 −104 −83 −65, −49 −35 −22 −10, 1 13 25 38,
// 53 69 89 113.
const VALUES = vec4(0xbfad9881u, 0xf6eaddcfu, 0x26190d01u, 0x71594535u);

fn value(code: u32) -> f32 {
    let shift = 24u - 8u * (code % 4u);
    return f32(bitcast<i32>(VALUES[code / 4u] << shift) >> 24u);
}

fn values(codes: vec4<u32>) -> vec4<f32> {
    return vec4(value(codes.x), value(codes.y), value(codes.z), value(codes.w));
}
