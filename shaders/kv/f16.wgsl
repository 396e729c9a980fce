// KV cache entries as half floats, two elements per word; needs no shader-f16.

const KV_BLOCK = 2u;            // elements packed together
const KV_BLOCK_WORDS = 1u;

// The words that hold a pair of elements.
fn kv_first(pair: u32) -> u32 {
    return pair;
}

fn kv_second(pair: u32) -> u32 {
    return pair;
}

fn kv_pair(first: u32, second: u32, pair: u32) -> vec2<f32> {
    return unpack2x16float(first);
}

// Rounded to what a half float can hold, to the nearest and of two to the even one. How packing itself
// rounds is left to the device; with nothing left to round, all devices store the same.
fn to_half(value: f32) -> f32 {
    let bits = bitcast<u32>(value);
    return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}

// A word of a packed block.
fn kv_word(block: array<f32, KV_BLOCK>, word: u32) -> u32 {
    return pack2x16float(vec2(to_half(block[0]), to_half(block[1])));
}
