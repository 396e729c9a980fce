// Q6_K weights: 256 six-bit numbers q in 16 sub-blocks of 16, each with a signed byte s as scale;
// w = (d · s) · (q − 32).
//
//   group   ql₀ 32 words │ qh₀ 16 │ s₀ 4 │ ql₁ 32 │ qh₁ 16 │ s₁ 4 │ d₀ d₁ 1 word
//                                                    105 words, 16 units (2 blocks of 210 bytes)
//   Unit u = 4h + k of a block (h = half of 128 elements, k = 0…3), element i:
//     low 4 bits   ql byte 64h + 32·(k mod 2) + i, low nibble for k < 2, else high
//     high 2 bits  qh byte 32h + i, from bit 2k
//     scale        s byte 2u + i / 16
//
// Source: ggml block_q6_K, dequantize_row_q6_K. Host side: engine/src/quant/q6_k.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 105u * (unit / 16u);
    let which = (unit / 8u) % 2u;
    let block = group + 52u * which;
    let u = unit % 8u;
    let half = u / 4u;
    let k = u % 4u;

    let d = unpack2x16float(weights[group + 104u])[which];
    let two_scales = weights[block + 48u + u / 2u] >> (16u * (u % 2u));
    let scales = d * vec2<f32>(vec2<i32>(vec2(two_scales) << vec2(24u, 16u)) >> vec2(24u));

    let low_words = block + 16u * half + 8u * (k % 2u);
    let low_bits = vec4(0u, 8u, 16u, 24u) + 4u * (k / 2u);
    let high_words = block + 32u + 8u * half;
    let high_bits = vec4(0u, 8u, 16u, 24u) + 2u * k;
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 8u; i++) {
        let low = (vec4(weights[low_words + i]) >> low_bits) & vec4(15u);
        let high = (vec4(weights[high_words + i]) >> high_bits) & vec4(3u);
        elements[i] = scales[i / 4u] * (vec4<f32>((high << vec4(4u)) | low) - 32.0);
    }
    return elements;
}
