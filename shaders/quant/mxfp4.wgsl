// MXFP4 weights: 32 four-bit floats (E2M1) and one power of two (E8M0) as scale per block;
// w = 2^(e − 128) · (2 · value).
//
//   group   q₀…q₁₅ 4 words each │ e₀…e₁₅ 4 words          68 words, 16 units (16 blocks of 17 bytes)
//   byte i of q holds element i in its low nibble and element 16 + i in its high nibble
//
// Source: ggml block_mxfp4, dequantize_row_mxfp4. Host side: engine/src/quant/mxfp4.rs.
// Needs `weights` from the kernel it is joined to.

fn scale_of(unit: u32) -> f32 {
    let e = (weights[17u * (unit / 16u) + 16u][unit % 16u / 4u] >> (8u * (unit % 4u))) & 255u;
    return bitcast<f32>(select((e - 1u) << 23u, 0x00200000u << (e & 1u), e < 2u));
}

fn codes_of(unit: u32) -> vec4<u32> {
    return weights[17u * (unit / 16u) + unit % 16u];
}

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let d = scale_of(unit);
    let codes = codes_of(unit);
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 4u; i++) {
        let bytes = vec4(codes[i]) >> vec4(0u, 8u, 16u, 24u);
        elements[i] = d * values(bytes & vec4(15u));
        elements[i + 4u] = d * values((bytes >> vec4(4u)) & vec4(15u));
    }
    return elements;
}

// The same as bytes: twice the values plus 12, which is to be taken off again.
fn weights_bytes(unit: u32) -> UnitBytes {
    let d = scale_of(unit);
    let codes = codes_of(unit);
    return UnitBytes(values_plus_12(codes), values_plus_12(codes >> vec4(4u)), vec2(d), vec2(12.0 * d));
}

// Of the codes in the low nibbles. Sizes 0 1 2 3 4 6 8 12 are c + (c mod 4 from 4 on) + (2 for 7).
fn values_plus_12(codes: vec4<u32>) -> vec4<u32> {
    let ones = vec4(0x01010101u);
    let c = codes & vec4(0x07070707u);
    let from_4 = (c >> vec4(2u)) & ones;
    let is_7 = from_4 & (c >> vec4(1u)) & c;
    let sizes = c + (c & (3u * from_4)) + 2u * is_7;
    let is_negative = (codes >> vec4(3u)) & ones;
    return vec4(0x0c0c0c0cu) + sizes - 2u * (sizes & (255u * is_negative));
}

// Twice what four codes stand for: 0 1 2 3 4 6 8 12, one nibble each, with the sign in bit 3.
fn values(codes: vec4<u32>) -> vec4<f32> {
    let sizes = vec4<f32>((vec4(0xc8643210u) >> (4u * (codes & vec4(7u)))) & vec4(15u));
    return select(sizes, -sizes, codes >= vec4(8u));
}
