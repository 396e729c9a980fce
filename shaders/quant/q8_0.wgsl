// Q8_0 weights: 32 signed bytes q and one half-precision scale d per block; w = q · d.
//
//   group   q₀ 8 words │ q₁ 8 words │ d₀ d₁ 1 word          17 words, 2 units (2 blocks of 34 bytes)
//
// Source: ggml block_q8_0, dequantize_row_q8_0. Host side: engine/src/quant/q8_0.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 17u * (unit / 2u);
    let which = unit % 2u;
    let d = unpack2x16float(weights[group + 16u])[which];
    let quants = group + 8u * which;
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 8u; i++) {
        // Each byte is moved to the top of its lane, then shifted down with its sign.
        let bytes = vec4<i32>(vec4(weights[quants + i]) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
        elements[i] = vec4<f32>(bytes) * d;
    }
    return elements;
}
