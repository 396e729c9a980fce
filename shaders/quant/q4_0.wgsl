// Q4_0 weights: 32 four-bit numbers q and one half-precision scale d per block; w = d · (q − 8).
//
//   group   q₀ 4 words │ q₁ 4 words │ d₀ d₁ 1 word          9 words, 2 units (2 blocks of 18 bytes)
//   byte i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_q4_0, dequantize_row_q4_0. Host side: engine/src/quant/q4_0.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 9u * (unit / 2u);
    let which = unit % 2u;
    let d = unpack2x16float(weights[group + 8u])[which];
    let quants = group + 4u * which;
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(weights[quants + i]) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = d * (vec4<f32>(bytes & vec4(15u)) - 8.0);
        elements[i + 4u] = d * (vec4<f32>((bytes >> vec4(4u)) & vec4(15u)) - 8.0);
    }
    return elements;
}
