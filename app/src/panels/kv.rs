//! The KV cache as memory: a bar per layer, as long as what it reserves, filled as far as it is used.

use yew::{Html, html};

use super::figure::{Figure, figures};
use super::{focus::NOT_FED, nothing, panel};
use crate::format;
use crate::protocol::KvLayerFacts;
use crate::state::select::{self, Focus, Kv};

/// Height of one layer's bar in the picture, in its own units.
const BAR: usize = 10;

/// The panel.
pub fn kv(layers: &[KvLayerFacts], focus: Option<&Focus<'_>>) -> Html {
    let body = match focus {
        None => nothing(
            "Empty. Keys and values of every token will be kept here, so that later tokens can attend to them.",
        ),
        Some(Focus { row: None, .. }) => nothing(NOT_FED),
        Some(Focus { row: Some(row), .. }) => filled(&select::kv(row), layers),
    };
    panel("kv", "KV cache", Html::default(), body)
}

fn filled(kv: &Kv, layers: &[KvLayerFacts]) -> Html {
    let held: u64 = kv.held_bytes.iter().sum();
    let read: u64 = kv.read_bytes.iter().sum();
    html! {
        <>
            { picture(kv, layers, held) }
            { figures(&[
                Figure::counted("kv-positions", "Positions held", u64::from(kv.positions),
                    format!("{} of {}", format::count(u64::from(kv.positions)), format::count(u64::from(kv.capacity))),
                    "Keys and values of this many tokens are kept, so that later tokens can attend to them. The cache is made for as many as the context holds."),
                Figure::counted("kv-held-bytes", "Bytes held", held, format::bytes(held),
                    "Positions a layer holds × bytes per position, summed over the layers, just after this token was written. A layer with a sliding window or a convolution holds no more than its tokens still see, and some to go back to."),
                Figure::counted("kv-reserved-bytes", "Bytes reserved", kv.reserved_bytes, format::bytes(kv.reserved_bytes),
                    "What was set aside when the model was loaded: positions there is room for × bytes per position, summed over the layers."),
                Figure::counted("kv-growth-bytes", "Growth per token", kv.bytes_per_position, format::bytes(kv.bytes_per_position),
                    "What one more position adds, in the format the cache stores it, over the layers that still grow: one key and one value vector per KV head, or one latent."),
                Figure::counted("kv-read-bytes", "Read for this token", read, format::bytes(read),
                    "What this token reads of the positions it sees, its own included, summed over the layers."),
            ]) }
            { by_layer(kv, layers) }
        </>
    }
}

/// One bar per layer, as long as what it reserves, filled by what it holds.
fn picture(kv: &Kv, layers: &[KvLayerFacts], held: u64) -> Html {
    let largest = layers.iter().map(|layer| layer.reserved_bytes).max().unwrap_or(0);
    let share = |bytes: u64| {
        (1000.0 * bytes as f64 / (largest as f64).max(1.0))
            .min(1000.0)
            .to_string()
    };
    let n_layers = layers.len();
    let told = format!(
        "{} of {} reserved bytes are held over {n_layers} layers",
        format::bytes(held),
        format::bytes(kv.reserved_bytes)
    );
    let bar = |at: usize, class: &'static str, bytes: u64| {
        html! { <rect {class} x="0" y={(at * BAR).to_string()} width={share(bytes)} height={(BAR - 2).to_string()} /> }
    };
    html! {
        <svg class="kv-picture" role="img" aria-label={told} viewBox={format!("0 0 1000 {}", (n_layers * BAR).max(1))} preserveAspectRatio="none">
            { for layers.iter().enumerate().map(|(at, layer)| bar(at, "reserved", layer.reserved_bytes)) }
            { for kv.held_bytes.iter().enumerate().map(|(at, held)| bar(at, "held", *held)) }
        </svg>
    }
}

fn by_layer(kv: &Kv, layers: &[KvLayerFacts]) -> Html {
    let row = |(layer, (held, read)): (&KvLayerFacts, (&u64, &u64))| {
        html! {
            <tr key={layer.layer}><th scope="row">{ layer.layer }</th><td class="kind">{ layer.kind.clone() }</td><td>{ format::bytes(*held) }</td><td>{ format::bytes(*read) }</td></tr>
        }
    };
    html! {
        <details class="more">
            <summary>{ "By layer" }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ "layer" }</th><th scope="col">{ "keeps" }</th><th scope="col">{ "held" }</th><th scope="col">{ "read" }</th></tr></thead>
                <tbody>{ for layers.iter().zip(kv.held_bytes.iter().zip(&kv.read_bytes)).map(row) }</tbody>
            </table>
        </details>
    }
}
