// KV cache entries as single floats: exact, twice the memory.

const KV_BLOCK = 2u;            // elements packed together
const KV_BLOCK_WORDS = 2u;

// The words that hold a pair of elements.
fn kv_first(pair: u32) -> u32 {
    return 2u * pair;
}

fn kv_second(pair: u32) -> u32 {
    return 2u * pair + 1u;
}

fn kv_pair(first: u32, second: u32, pair: u32) -> vec2<f32> {
    return vec2(bitcast<f32>(first), bitcast<f32>(second));
}

// A word of a packed block.
fn kv_word(block: array<f32, KV_BLOCK>, word: u32) -> u32 {
    return bitcast<u32>(select(block[1], block[0], word == 0u));
}
