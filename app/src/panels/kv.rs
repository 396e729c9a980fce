//! The KV cache as memory: positions along, layers down, filled as far as the sequence reaches.

use yew::{Html, html};

use super::figure::{Figure, figures};
use super::{focus::NOT_FED, nothing, panel};
use crate::format;
use crate::state::select::{self, Focus, Kv};

/// Height of one layer's bar in the picture, in its own units.
const BAR: usize = 10;

/// The panel.
pub fn kv(focus: Option<&Focus<'_>>) -> Html {
    let body = match focus {
        None => nothing(
            "Empty. Keys and values of every token will be kept here, so that later tokens can attend to them.",
        ),
        Some(Focus { row: None, .. }) => nothing(NOT_FED),
        Some(Focus { row: Some(row), .. }) => filled(&select::kv(row)),
    };
    panel("kv", "KV cache", Html::default(), body)
}

fn filled(kv: &Kv) -> Html {
    let held: u64 = kv.held_bytes.iter().sum();
    let read: u64 = kv.read_bytes.iter().sum();
    html! {
        <>
            { picture(kv, held) }
            { figures(&[
                Figure::counted("kv-positions", "Positions held", u64::from(kv.positions),
                    format!("{} of {}", format::count(u64::from(kv.positions)), format::count(u64::from(kv.capacity))),
                    "Keys and values of this many tokens are kept, so that later tokens can attend to them. The cache is made for as many as the context holds."),
                Figure::counted("kv-held-bytes", "Bytes held", held, format::bytes(held),
                    "Positions held × bytes per position, summed over the layers, just after this token was written."),
                Figure::counted("kv-reserved-bytes", "Bytes reserved", kv.reserved_bytes, format::bytes(kv.reserved_bytes),
                    "What was set aside when the model was loaded: positions of the context × bytes per position."),
                Figure::counted("kv-growth-bytes", "Growth per token", kv.bytes_per_position, format::bytes(kv.bytes_per_position),
                    "One key and one value vector per KV head in every layer, in the format the cache stores them."),
                Figure::counted("kv-read-bytes", "Read for this token", read, format::bytes(read),
                    "Attention of this token reads the keys and values of every position up to its own, in every layer."),
            ]) }
            { by_layer(kv) }
        </>
    }
}

fn picture(kv: &Kv, held: u64) -> Html {
    let layers = kv.held_bytes.len();
    let per_layer = kv.reserved_bytes as f64 / layers.max(1) as f64;
    let share = |bytes: u64| {
        (1000.0 * bytes as f64 / per_layer.max(1.0))
            .min(1000.0)
            .to_string()
    };
    let told = format!(
        "{} of {} reserved bytes are held over {layers} layers",
        format::bytes(held),
        format::bytes(kv.reserved_bytes)
    );
    let bar = |(at, &bytes): (usize, &u64)| {
        html! {
            <rect class="held" x="0" y={(at * BAR).to_string()} width={share(bytes)} height={(BAR - 2).to_string()} />
        }
    };
    html! {
        <svg class="kv-picture" role="img" aria-label={told} viewBox={format!("0 0 1000 {}", (layers * BAR).max(1))} preserveAspectRatio="none">
            { for (0..layers).map(|at| html! { <rect class="reserved" x="0" y={(at * BAR).to_string()} width="1000" height={(BAR - 2).to_string()} /> }) }
            { for kv.held_bytes.iter().enumerate().map(bar) }
        </svg>
    }
}

fn by_layer(kv: &Kv) -> Html {
    let row = |(layer, (held, read)): (usize, (&u64, &u64))| {
        html! {
            <tr key={layer}><th scope="row">{ layer }</th><td>{ format::bytes(*held) }</td><td>{ format::bytes(*read) }</td></tr>
        }
    };
    html! {
        <details class="more">
            <summary>{ "By layer" }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ "layer" }</th><th scope="col">{ "held" }</th><th scope="col">{ "read" }</th></tr></thead>
                <tbody>{ for kv.held_bytes.iter().zip(&kv.read_bytes).enumerate().map(row) }</tbody>
            </table>
        </details>
    }
}
