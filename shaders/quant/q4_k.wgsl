// Q4_K weights: 256 four-bit numbers q in 8 units of 32, each with a 6-bit scale s and a 6-bit
// minimum m; w = (d · s) · q − (dmin · m).
//
//   group   d dmin 1 word │ scales 3 words │ q 32 words     36 words, 8 units (1 block of 144 bytes)
//   q       8 words per two units: low nibbles the even unit, high nibbles the odd one
//   scales  byte i      [ s₄₊ᵢ high 2 │ sᵢ 6 bits ]         i = 0…3
//           byte 4 + i  [ m₄₊ᵢ high 2 │ mᵢ 6 bits ]
//           byte 8 + i  [ m₄₊ᵢ low 4  │ s₄₊ᵢ low 4 ]
//
// Source: ggml block_q4_K, dequantize_row_q4_K. Host side: engine/src/quant/q4_k.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 36u * (unit / 8u);
    let sub_block = unit % 8u;
    let factors = unpack2x16float(weights[group]) * scale_and_min(group + 1u, sub_block);
    let quants = group + 4u + 8u * (sub_block / 2u);
    let nibbles = vec4(0u, 8u, 16u, 24u) + 4u * (sub_block % 2u);
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 8u; i++) {
        let q = (vec4(weights[quants + i]) >> nibbles) & vec4(15u);
        elements[i] = factors.x * vec4<f32>(q) - factors.y;
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
