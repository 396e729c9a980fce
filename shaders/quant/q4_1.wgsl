// Q4_1 weights: 32 four-bit numbers q, a half-precision scale d and a minimum m; w = d · q + m.
//
//   group   d m 1 word │ q 4 words                          5 words, 1 unit (1 block of 20 bytes)
//   byte i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_q4_1, dequantize_row_q4_1. Host side: engine/src/quant/q4_1.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 5u * unit;
    let factors = unpack2x16float(word(group));
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(word(group + 1u + i)) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = factors.x * vec4<f32>(bytes & vec4(15u)) + factors.y;
        elements[i + 4u] = factors.x * vec4<f32>((bytes >> vec4(4u)) & vec4(15u)) + factors.y;
    }
    return elements;
}
