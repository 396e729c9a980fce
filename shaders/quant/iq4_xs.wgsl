// IQ4_XS weights: 256 four-bit codes of sixteen unevenly spaced values in 8 units of 32, each with a
// 6-bit scale s; w = (d · (s − 32)) · value(code).
//
//   group   d sh 1 word │ sl 1 word │ q 32 words            34 words, 8 units (1 block of 136 bytes)
//   Unit u: s has its low 4 bits in nibble u of sl, its high 2 in bits 2u of sh;
//   byte 16u + i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_iq4_xs, dequantize_row_iq4_xs. Host side: engine/src/quant/iq4_xs.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 34u * (unit / 8u);
    let u = unit % 8u;
    let head = word(group);
    let low = (word(group + 1u) >> (4u * u)) & 15u;
    let high = (head >> (16u + 2u * u)) & 3u;
    let scale = unpack2x16float(head).x * (f32((high << 4u) | low) - 32.0);
    let codes = group + 2u + 4u * u;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(word(codes + i)) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = scale * values(bytes & vec4(15u));
        elements[i + 4u] = scale * values((bytes >> vec4(4u)) & vec4(15u));
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
