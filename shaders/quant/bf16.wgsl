// BF16 weights: the upper halves of f32 numbers, two in a word.
//
//   group   32 × bf16         16 words, 1 unit; element 2i in the low half of word i
//
// Source: GGUF tensors of type BF16. Host side: engine/src/quant/bf16.rs.
// Needs `weights` from the kernel it is joined to.

// The 32 elements of a unit, in order.
fn weights_unit(unit: u32) -> array<vec4<f32>, 8> {
    let first = 16u * unit;
    var elements = array<vec4<f32>, 8>();
    for (var i = 0u; i < 8u; i++) {
        let at = first + 2u * i;
        let pairs = vec2(word(at), word(at + 1u)).xxyy;
        elements[i] = bitcast<vec4<f32>>((pairs << vec4(16u, 0u, 16u, 0u)) & vec4(0xffff0000u));
    }
    return elements;
}
