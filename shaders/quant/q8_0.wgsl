// Q8_0 weights: 32 signed bytes q and one half-precision scale d per block; w = q · d.
//
//   group   q₀…q₇ 8 words each │ d₀…d₇ 4 words          68 words, 8 units (8 blocks of 34 bytes)
//
// Source: ggml block_q8_0, dequantize_row_q8_0. Host side: engine/src/quant/q8_0.rs.
// Needs `weights` from the kernel it is joined to.

fn scale_of(unit: u32) -> f32 {
    return unpack2x16float(weights[17u * (unit / 8u) + 16u][unit % 8u / 2u])[unit % 2u];
}

// Where in fours of words the bytes of a unit begin.
fn quants_of(unit: u32) -> u32 {
    return 17u * (unit / 8u) + 2u * (unit % 8u);
}

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let d = scale_of(unit);
    let quants = quants_of(unit);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        // Each byte is moved to the top of its lane, then shifted down with its sign.
        let word = weights[quants + i / 4u][i % 4u];
        let bytes = vec4<i32>(vec4(word) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
        elements[i] = vec4<f32>(bytes) * d;
    }
    return elements;
}

// The same as bytes: q.
fn weights_bytes(unit: u32) -> UnitBytes {
    let quants = quants_of(unit);
    return UnitBytes(weights[quants], weights[quants + 1u], vec2(scale_of(unit)), vec2(0.0));
}
