//! The KV cache as memory: in the overview a bar per layer, as long as what it reserves, filled as far
//! as it is used; at full size every position of every layer.

mod attention;
mod cells;

use yew::{Html, html};

use super::figure::{Figure, figures};
use super::views::Scene;
use super::{not_fed, not_recorded, nothing, panel};
use crate::format;
use crate::protocol::KvLayerFacts;
use crate::state::Row;
use crate::state::select::kv::{self, Cell, Memory};
use crate::state::select::{self, Focus, Kv};
use crate::words::words;

/// Height of one layer's bar in the picture, in its own units.
const BAR: usize = 10;

/// The view at full size.
pub fn view(scene: &Scene<'_>) -> Html {
    kv(scene, |row, layers| {
        let kv = select::kv(row);
        let memory = kv::memory(layers, &scene.state.conversation, row);
        html! {
            <>
                { picture(&kv, layers, kv.held_bytes.iter().sum()) }
                <cells::Cells memory={memory.clone()} positions={scene.state.conversation.rows.len()} capacity={kv.capacity} dispatch={scene.hands.dispatch.clone()} />
                { figures(&totals(&kv)) }
                { figures(&fill(&kv, &memory)) }
                { attention::view(scene, memory.position) }
                { cells::kinds(&memory) }
                { cells::by_layer(&kv, layers, &memory) }
            </>
        }
    })
}

/// Its part of the overview.
pub fn brief(scene: &Scene<'_>) -> Html {
    kv(scene, |row, layers| {
        let kv = select::kv(row);
        let mut first = totals(&kv);
        let rest = first.split_off(2);
        html! {
            <>
                { picture(&kv, layers, kv.held_bytes.iter().sum()) }
                { figures(&first) }
                <details class="more"><summary>{ words().figure.more }</summary>{ figures(&rest) }{ by_layer(&kv, layers) }</details>
            </>
        }
    })
}

fn kv(scene: &Scene<'_>, filled: impl Fn(&Row, &[KvLayerFacts]) -> Html) -> Html {
    let words = &words().kv;
    let model = scene.state.model.as_ref();
    let layers = model.map_or(&[][..], |model| &model.facts.kv_layers);
    let body = match &scene.focus {
        None => nothing(words.empty),
        Some(Focus { row: None, .. }) => not_fed(),
        Some(Focus { row: Some(row), .. }) if row.kv_held_bytes().is_empty() => not_recorded(),
        Some(Focus { row: Some(row), .. }) => filled(row, layers),
    };
    panel("kv", words.title, Html::default(), body)
}

/// What would fill the cache, and what each part of it is.
fn fill(kv: &Kv, memory: &Memory) -> Vec<Figure> {
    let words = &words().kv;
    let left = kv.capacity.saturating_sub(kv.positions);
    let full = u64::from(kv.capacity);
    let mut figures = vec![
        Figure::counted(
            "kv-room",
            words.room,
            u64::from(left),
            (self::words().numbers.positions)(u64::from(left)),
            words.room_story,
        ),
        Figure::counted(
            "kv-full-at",
            words.full_at,
            full,
            (self::words().numbers.tokens)(full),
            (words.full_at_story)(&format::bytes(kv.reserved_bytes)),
        ),
    ];
    let cells = [
        (Cell::New, "kv-new", words.new, words.new_story),
        (Cell::Reused, "kv-reused", words.reused, words.reused_story),
        (Cell::Unseen, "kv-unseen", words.unseen, words.unseen_story),
        (Cell::Evicted, "kv-evicted", words.evicted, words.evicted_story),
    ];
    figures.extend(cells.map(|(cell, name, label, story)| {
        let (_, bytes) = memory.sum(cell);
        Figure::counted(name, label, bytes, format::bytes(bytes), story)
    }));
    figures
}

fn totals(kv: &Kv) -> Vec<Figure> {
    let texts = &words().kv;
    let held: u64 = kv.held_bytes.iter().sum();
    let read: u64 = kv.read_bytes.iter().sum();
    let positions = (words().numbers.of)(
        &format::count(u64::from(kv.positions)),
        &format::count(u64::from(kv.capacity)),
    );
    let counted =
        |name, label, bytes, story| Figure::counted(name, label, bytes, format::bytes(bytes), story);
    vec![
        Figure::counted(
            "kv-positions",
            texts.positions,
            u64::from(kv.positions),
            positions,
            texts.positions_story,
        ),
        counted("kv-held-bytes", texts.held, held, texts.held_story),
        counted(
            "kv-reserved-bytes",
            texts.reserved,
            kv.reserved_bytes,
            texts.reserved_story,
        ),
        counted(
            "kv-growth-bytes",
            texts.growth,
            kv.bytes_per_position,
            texts.growth_story,
        ),
        counted("kv-read-bytes", texts.read, read, texts.read_story),
    ]
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
    let told = (words().kv.picture)(
        &format::bytes(held),
        &format::bytes(kv.reserved_bytes),
        n_layers as u64,
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
            <tr key={layer.layer}><th scope="row">{ layer.layer }</th><td class="kind">{ kind(layer) }</td><td>{ format::bytes(*held) }</td><td>{ format::bytes(*read) }</td></tr>
        }
    };
    let words = &words().kv;
    html! {
        <details class="more">
            <summary>{ words.by_layer }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ words.layer }</th><th scope="col">{ words.keeps }</th><th scope="col">{ words.layer_held }</th><th scope="col">{ words.layer_read }</th></tr></thead>
                <tbody>{ for layers.iter().zip(kv.held_bytes.iter().zip(&kv.read_bytes)).map(row) }</tbody>
            </table>
        </details>
    }
}

/// What a layer keeps, in the visitor's language.
fn kind(facts: &KvLayerFacts) -> String {
    let name = words().kv.kinds[kv::Kind::of(&facts.kind) as usize];
    match kv::reach(&facts.kind) {
        Some(positions) => (words().worker.reaching)(name, positions),
        None => name.to_owned(),
    }
}
