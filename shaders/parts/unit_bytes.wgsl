// What weight formats share: the words of a matrix, and a unit of 32 weights as bytes, for dot products
// in integers. Bytes may be signed or below 128: w[i] = scales[h] · byte[i] − offsets[h], where
// h = i / 16 is the half that element i is in.
// Needs `weights: array<vec4<u32>>` from the kernel it is joined to.

struct UnitBytes {
    low: vec4<u32>,         // bytes 0…15
    high: vec4<u32>,        // bytes 16…31
    scales: vec2<f32>,
    offsets: vec2<f32>,
}

// One word of the matrix, for formats whose parts do not begin at fours.
fn word(index: u32) -> u32 {
    return weights[index / 4u][index % 4u];
}
