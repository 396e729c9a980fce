// Q5_K weights: 256 five-bit numbers q in 8 units of 32, each with a 6-bit scale s and a 6-bit
// minimum m, packed as in Q4_K; w = (d · s) · q − (dmin · m).
//
//   group   d dmin 1 word │ scales 3 words │ qh 8 words │ ql 32 words
//                                                           44 words, 8 units (1 block of 176 bytes)
//   Unit u, element i: low 4 bits ql byte 32·(u / 2) + i, low nibble for even u, else high;
//   high bit qh byte i, bit u
//
// Source: ggml block_q5_K, dequantize_row_q5_K. Host side: engine/src/quant/q5_k.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 44u * (unit / 8u);
    let u = unit % 8u;
    let factors = unpack2x16float(weights[group]) * scale_and_min(group + 1u, u);
    let low_words = group + 12u + 8u * (u / 2u);
    let low_bits = vec4(0u, 8u, 16u, 24u) + 4u * (u % 2u);
    let high_bits = vec4(0u, 8u, 16u, 24u) + u;
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 8u; i++) {
        let low = (vec4(weights[low_words + i]) >> low_bits) & vec4(15u);
        let high = (vec4(weights[group + 4u + i]) >> high_bits) & vec4(1u);
        elements[i] = factors.x * vec4<f32>((high << vec4(4u)) | low) - factors.y;
    }
    return elements;
}

// The two 6-bit numbers of a sub-block, from the 12 bytes at `scales`.
fn scale_and_min(scales: u32, sub_block: u32) -> vec2<f32> {
    let shift = 8u * (sub_block % 4u);
    let a = weights[scales] >> shift;
    let b = weights[scales + 1u] >> shift;
    let c = weights[scales + 2u] >> shift;
    let low = vec2(a & 63u, b & 63u);
    let high = vec2((c & 15u) | ((a >> 2u) & 48u), ((c >> 4u) & 15u) | ((b >> 2u) & 48u));
    return vec2<f32>(select(high, low, sub_block < 4u));
}
