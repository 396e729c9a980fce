// Q3_K weights: 256 three-bit numbers q in 16 sub-blocks of 16, each with a 6-bit scale s;
// w = (d · (s − 32)) · (q − 4).
//
//   group   qh₀ 8 words │ ql₀ 16 │ s₀ 3 │ qh₁ 8 │ ql₁ 16 │ s₁ 3 │ d₀ d₁ 1 word
//                                                    55 words, 16 units (2 blocks of 110 bytes)
//   Unit u = 4h + k of a block (h = half of 128 elements, k = 0…3), element i, sub-block n = 2u + i/16:
//     low 2 bits   ql byte 32h + i, from bit 2k
//     high bit     qh byte i, bit u
//     s            low 4 bits: byte n mod 8, from bit 4·(n / 8); high 2: byte 8 + n mod 4, bit 2·(n / 4)
//
// Source: ggml block_q3_K, dequantize_row_q3_K. Host side: engine/src/quant/q3_k.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 55u * (unit / 16u);
    let which = (unit / 8u) % 2u;
    let block = group + 27u * which;
    let u = unit % 8u;
    let d = unpack2x16float(word(group + 54u))[which];
    let scales = d * vec2(scale(block + 24u, 2u * u), scale(block + 24u, 2u * u + 1u));
    let low_words = block + 8u + 8u * (u / 4u);
    let low_bits = vec4(0u, 8u, 16u, 24u) + 2u * (u % 4u);
    let high_bits = vec4(0u, 8u, 16u, 24u) + u;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let low = (vec4(word(low_words + i)) >> low_bits) & vec4(3u);
        let high = (vec4(word(block + i)) >> high_bits) & vec4(1u);
        elements[i] = scales[i / 4u] * (vec4<f32>((high << vec4(2u)) | low) - 4.0);
    }
    return elements;
}

// The 6-bit scale of a sub-block, less 32, from the 12 bytes at `scales`.
fn scale(scales: u32, sub_block: u32) -> f32 {
    let at = sub_block % 8u;
    let low = word(scales + at / 4u) >> (8u * (at % 4u) + 4u * (sub_block / 8u));
    let high = word(scales + 2u) >> (8u * (sub_block % 4u) + 2u * (sub_block / 4u));
    return f32((low & 15u) | ((high & 3u) << 4u)) - 32.0;
}
