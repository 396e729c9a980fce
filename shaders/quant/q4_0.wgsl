// Q4_0 weights: 32 four-bit numbers q and one half-precision scale d per block; w = d · (q − 8).
//
//   group   q₀…q₇ 4 words each │ d₀…d₇ 4 words          36 words, 8 units (8 blocks of 18 bytes)
//   byte i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_q4_0, dequantize_row_q4_0. Host side: engine/src/quant/q4_0.rs.
// Needs `weights` from the kernel it is joined to.

fn scale_of(unit: u32) -> f32 {
    return unpack2x16float(weights[9u * (unit / 8u) + 8u][unit % 8u / 2u])[unit % 2u];
}

fn quants_of(unit: u32) -> vec4<u32> {
    return weights[9u * (unit / 8u) + unit % 8u];
}

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let d = scale_of(unit);
    let quants = quants_of(unit);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(quants[i]) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = d * (vec4<f32>(bytes & vec4(15u)) - 8.0);
        elements[i + 4u] = d * (vec4<f32>((bytes >> vec4(4u)) & vec4(15u)) - 8.0);
    }
    return elements;
}

// The same as bytes: q, with 8 · d to take off.
fn weights_bytes(unit: u32) -> UnitBytes {
    let d = scale_of(unit);
    let quants = quants_of(unit);
    let nibbles = vec4(0x0f0f0f0fu);
    return UnitBytes(quants & nibbles, (quants >> vec4(4u)) & nibbles, vec2(d), vec2(8.0 * d));
}
