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
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 36u * (unit / 8u);
    let sub_block = unit % 8u;
    let header = weights[group / 4u];
    let factors = unpack2x16float(header.x) * scale_and_min(header, sub_block);
    let quants = group + 4u + 8u * (sub_block / 2u);
    let nibbles = vec4(0u, 8u, 16u, 24u) + 4u * (sub_block % 2u);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let q = (vec4(word(quants + i)) >> nibbles) & vec4(15u);
        elements[i] = factors.x * vec4<f32>(q) - factors.y;
    }
    return elements;
}

// The same as bytes: q, with the minimum to take off.
fn weights_bytes(unit: u32) -> UnitBytes {
    let group = 36u * (unit / 8u);
    let sub_block = unit % 8u;
    let header = weights[group / 4u];
    let factors = unpack2x16float(header.x) * scale_and_min(header, sub_block);
    let q = group / 4u + 1u + 2u * (sub_block / 2u);
    let shift = vec4(4u * (sub_block % 2u));
    let nibbles = vec4(0x0f0f0f0fu);
    let low = weights[q] >> shift;
    let high = weights[q + 1u] >> shift;
    return UnitBytes(low & nibbles, high & nibbles, factors.xx, factors.yy);
}

// The two 6-bit numbers of a sub-block, from the 12 bytes after the first word.
fn scale_and_min(header: vec4<u32>, sub_block: u32) -> vec2<f32> {
    let bytes = header.yzw >> vec3(8u * (sub_block % 4u));
    let low = bytes.xy & vec2(63u);
    let high = (vec2(bytes.z, bytes.z >> 4u) & vec2(15u)) | ((bytes.xy >> vec2(2u)) & vec2(48u));
    return vec2<f32>(select(high, low, sub_block < 4u));
}
