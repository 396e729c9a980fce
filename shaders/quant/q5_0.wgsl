// Q5_0 weights: 32 five-bit numbers q and one half-precision scale d per block; w = d · (q − 16).
//
//   group   ql₀…ql₇ 4 words each │ qh₀…qh₇ 1 word each │ d₀…d₇ 4 words
//                                                         44 words, 8 units (8 blocks of 22 bytes)
//   byte i of ql holds element i in its low nibble and element 16 + i in its high nibble;
//   bit i of qh is the high bit of element i
//
// Source: ggml block_q5_0, dequantize_row_q5_0. Host side: engine/src/quant/q5_0.rs.
// Needs `weights` from the kernel it is joined to.

fn scale_of(unit: u32) -> f32 {
    return unpack2x16float(weights[11u * (unit / 8u) + 10u][unit % 8u / 2u])[unit % 2u];
}

fn low_bits_of(unit: u32) -> vec4<u32> {
    return weights[11u * (unit / 8u) + unit % 8u];
}

fn high_bits_of(unit: u32) -> u32 {
    return weights[11u * (unit / 8u) + 8u + unit % 8u / 4u][unit % 4u];
}

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let d = scale_of(unit);
    let high = high_bits_of(unit);
    let quants = low_bits_of(unit);
    let bits = vec4(0u, 1u, 2u, 3u);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(quants[i]) >> vec4(0u, 8u, 16u, 24u);
        let first = ((vec4(high) >> (bits + 4u * i)) & vec4(1u)) << vec4(4u);
        let second = ((vec4(high) >> (bits + 16u + 4u * i)) & vec4(1u)) << vec4(4u);
        elements[i] = d * (vec4<f32>((bytes & vec4(15u)) | first) - 16.0);
        elements[i + 4u] = d * (vec4<f32>(((bytes >> vec4(4u)) & vec4(15u)) | second) - 16.0);
    }
    return elements;
}

// The same as bytes: q, with 16 · d to take off.
fn weights_bytes(unit: u32) -> UnitBytes {
    let d = scale_of(unit);
    let high = high_bits_of(unit);
    let bytes = low_bits_of(unit);
    let nibbles = vec4(0x0f0f0f0fu);
    let first = (bytes & nibbles) | spread(high);
    let second = ((bytes >> vec4(4u)) & nibbles) | spread(high >> 16u);
    return UnitBytes(first, second, vec2(d), vec2(16.0 * d));
}

// Bits 0…15, one to each of 16 bytes, at bit 4. The factor brings four bits to bit 0 of four bytes.
fn spread(bits: u32) -> vec4<u32> {
    let fours = (vec4(bits) >> vec4(0u, 4u, 8u, 12u)) & vec4(15u);
    return ((fours * 0x00204081u) & vec4(0x01010101u)) << vec4(4u);
}
