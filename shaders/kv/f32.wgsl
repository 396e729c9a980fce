// KV cache entries as single floats, two words per pair of elements: exact, twice the memory.

const PAIR_WORDS = 2u;

fn pair_from_words(first: u32, second: u32) -> vec2<f32> {
    return vec2(bitcast<f32>(first), bitcast<f32>(second));
}

fn word_from_pair(pair: vec2<f32>, word: u32) -> u32 {
    return bitcast<u32>(pair[word]);
}
