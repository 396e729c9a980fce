//! Every position of every layer as a cell, and the same by kind of layer and by layer in numbers.

use yew::{Callback, Html, Properties, component, html, use_state_eq};

use crate::format;
use crate::panels::picture::{Axis, Canvas, Frame, Move, NONE, Picture};
use crate::panels::{Dispatch, table};
use crate::protocol::KvLayerFacts;
use crate::same::Same;
use crate::state::Action;
use crate::state::select::Kv;
use crate::state::select::kv::{Cell, Layer, Memory};
use crate::state::select::raster::Columns;
use crate::words::words;

/// Most columns drawn, and fewest: the first positions keep a readable width.
const COLUMNS: usize = 512;
const FEWEST_COLUMNS: usize = 64;

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

/// What is drawn.
#[derive(Clone, PartialEq, Properties)]
pub struct CellsProps {
    pub memory: Memory,
    /// Positions that were computed so far; a scrub does not change the scale.
    pub positions: usize,
    pub capacity: u32,
    pub dispatch: Dispatch,
}

/// The picture, its legend, and what stands in a cell: under the pointer, or of the selected token.
#[component]
pub fn Cells(props: &CellsProps) -> Html {
    let words = &words().kv;
    let CellsProps {
        memory,
        positions,
        capacity,
        dispatch,
    } = props;
    let capacity = *capacity;
    let hovered = use_state_eq(|| None);
    let onhover = {
        let hovered = hovered.clone();
        Callback::from(move |cell| hovered.set(cell))
    };
    let columns = Columns::fit(*positions, FEWEST_COLUMNS, COLUMNS).up_to(capacity as usize);
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
                <Canvas picture={Same(picture)} class="raster kv-cells" {axes} {label} frames={frame.into_iter().collect::<Vec<_>>()} {onpick} {onmove} {onhover} />
            </div>
            { told(memory, columns, *hovered) }
            <p class="legend kinds">
                { for legend.iter().map(|(cell, title)| html! { <span><i class={format!("swatch s{}", shade(*cell))}></i>{ *title }</span> }) }
                <span><i class="swatch empty"></i>{ words.empty_cell }</span>
                <span>{ words.cells_axes }</span>
            </p>
            { of_token(memory) }
        </>
    }
}

/// One cell in words: which, what it is, how many bytes.
fn told(memory: &Memory, columns: Columns, hovered: Option<(usize, usize)>) -> Html {
    let words = &words().kv;
    let cell = hovered.and_then(|(column, line)| {
        let position = u32::try_from(columns.position(column)).ok()?;
        let layer = memory.layers.get(line)?;
        let (cell, bytes) = (memory.cell(layer, position), memory.bytes(layer, position));
        let text = (words.cell_told)(layer.layer, position, title(cell), &format::bytes(bytes));
        Some((position, bytes, text))
    });
    let (position, bytes, text) = cell.unwrap_or_else(|| {
        let position = memory.position;
        let bytes = memory
            .layers
            .iter()
            .map(|layer| memory.bytes(layer, position))
            .sum();
        let layers = memory.layers.len() as u64;
        (
            position,
            bytes,
            (words.token_told)(position, layers, &format::bytes(bytes)),
        )
    });
    html! { <p class="note cell-told" data-position={position.to_string()} data-bytes={bytes.to_string()}>{ text }</p> }
}

/// What a cell is called.
fn title(cell: Cell) -> &'static str {
    let words = &words().kv;
    match cell {
        Cell::Empty => words.empty_cell,
        Cell::Evicted => words.evicted,
        Cell::Unseen => words.unseen,
        Cell::Reused => words.reused,
        Cell::Computed => words.computed,
        Cell::New => words.new,
    }
}

/// The cells of the selected token, layer by layer, as a table.
fn of_token(memory: &Memory) -> Html {
    let words = &words().kv;
    let position = memory.position;
    let row = |layer: &Layer| {
        [
            layer.layer.to_string(),
            title(memory.cell(layer, position)).to_owned(),
            format::bytes(memory.bytes(layer, position)),
        ]
    };
    let heads = [words.layer, words.cell_state, words.bytes_each];
    table::folded(
        &(words.cells_of_token)(position),
        &heads,
        memory.layers.iter().map(row),
    )
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
                <th scope="row" data-head={words.layer}>{ own.layer }</th><td class="kind" data-head={words.keeps}>{ super::kind(facts) }</td><td data-head={words.bytes_each}>{ format::bytes(own.bytes_each) }</td><td data-head={words.layer_held}>{ format::bytes(*held) }</td>
                <td data-head={words.layer_read}>{ format::bytes(*read) }</td><td data-head={words.seen_column}>{ format::count(u64::from(own.seen)) }</td><td data-head={words.evicted_column}>{ format::count(u64::from(own.evicted)) }</td>
            </tr>
        }
    };
    let layers = facts.iter().zip(&memory.layers);
    html! {
        <details class="more" open={memory.layers.len() <= 12}>
            <summary>{ words.by_layer }</summary>
            <div class="wide"><table class="numbers stacks">
                <thead><tr><th scope="col">{ words.layer }</th><th scope="col">{ words.keeps }</th><th scope="col">{ words.bytes_each }</th><th scope="col">{ words.layer_held }</th>
                    <th scope="col">{ words.layer_read }</th><th scope="col">{ words.seen_column }</th><th scope="col">{ words.evicted_column }</th></tr></thead>
                <tbody>{ for layers.zip(kv.held_bytes.iter().zip(&kv.read_bytes)).map(row) }</tbody>
            </table></div>
        </details>
    }
}
