// KV cache entries as half floats, two elements per word; needs no shader-f16.

const PAIR_WORDS = 1u;

fn pair_from_words(first: u32, second: u32) -> vec2<f32> {
    return unpack2x16float(first);
}

fn word_from_pair(pair: vec2<f32>, word: u32) -> u32 {
    return pack2x16float(pair);
}
