// Q5_1 weights: 32 five-bit numbers q, a half-precision scale d and a minimum m; w = d · q + m.
//
//   group   d m 1 word │ qh 1 word │ ql 4 words             6 words, 1 unit (1 block of 24 bytes)
//   byte i of ql holds element i in its low nibble and element 16 + i in its high nibble;
//   bit i of qh is the high bit of element i
//
// Source: ggml block_q5_1, dequantize_row_q5_1. Host side: engine/src/quant/q5_1.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 6u * unit;
    let factors = unpack2x16float(word(group));
    let high = word(group + 1u);
    let bits = vec4(0u, 1u, 2u, 3u);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(word(group + 2u + i)) >> vec4(0u, 8u, 16u, 24u);
        let first = ((vec4(high) >> (bits + 4u * i)) & vec4(1u)) << vec4(4u);
        let second = ((vec4(high) >> (bits + 16u + 4u * i)) & vec4(1u)) << vec4(4u);
        elements[i] = factors.x * vec4<f32>((bytes & vec4(15u)) | first) + factors.y;
        elements[i + 4u] = factors.x * vec4<f32>(((bytes >> vec4(4u)) & vec4(15u)) | second) + factors.y;
    }
    return elements;
}
