// Q5_0 weights: 32 five-bit numbers q and one half-precision scale d per block; w = d · (q − 16).
//
//   group   ql₀ 4 words │ ql₁ 4 words │ qh₀ │ qh₁ │ d₀ d₁ 1 word
//                                                          11 words, 2 units (2 blocks of 22 bytes)
//   byte i of ql holds element i in its low nibble and element 16 + i in its high nibble;
//   bit i of qh is the high bit of element i
//
// Source: ggml block_q5_0, dequantize_row_q5_0. Host side: engine/src/quant/q5_0.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 11u * (unit / 2u);
    let which = unit % 2u;
    let d = unpack2x16float(weights[group + 10u])[which];
    let high = weights[group + 8u + which];
    let quants = group + 4u * which;
    let bits = vec4(0u, 1u, 2u, 3u);
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(weights[quants + i]) >> vec4(0u, 8u, 16u, 24u);
        let first = ((vec4(high) >> (bits + 4u * i)) & vec4(1u)) << vec4(4u);
        let second = ((vec4(high) >> (bits + 16u + 4u * i)) & vec4(1u)) << vec4(4u);
        elements[i] = d * (vec4<f32>((bytes & vec4(15u)) | first) - 16.0);
        elements[i + 4u] = d * (vec4<f32>(((bytes >> vec4(4u)) & vec4(15u)) | second) - 16.0);
    }
    return elements;
}
