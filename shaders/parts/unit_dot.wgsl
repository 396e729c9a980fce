// The dot product of one decoded unit of 32 weights with 32 activations, which start at
// `activations_at(base)`; the kernel says where its activations are.

fn unit_dot(unit: array<vec4<f32>, 8>, base: u32) -> f32 {
    return dot(unit[0], activations_at(base))
        + dot(unit[1], activations_at(base + 1u))
        + dot(unit[2], activations_at(base + 2u))
        + dot(unit[3], activations_at(base + 3u))
        + dot(unit[4], activations_at(base + 4u))
        + dot(unit[5], activations_at(base + 5u))
        + dot(unit[6], activations_at(base + 6u))
        + dot(unit[7], activations_at(base + 7u));
}
