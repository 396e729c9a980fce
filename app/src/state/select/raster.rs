//! Experts over time: when each expert of a layer was chosen, as a picture's cells and as numbers.

use super::super::Row;

/// In which order experts stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Index,
    /// The most chosen first.
    Load,
    /// As they come.
    FirstUse,
}

impl Order {
    pub const ALL: [Self; 3] = [Self::Index, Self::Load, Self::FirstUse];

    /// Its name in addresses and in the menu's values.
    pub fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Load => "load",
            Self::FirstUse => "first-use",
        }
    }
}

/// How one expert of a layer was used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExpertUse {
    pub expert: u16,
    pub times: u32,
    /// Sum of its weights; NaN where they were not recorded.
    pub weight: f64,
    /// Position that chose it first.
    pub first: Option<u32>,
}

/// Chosen experts of one layer at one position, with their weights; NaN where those were not recorded.
pub fn chosen(row: &Row, top_k: usize, layer: usize) -> impl Iterator<Item = (u16, f32)> {
    let slots = layer * top_k..(layer + 1) * top_k;
    let ids = row.ids().get(slots.clone()).unwrap_or_default();
    let weights = row.weights().get(slots).unwrap_or_default();
    let weight = |at: usize| weights.get(at).copied().unwrap_or(f32::NAN);
    ids.iter().enumerate().map(move |(at, id)| (*id, weight(at)))
}

/// Use of every expert of a layer, by index.
pub fn uses(rows: &[Option<Row>], n_experts: usize, top_k: usize, layer: usize) -> Vec<ExpertUse> {
    let mut uses: Vec<ExpertUse> = (0..n_experts)
        .map(|expert| ExpertUse {
            expert: expert as u16,
            ..ExpertUse::default()
        })
        .collect();
    for (position, row) in rows.iter().enumerate() {
        for (expert, weight) in row.iter().flat_map(|row| chosen(row, top_k, layer)) {
            if let Some(own) = uses.get_mut(usize::from(expert)) {
                own.times += 1;
                own.weight += f64::from(weight);
                own.first.get_or_insert(position as u32);
            }
        }
    }
    uses
}

/// Brings uses into an order; experts that are alike in it stay by index.
pub fn sort(uses: &mut [ExpertUse], order: Order) {
    match order {
        Order::Index => uses.sort_by_key(|own| own.expert),
        Order::Load => uses.sort_by_key(|own| std::cmp::Reverse(own.times)),
        Order::FirstUse => uses.sort_by_key(|own| own.first.unwrap_or(u32::MAX)),
    }
}

/// How positions are laid out on columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Position of the first column.
    pub from: usize,
    pub count: usize,
    /// Consecutive positions that share a column.
    pub positions_each: usize,
}

impl Columns {
    /// All of `positions`, on `least` to `most` columns. There is room for some more of them, so that
    /// a new token rarely changes the number.
    pub fn fit(positions: usize, least: usize, most: usize) -> Self {
        let room = (positions.next_power_of_two() / 8).max(1);
        let wanted = positions.div_ceil(room).max(1) * room;
        let positions_each = wanted.div_ceil(most);
        Self {
            from: 0,
            count: wanted.div_ceil(positions_each).max(least),
            positions_each,
        }
    }

    /// No more than it takes for so many positions.
    pub fn up_to(self, positions: usize) -> Self {
        let most = positions.div_ceil(self.positions_each).max(1);
        Self {
            count: self.count.min(most),
            ..self
        }
    }

    /// The column of a position.
    pub fn of(&self, position: usize) -> Option<usize> {
        let column = position.checked_sub(self.from)? / self.positions_each;
        (column < self.count).then_some(column)
    }

    /// The first position of a column.
    pub fn position(&self, column: usize) -> usize {
        self.from + column * self.positions_each
    }
}

/// Greatest weight of each expert in each column, in the order of `uses`; 0 where it was not chosen.
/// `(uses, columns)`
pub fn cells(
    rows: &[Option<Row>],
    uses: &[ExpertUse],
    top_k: usize,
    layer: usize,
    columns: Columns,
) -> Vec<f32> {
    let mut line_of = vec![0; uses.len()];
    for (line, own) in uses.iter().enumerate() {
        if let Some(place) = line_of.get_mut(usize::from(own.expert)) {
            *place = line;
        }
    }
    let mut cells = vec![0.0_f32; uses.len() * columns.count];
    let shown = columns.count * columns.positions_each;
    for (position, row) in rows.iter().enumerate().skip(columns.from).take(shown) {
        let (Some(row), Some(column)) = (row, columns.of(position)) else {
            continue;
        };
        for (expert, weight) in chosen(row, top_k, layer) {
            if let Some(line) = line_of.get(usize::from(expert)) {
                let cell = &mut cells[line * columns.count + column];
                // An expert of weight zero, or of one that is not known, was chosen all the same.
                *cell = cell.max(weight.max(f32::MIN_POSITIVE));
            }
        }
    }
    cells
}
