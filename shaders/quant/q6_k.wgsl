// Q6_K weights: 256 six-bit numbers q in 16 sub-blocks of 16, each with a signed byte s as scale;
// w = (d · s) · (q − 32).
//
//   group   eight times: ql 32 words │ qh 16 │ s 4; then d₀…d₇ 4 words
//                                                    420 words, 64 units (8 blocks of 210 bytes)
//   Unit u = 4h + k of a block (h = half of 128 elements, k = 0…3), element i:
//     low 4 bits   ql byte 64h + 32·(k mod 2) + i, low nibble for k < 2, else high
//     high 2 bits  qh byte 32h + i, from bit 2k
//     scale        s byte 2u + i / 16
//
// Source: ggml block_q6_K, dequantize_row_q6_K. Host side: engine/src/quant/q6_k.rs.
// Needs `weights` from the kernel it is joined to.

// Where in fours of words the block of a unit begins.
fn block_of(unit: u32) -> u32 {
    return 105u * (unit / 64u) + 13u * (unit % 64u / 8u);
}

// d · s of the two halves of a unit.
fn scales_of(unit: u32) -> vec2<f32> {
    let two_ds = weights[105u * (unit / 64u) + 104u][unit % 64u / 16u];
    let d = unpack2x16float(two_ds)[unit / 8u % 2u];
    let u = unit % 8u;
    let two_scales = weights[block_of(unit) + 12u][u / 2u] >> (16u * (u % 2u));
    return d * vec2<f32>(vec2<i32>(vec2(two_scales) << vec2(24u, 16u)) >> vec2(24u));
}

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let block = block_of(unit);
    let u = unit % 8u;
    let half = u / 4u;
    let k = u % 4u;

    let scales = scales_of(unit);

    let low_words = 4u * block + 16u * half + 8u * (k % 2u);
    let low_bits = vec4(0u, 8u, 16u, 24u) + 4u * (k / 2u);
    let high_words = 4u * block + 32u + 8u * half;
    let high_bits = vec4(0u, 8u, 16u, 24u) + 2u * k;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let low = (vec4(word(low_words + i)) >> low_bits) & vec4(15u);
        let high = (vec4(word(high_words + i)) >> high_bits) & vec4(3u);
        elements[i] = scales[i / 4u] * (vec4<f32>((high << vec4(4u)) | low) - 32.0);
    }
    return elements;
}

// The same as bytes: q, with 32 · (d · s) to take off.
fn weights_bytes(unit: u32) -> UnitBytes {
    let block = block_of(unit);
    let u = unit % 8u;
    let scales = scales_of(unit);
    return UnitBytes(six_bits(block, u, 0u), six_bits(block, u, 1u), scales, 32.0 * scales);
}

// Four words of numbers, from word 4 · i of the unit on.
fn six_bits(block: u32, u: u32, i: u32) -> vec4<u32> {
    let k = u % 4u;
    let low = weights[block + 4u * (u / 4u) + 2u * (k % 2u) + i] >> vec4(4u * (k / 2u));
    let high = weights[block + 8u + 2u * (u / 4u) + i] >> vec4(2u * k);
    return (low & vec4(0x0f0f0f0fu)) | ((high & vec4(0x03030303u)) << vec4(4u));
}
