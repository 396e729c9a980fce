// KV cache entries as bytes with one scale for 32 of them: a word of scale, then eight of four signed
// bytes each. Little more than half the memory of half floats.

const KV_BLOCK = 32u;           // elements packed together
const KV_BLOCK_WORDS = 9u;

// The words that hold a pair of elements: the block's scale, and the bytes.
fn kv_first(pair: u32) -> u32 {
    return pair / 16u * KV_BLOCK_WORDS;
}

fn kv_second(pair: u32) -> u32 {
    return kv_first(pair) + 1u + pair % 16u / 2u;
}

fn kv_pair(first: u32, second: u32, pair: u32) -> vec2<f32> {
    let bytes = bitcast<i32>(second);
    let at = pair % 2u * 16u;
    return bitcast<f32>(first) * vec2(f32(extractBits(bytes, at, 8u)), f32(extractBits(bytes, at + 8u, 8u)));
}

// A word of a packed block.
fn kv_word(block: array<f32, KV_BLOCK>, word: u32) -> u32 {
    var values = block;
    var largest = 0.0;
    for (var i = 0u; i < KV_BLOCK; i++) {
        largest = max(largest, abs(values[i]));
    }
    let scale = largest / 127.0;
    if (word == 0u) {
        return bitcast<u32>(scale);
    }
    var bytes = 0u;
    for (var i = 0u; i < 4u; i++) {
        let value = values[4u * (word - 1u) + i];
        let rounded = select(0.0, round(value / scale), scale > 0.0);
        bytes |= (bitcast<u32>(i32(rounded)) & 0xffu) << (8u * i);
    }
    return bytes;
}
