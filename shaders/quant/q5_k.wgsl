// Q5_K weights: 256 five-bit numbers q in 8 units of 32, each with a 6-bit scale s and a 6-bit
// minimum m, packed as in Q4_K; w = (d · s) · q − (dmin · m).
//
//   group   d dmin 1 word │ scales 3 words │ qh 8 words │ ql 32 words
//                                                           44 words, 8 units (1 block of 176 bytes)
//   Unit u, element i: low 4 bits ql byte 32·(u / 2) + i, low nibble for even u, else high;
//   high bit qh byte i, bit u
//
// Source: ggml block_q5_K, dequantize_row_q5_K. Host side: engine/src/quant/q5_k.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 44u * (unit / 8u);
    let u = unit % 8u;
    let header = weights[group / 4u];
    let factors = unpack2x16float(header.x) * scale_and_min(header, u);
    let low_words = group + 12u + 8u * (u / 2u);
    let low_bits = vec4(0u, 8u, 16u, 24u) + 4u * (u % 2u);
    let high_bits = vec4(0u, 8u, 16u, 24u) + u;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let low = (vec4(word(low_words + i)) >> low_bits) & vec4(15u);
        let high = (vec4(word(group + 4u + i)) >> high_bits) & vec4(1u);
        elements[i] = factors.x * vec4<f32>((high << vec4(4u)) | low) - factors.y;
    }
    return elements;
}

// The same as bytes: q, with the minimum to take off.
fn weights_bytes(unit: u32) -> UnitBytes {
    let group = 44u * (unit / 8u);
    let u = unit % 8u;
    let header = weights[group / 4u];
    let factors = unpack2x16float(header.x) * scale_and_min(header, u);
    let first = five_bits(unit, 0u);
    let second = five_bits(unit, 1u);
    return UnitBytes(first, second, factors.xx, factors.yy);
}

// Four words of numbers, from word 4 · i of the unit on.
fn five_bits(unit: u32, i: u32) -> vec4<u32> {
    let group = 11u * (unit / 8u);
    let u = unit % 8u;
    let low = weights[group + 3u + 2u * (u / 2u) + i] >> vec4(4u * (u % 2u));
    let high = weights[group + 1u + i] >> vec4(u);
    return (low & vec4(0x0f0f0f0fu)) | ((high & vec4(0x01010101u)) << vec4(4u));
}

// The two 6-bit numbers of a sub-block, from the 12 bytes after the first word.
fn scale_and_min(header: vec4<u32>, sub_block: u32) -> vec2<f32> {
    let bytes = header.yzw >> vec3(8u * (sub_block % 4u));
    let low = bytes.xy & vec2(63u);
    let high = (vec2(bytes.z, bytes.z >> 4u) & vec2(15u)) | ((bytes.xy >> vec2(2u)) & vec2(48u));
    return vec2<f32>(select(high, low, sub_block < 4u));
}
