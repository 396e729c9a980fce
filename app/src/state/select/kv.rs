//! The KV cache as memory: what every layer keeps of every position, at one moment of the run.
//!
//! What a layer keeps follows from its kind, from bytes the trace holds and from positions: a position
//! is in sight of the newest token, held though out of its sight, or let go. In sight, it is new with
//! this pass, computed earlier in its turn, or reused from the turns before.

use super::super::{Conversation, Row};
use super::raster::Columns;
use crate::protocol::KvLayerFacts;

/// What a layer keeps of earlier positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Keys and values of all.
    Full,
    /// Keys and values of the last ones.
    Window,
    /// One latent for keys and values of all heads.
    Latent,
    /// A state that later positions overwrite: of a short convolution, or a recurrence.
    State,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Full, Self::Window, Self::Latent, Self::State];

    /// By the words a layer's facts have for it.
    pub fn of(told: &str) -> Self {
        match told.split(' ').next() {
            Some("window") => Self::Window,
            Some("latent") => Self::Latent,
            Some("convolution" | "recurrent") => Self::State,
            _ => Self::Full,
        }
    }

    /// Its name in classes and in tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Window => "window",
            Self::Latent => "latent",
            Self::State => "state",
        }
    }
}

/// How far back a layer reaches, by the words its facts have for it.
pub fn reach(told: &str) -> Option<u32> {
    told.split(' ').find_map(|word| word.parse().ok())
}

/// What one layer holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Transformer block.
    pub layer: u32,
    pub kind: Kind,
    /// Bytes of one position.
    pub bytes_each: u64,
    /// Positions the newest token sees, its own included.
    pub seen: u32,
    /// Positions held.
    pub held: u32,
    /// Positions computed and no longer held.
    pub evicted: u32,
    pub reserved_bytes: u64,
}

/// How a position stands in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Not there yet.
    Empty,
    /// Computed once and overwritten since.
    Evicted,
    /// Held, but out of the newest token's sight.
    Unseen,
    /// Found in the cache when the turn began.
    Reused,
    /// Computed earlier in this turn.
    Computed,
    /// Computed in this very pass.
    New,
}

/// The cache just after one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// The newest position.
    pub position: u32,
    /// First position of its pass.
    pub pass_from: u32,
    /// Positions its turn found in the cache.
    pub reused: u32,
    pub layers: Vec<Layer>,
}

/// The cache at one row.
pub fn memory(facts: &[KvLayerFacts], conversation: &Conversation, row: &Row) -> Memory {
    let position = row.pass.first_position + row.index as u32;
    let holds = |mark: &super::super::Mark| mark.position == Some(position);
    let turn = conversation
        .turns
        .iter()
        .rev()
        .find(|turn| turn.marks().any(holds));
    let bytes = row.kv_held_bytes().iter().zip(row.kv_read_bytes());
    let layers = facts
        .iter()
        .zip(bytes)
        .map(|(facts, (held, read))| layer(facts, position, *held, *read));
    Memory {
        position,
        pass_from: row.pass.first_position,
        reused: turn.map_or(0, |turn| turn.reused),
        layers: layers.collect(),
    }
}

fn layer(facts: &KvLayerFacts, position: u32, held_bytes: u64, read_bytes: u64) -> Layer {
    let computed = position + 1;
    let reach = reach(&facts.kind).unwrap_or(u32::MAX);
    let seen = computed.min(reach).max(1);
    let bytes_each = read_bytes / u64::from(seen);
    let held = held_bytes.checked_div(bytes_each).unwrap_or_default();
    let held = u32::try_from(held).unwrap_or(computed).min(computed);
    Layer {
        layer: facts.layer,
        kind: Kind::of(&facts.kind),
        bytes_each,
        seen,
        held,
        evicted: computed - held,
        reserved_bytes: facts.reserved_bytes,
    }
}

impl Memory {
    /// How a position stands in a layer.
    pub fn cell(&self, layer: &Layer, position: u32) -> Cell {
        match position {
            p if p > self.position => Cell::Empty,
            p if p < layer.evicted => Cell::Evicted,
            p if self.position - p >= layer.seen => Cell::Unseen,
            p if p >= self.pass_from => Cell::New,
            p if p < self.reused => Cell::Reused,
            _ => Cell::Computed,
        }
    }

    /// Bytes a position takes in a layer.
    pub fn bytes(&self, layer: &Layer, position: u32) -> u64 {
        match self.cell(layer, position) {
            Cell::Empty | Cell::Evicted => 0,
            _ => layer.bytes_each,
        }
    }

    /// Every layer's cells; where positions share a column, the newest of them shows. `(layers, columns)`
    pub fn cells(&self, columns: Columns) -> Vec<Cell> {
        let newest = |column: usize| {
            let first = columns.position(column) as u32;
            let last = first + columns.positions_each as u32 - 1;
            if first > self.position {
                first
            } else {
                last.min(self.position)
            }
        };
        let line = |layer: &Layer| {
            (0..columns.count)
                .map(|column| self.cell(layer, newest(column)))
                .collect::<Vec<_>>()
        };
        self.layers.iter().flat_map(line).collect()
    }

    /// Cells of a kind over all layers, and their bytes.
    pub fn sum(&self, cell: Cell) -> (u64, u64) {
        let of = |layer: &Layer| {
            let positions = (0..=self.position)
                .filter(|position| self.cell(layer, *position) == cell)
                .count() as u64;
            (positions, positions * layer.bytes_each)
        };
        self.layers
            .iter()
            .map(of)
            .fold((0, 0), |(cells, bytes), (more, more_bytes)| {
                (cells + more, bytes + more_bytes)
            })
    }

    /// Layers of each kind there is, with the bytes they hold and what one more position adds.
    pub fn by_kind(&self) -> Vec<(Kind, u32, u64, u64)> {
        let sum = |kind: Kind| {
            let layers = self.layers.iter().filter(move |layer| layer.kind == kind);
            let held = layers
                .clone()
                .map(|layer| u64::from(layer.held) * layer.bytes_each)
                .sum();
            let grows = |layer: &&Layer| {
                u64::from(layer.held + 1) * layer.bytes_each <= layer.reserved_bytes && layer.evicted == 0
            };
            let growth = layers.clone().filter(grows).map(|layer| layer.bytes_each).sum();
            (kind, layers.count() as u32, held, growth)
        };
        Kind::ALL
            .into_iter()
            .map(sum)
            .filter(|(_, layers, ..)| *layers > 0)
            .collect()
    }
}
