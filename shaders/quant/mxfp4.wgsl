// MXFP4 weights: 32 four-bit floats (E2M1) and one power of two (E8M0) as scale per block;
// w = 2^(e − 128) · (2 · value).
//
//   group   q₀ 4 words │ q₁ 4 │ q₂ 4 │ q₃ 4 │ e₀ e₁ e₂ e₃ 1 word
//                                                          17 words, 4 units (4 blocks of 17 bytes)
//   byte i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_mxfp4, dequantize_row_mxfp4. Host side: engine/src/quant/mxfp4.rs.
// Needs `weights: array<u32>` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let group = 17u * (unit / 4u);
    let which = unit % 4u;
    let e = (weights[group + 16u] >> (8u * which)) & 255u;
    let d = bitcast<f32>(select((e - 1u) << 23u, 0x00200000u << (e & 1u), e < 2u));
    let codes = group + 4u * which;
    var elements: array<vec4<f32>, 8>;
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(weights[codes + i]) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = d * values(bytes & vec4(15u));
        elements[i + 4u] = d * values((bytes >> vec4(4u)) & vec4(15u));
    }
    return elements;
}

// Twice what four codes stand for: 0 1 2 3 4 6 8 12, one nibble each, with the sign in bit 3.
fn values(codes: vec4<u32>) -> vec4<f32> {
    let sizes = vec4<f32>((vec4(0xc8643210u) >> (4u * (codes & vec4(7u)))) & vec4(15u));
    return select(sizes, -sizes, codes >= vec4(8u));
}
