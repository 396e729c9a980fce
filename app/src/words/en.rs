//! English.

use super::{Alert, Composer, Direction, Kv, Numbers, Views, Words};
use crate::format::count;

/// `1 token`, `2 tokens`.
fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

pub static WORDS: Words = Words {
    tag: "en",
    name: "English",
    direction: Direction::LeftToRight,
    numbers: Numbers {
        decimal: ".",
        group: "\u{202f}",
        byte: "B",
        bit: "bit",
        tokens: |number| plural(number, "token", "tokens"),
        positions: |number| plural(number, "position", "positions"),
        layers: |number| plural(number, "layer", "layers"),
        of: |part, whole| format!("{part} of {whole}"),
    },
    alert: Alert { dismiss: "Dismiss" },
    composer: Composer {
        prompt: "Prompt",
        placeholder: "Ask something",
        send: "Send",
        stop: "Stop",
        new_chat: "New chat",
        sampling: "Sampling",
        editing: "You are writing an earlier message anew. What follows it is kept as an earlier version.",
        leave: "Leave it as it was",
        full: "The context is full: the KV cache has no room for another token. Start a new chat to go on.",
        model_is_loading: "the model is loading; write meanwhile",
        reading: "reading the prompt…",
        reading_of: |done, total| {
            format!(
                "reading the prompt: {} of {}",
                count(done),
                plural(total, "token", "tokens")
            )
        },
        writing: "writing…",
        stopping: "stopping…",
    },
    kv: Kv {
        title: "KV cache",
        empty: "Empty. Keys and values of every token will be kept here, so that later tokens can attend to them.",
        positions: "Positions held",
        positions_story: "Keys and values of this many tokens are kept, so that later tokens can attend to them. The cache is made for as many as the context holds.",
        held: "Bytes held",
        held_story: "Positions a layer holds × bytes per position, summed over the layers, just after this token was written. A layer with a sliding window or a convolution holds no more than its tokens still see, and some to go back to.",
        reserved: "Bytes reserved",
        reserved_story: "What was set aside when the model was loaded: positions there is room for × bytes per position, summed over the layers.",
        growth: "Growth per token",
        growth_story: "What one more position adds, in the format the cache stores it, over the layers that still grow: one key and one value vector per KV head, or one latent.",
        read: "Read for this token",
        read_story: "What this token reads of the positions it sees, its own included, summed over the layers.",
        picture: |held, reserved, layers| {
            format!(
                "{held} of {reserved} reserved are held over {}",
                plural(layers, "layer", "layers")
            )
        },
        by_layer: "By layer",
        layer: "layer",
        keeps: "keeps",
        layer_held: "held",
        layer_read: "read",
    },
    views: Views {
        navigation: "Views",
        overview: "Overview",
        economics_group: "Economics",
        experts_group: "Experts",
        memory_group: "Memory",
        plan_group: "Cost",
        time_group: "Time",
        cost: "This token",
        experts: "This token",
        kv: "KV cache",
        prediction: "Prediction",
        raster: "One layer",
    },
};
