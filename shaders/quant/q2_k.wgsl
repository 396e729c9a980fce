// Q2_K weights: 256 two-bit numbers q in 16 sub-blocks of 16, each with a 4-bit scale s and a 4-bit
// minimum m; w = (d · s) · q − (dmin · m).
//
//   group   scales 4 words │ q 16 words │ d dmin 1 word     21 words, 8 units (1 block of 84 bytes)
//   Unit u = 4h + k (h = half of 128 elements, k = 0…3), element i:
//     q         byte 32h + i, from bit 2k
//     s and m   scales byte 2u + i / 16: low nibble s, high nibble m
//
// Source: ggml block_q2_K, dequantize_row_q2_K. Host side: engine/src/quant/q2_k.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 21u * (unit / 8u);
    let u = unit % 8u;
    let d = unpack2x16float(word(group + 20u));
    let two = word(group + u / 2u) >> (16u * (u % 2u));
    let nibbles = vec4<f32>((vec4(two) >> vec4(0u, 8u, 4u, 12u)) & vec4(15u));
    let scales = d.x * nibbles.xy;
    let mins = d.y * nibbles.zw;
    let quants = group + 4u + 8u * (u / 4u);
    let bits = vec4(0u, 8u, 16u, 24u) + 2u * (u % 4u);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let q = (vec4(word(quants + i)) >> bits) & vec4(3u);
        elements[i] = scales[i / 4u] * vec4<f32>(q) - mins[i / 4u];
    }
    return elements;
}
