// F16 weights: IEEE half precision, two in a word. Needs no shader-f16.
//
//   group   32 × f16          16 words, 1 unit; element 2i in the low half of word i
//
// Source: GGUF tensors of type F16. Host side: engine/src/quant/f16.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let first = 16u * unit;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let at = first + 2u * i;
        elements[i] = vec4(unpack2x16float(word(at)), unpack2x16float(word(at + 1u)));
    }
    return elements;
}
