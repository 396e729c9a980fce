// Dot products in integers: each unit of 32 activations is rounded to bytes with a scale of its own,
// x[i] ≈ scale · byte[i], as llama.cpp does with Q8_0; four products then take one instruction.
// A workgroup prepares the activations its rows need in its own memory, STAGE_UNITS at a time:
//
//   stage_begin(); stage(…) …; stage_end();    every invocation must come here
//
// The kernel says where its activations are, by `activations_at`.

alias Unit = UnitBytes;

struct Activations {
    low: vec4<u32>,     // bytes 0…15
    high: vec4<u32>,    // bytes 16…31
    scale: f32,
    sums: vec2<f32>,    // scale · Σ byte of either half
}

const STAGE_UNITS = 256u;
const ONES = 0x01010101u;

var<workgroup> staged_bytes: array<vec4<u32>, 512>;     // (STAGE_UNITS, 2)
var<workgroup> staged_scales: array<vec4<f32>, 256>;    // (STAGE_UNITS): scale, two sums

fn stage_begin() {
    workgroupBarrier();
}

fn stage_end() {
    workgroupBarrier();
}

// Rounds `count` units, the first at `activations_at(source)`, into places from `place` on.
fn stage(local: u32, place: u32, source: u32, count: u32) {
    for (var i = local; i < count; i += 64u) {
        round_unit(place + i, source + 8u * i);
    }
}

fn round_unit(place: u32, source: u32) {
    let a = activations_at(source);
    let b = activations_at(source + 1u);
    let c = activations_at(source + 2u);
    let d = activations_at(source + 3u);
    let e = activations_at(source + 4u);
    let f = activations_at(source + 5u);
    let g = activations_at(source + 6u);
    let h = activations_at(source + 7u);
    let sizes = max(max(max(abs(a), abs(b)), max(abs(c), abs(d))), max(max(abs(e), abs(f)), max(abs(g), abs(h))));
    let largest = max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
    let steps = select(0.0, 127.0 / largest, largest > 1e-30);
    let scale = largest / 127.0;
    let low = vec4(bytes_of(a * steps), bytes_of(b * steps), bytes_of(c * steps), bytes_of(d * steps));
    let high = vec4(bytes_of(e * steps), bytes_of(f * steps), bytes_of(g * steps), bytes_of(h * steps));
    staged_bytes[2u * place] = low;
    staged_bytes[2u * place + 1u] = high;
    let sums = vec2(bytes_dot(low, vec4(ONES)), bytes_dot(high, vec4(ONES)));
    staged_scales[place] = vec4(scale, scale * vec2<f32>(sums), 0.0);
}

fn bytes_of(steps: vec4<f32>) -> u32 {
    return pack4xI8(vec4<i32>(round(steps)));
}

fn bytes_dot(a: vec4<u32>, b: vec4<u32>) -> i32 {
    return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

fn activations(place: u32, source: u32) -> Activations {
    let scales = staged_scales[place];
    return Activations(staged_bytes[2u * place], staged_bytes[2u * place + 1u], scales.x, scales.yz);
}

fn unit_at(unit: u32) -> Unit {
    return weights_bytes(unit);
}

fn unit_dot(unit: Unit, x: Activations) -> f32 {
    let products = vec2<f32>(vec2(bytes_dot(unit.low, x.low), bytes_dot(unit.high, x.high)));
    return x.scale * dot(unit.scales, products) - dot(unit.offsets, x.sums);
}
