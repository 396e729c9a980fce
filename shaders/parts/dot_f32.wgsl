// Dot products of weights with activations as they are: exact to f32 rounding.
// The kernel says where its activations are, by `activations_at`; nothing is prepared.

alias Unit = array<vec4<f32>, 8>;
alias Activations = u32;                // where a unit of them begins, in fours

const STAGE_UNITS = 0x1000000u;         // units that can be prepared at a time: no limit

fn stage_begin() {}

fn stage_end() {}

fn stage(local: u32, place: u32, source: u32, count: u32) {}

fn activations(place: u32, source: u32) -> Activations {
    return source;
}

fn unit_at(unit: u32) -> Unit {
    return weights_unit(unit);
}

fn unit_dot(unit: Unit, base: Activations) -> f32 {
    return dot(unit[0], activations_at(base))
        + dot(unit[1], activations_at(base + 1u))
        + dot(unit[2], activations_at(base + 2u))
        + dot(unit[3], activations_at(base + 3u))
        + dot(unit[4], activations_at(base + 4u))
        + dot(unit[5], activations_at(base + 5u))
        + dot(unit[6], activations_at(base + 6u))
        + dot(unit[7], activations_at(base + 7u));
}
