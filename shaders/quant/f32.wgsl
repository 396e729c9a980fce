// F32 weights: plain numbers.
//
//   group   32 × f32          32 words, 1 unit
//
// Source: GGUF tensors of type F32. Host side: engine/src/quant/f32.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let first = 8u * unit;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        elements[i] = bitcast<vec4<f32>>(weights[first + i]);
    }
    return elements;
}
