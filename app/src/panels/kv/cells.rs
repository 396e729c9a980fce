//! Every position of every layer as a cell, and the same by kind of layer and by layer in numbers.

use yew::{Callback, Html, html};

use crate::format;
use crate::panels::Dispatch;
use crate::panels::picture::{Axis, Canvas, Frame, Move, NONE, Picture};
use crate::protocol::KvLayerFacts;
use crate::same::Same;
use crate::state::Action;
use crate::state::select::Kv;
use crate::state::select::kv::{Cell, Layer, Memory};
use crate::state::select::raster::Columns;
use crate::words::words;

/// Most columns drawn.
const COLUMNS: usize = 512;

/// The shade of a cell: the newer, the darker.
fn shade(cell: Cell) -> u8 {
    match cell {
        Cell::Empty => NONE,
        Cell::Evicted => 0,
        Cell::Unseen => 2,
        Cell::Reused => 4,
        Cell::Computed => 6,
        Cell::New => 9,
    }
}

/// The picture and its legend.
pub fn picture(memory: &Memory, capacity: u32, dispatch: &Dispatch) -> Html {
    let words = &words().kv;
    let positions_each = (capacity as usize).div_ceil(COLUMNS).max(1);
    let columns = Columns {
        from: 0,
        count: (capacity as usize).div_ceil(positions_each),
        positions_each,
    };
    let cells = memory.cells(columns);
    let picture = Picture::new(columns.count, cells.into_iter().map(shade));
    let frame = columns.of(memory.position as usize).map(|column| Frame {
        column,
        line: 0,
        columns: 1,
        lines: memory.layers.len(),
    });
    let label = (words.cells)(
        u64::from(memory.position) + 1,
        u64::from(capacity),
        memory.layers.len() as u64,
    );
    let newest = memory.position;
    let onpick = dispatch.reform(move |(column, _): (usize, usize)| {
        Action::Selected(u32::try_from(columns.position(column)).ok())
    });
    let onmove: Callback<Move> = dispatch.reform(move |to| match to {
        Move::Columns(by) | Move::Lines(by) => Action::Stepped(by),
        Move::First => Action::Selected(Some(0)),
        Move::Last | Move::Leave => Action::Selected(None),
        Move::Pin => Action::Selected(Some(newest)),
    });
    let position = |column: usize| format::count(columns.position(column) as u64);
    let axes = (
        Axis::new(memory.layers.len(), |line| memory.layers[line].layer.to_string()),
        Axis::new(columns.count, position),
    );
    let legend = [
        (Cell::New, words.new),
        (Cell::Computed, words.computed),
        (Cell::Reused, words.reused),
        (Cell::Unseen, words.unseen),
        (Cell::Evicted, words.evicted),
    ];
    html! {
        <>
            <h3>{ words.cells_title }</h3>
            <div class="cells-of-layers">
                { lanes(memory) }
                <Canvas picture={Same(picture)} class="raster kv-cells" {axes} {label} frames={frame.into_iter().collect::<Vec<_>>()} {onpick} {onmove} />
            </div>
            <p class="legend kinds">
                { for legend.iter().map(|(cell, title)| html! { <span><i class={format!("swatch s{}", shade(*cell))}></i>{ *title }</span> }) }
                <span><i class="swatch empty"></i>{ words.empty_cell }</span>
                <span>{ words.cells_axes }</span>
            </p>
        </>
    }
}

/// The kind of each line, beside the picture.
fn lanes(memory: &Memory) -> Html {
    let lane = |(at, layer): (usize, &Layer)| {
        html! { <rect class={format!("lane {}", layer.kind.name())} x="0" y={at.to_string()} width="1" height="1" /> }
    };
    html! {
        <svg class="lanes" viewBox={format!("0 0 1 {}", memory.layers.len().max(1))} preserveAspectRatio="none" aria-hidden="true">{ for memory.layers.iter().enumerate().map(lane) }</svg>
    }
}

/// Full, windowed, latent and recurrent layers apart.
pub fn kinds(memory: &Memory) -> Html {
    let words = &words().kv;
    let row = |(kind, layers, held, growth): (_, u32, u64, u64)| {
        let kind: crate::state::select::kv::Kind = kind;
        html! {
            <tr key={kind.name()} data-kind={kind.name()} data-held={held.to_string()}>
                <th scope="row"><i class={format!("swatch lane {}", kind.name())}></i>{ words.kinds[kind as usize] }</th>
                <td>{ layers }</td><td>{ format::bytes(held) }</td><td>{ format::bytes(growth) }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ words.kinds_title }</h3>
            <table class="numbers">
                <thead><tr><th scope="col">{ words.kind }</th><th scope="col">{ words.layers_column }</th><th scope="col">{ words.layer_held }</th><th scope="col">{ words.growth_column }</th></tr></thead>
                <tbody>{ for memory.by_kind().into_iter().map(row) }</tbody>
            </table>
        </>
    }
}

/// Each layer in numbers.
pub fn by_layer(kv: &Kv, facts: &[KvLayerFacts], memory: &Memory) -> Html {
    let words = &words().kv;
    let row = |((facts, own), (held, read)): ((&KvLayerFacts, &Layer), (&u64, &u64))| {
        html! {
            <tr key={own.layer} data-layer={own.layer.to_string()} data-evicted={own.evicted.to_string()}>
                <th scope="row">{ own.layer }</th><td class="kind">{ facts.kind.clone() }</td><td>{ format::bytes(own.bytes_each) }</td><td>{ format::bytes(*held) }</td>
                <td>{ format::bytes(*read) }</td><td>{ format::count(u64::from(own.seen)) }</td><td>{ format::count(u64::from(own.evicted)) }</td>
            </tr>
        }
    };
    let layers = facts.iter().zip(&memory.layers);
    html! {
        <details class="more" open={memory.layers.len() <= 12}>
            <summary>{ words.by_layer }</summary>
            <div class="wide"><table class="numbers">
                <thead><tr><th scope="col">{ words.layer }</th><th scope="col">{ words.keeps }</th><th scope="col">{ words.bytes_each }</th><th scope="col">{ words.layer_held }</th>
                    <th scope="col">{ words.layer_read }</th><th scope="col">{ words.seen_column }</th><th scope="col">{ words.evicted_column }</th></tr></thead>
                <tbody>{ for layers.zip(kv.held_bytes.iter().zip(&kv.read_bytes)).map(row) }</tbody>
            </table></div>
        </details>
    }
}
